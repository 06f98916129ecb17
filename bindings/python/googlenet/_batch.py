"""Images of exactly the network's size, as the C library takes them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _declarations as c
from ._arguments import address, is_array, is_list
from ._errors import ArgumentTypeError, CancelledError, InvalidArgumentError, cancelled, error_for
from ._library import last_message
from ._picture import is_picture_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._handles import Handles

# Images go to the C library in parts that take about this long, for Python sees signals (Ctrl-C) only between them.
_SECONDS_OF_A_PART = 0.05


class Batch:
    """Pixels or tensors as gln_batch structs, kept alive."""

    def __init__(self, batch: object, channels: int, height: int, width: int) -> None:
        images = _stack(batch) if is_list(batch) else batch
        if not is_array(images):
            raise ArgumentTypeError(
                f"batch is a {type(images).__name__}: an array or a list of arrays, {_needed(channels, height, width)}"
            )
        dtype: np.dtype[Any] = images.dtype
        kind, shape = _kind(dtype, channels, height, width)
        if images.ndim == 3:
            images = images[np.newaxis]
        if images.ndim != 4 or images.shape[1:] != shape:
            raise InvalidArgumentError(
                f"batch is an array of {dtype} of shape {images.shape}: {_needed(channels, height, width)}"
            )
        if images.shape[0] == 0:
            raise InvalidArgumentError("batch is empty: at least one image is needed")
        if not (dtype.isnative and images.flags.c_contiguous):
            images = np.ascontiguousarray(images, np.uint8 if kind == c.BATCH_U8 else np.float32)
        self.images: NDArray[Any] = images
        self.count = images.shape[0]
        self._kind = kind
        self._format = c.PIXEL_GRAY if channels == 1 else c.PIXEL_RGB
        self._address = address(images)
        self._image_bytes = images.strides[0]

    def part(self, first: int, count: int) -> c.CBatch:
        """Some of the images as the C library takes them."""
        return c.CBatch(self._kind, self._format, self._address + first * self._image_bytes, count)

    def for_each_part(self, run: Callable[[int, c.CBatch], int], handles: Handles) -> None:
        """Calls `run` with the number of a part's first image and the part, and raises the error of its status."""
        first, size = 0, 1
        while first < self.count:
            size = min(size, self.count - first)
            begin = time.perf_counter()
            handles.check_cancelled(first, self.count)
            status = run(first, self.part(first, size))
            message = last_message() if status else ""
            if status == CancelledError.status:
                raise cancelled(first + _done(message), self.count)
            if status:
                raise error_for(status, _counted_from(first, message))
            first += size
            if time.perf_counter() - begin < _SECONDS_OF_A_PART:
                size *= 2


def _kind(dtype: np.dtype[Any], channels: int, height: int, width: int) -> tuple[int, tuple[int, int, int]]:
    """What kind of a gln_batch arrays of a type are, and the shape of an image."""
    if dtype.char == "B":
        return c.BATCH_U8, (height, width, channels)
    if dtype.kind == "f" and dtype.itemsize == 4:
        return c.BATCH_FLOAT32, (channels, height, width)
    raise ArgumentTypeError(f"batch is an array of {dtype}: {_needed(channels, height, width)}")


def _needed(channels: int, height: int, width: int) -> str:
    pixels = f"N×{height}×{width}×{channels} of uint8 (pixels)"
    tensors = f"N×{channels}×{height}×{width} of float32 (normalised tensors)"
    pictures = "pictures of other sizes, of uint8 or of floats from 0 to 1: one H×W×3 array or a list"
    return f"{pixels} or {tensors} is needed, or {pictures}"


def is_batch(value: object, channels: int, height: int, width: int) -> bool:
    """Whether predict()'s `batch` is images of exactly the network's size, right or wrong, instead of pictures.

    Raises InvalidArgumentError where it could be either.
    """
    if is_array(value):
        return value.ndim == 4 or _is_input("batch", value, channels, height, width)
    if not is_list(value):
        return False
    kinds = [
        is_array(it) and _is_input(f"batch[{index}]", it, channels, height, width) for index, it in enumerate(value)
    ]
    if all(kinds):
        return True
    if any(kinds):
        picture, image = kinds.index(False), kinds.index(True)
        it = value[picture]
        what = f"an array of {it.dtype} of shape {it.shape}" if is_array(it) else f"a {type(it).__name__}"
        raise InvalidArgumentError(
            f"batch[{picture}] is {what}, a picture to be resized, and batch[{image}] an array of exactly the network's"
            " size, which is taken as it is: make a View of it if it is a picture, too"
        )
    return False


def _is_input(name: str, array: NDArray[Any], channels: int, height: int, width: int) -> bool:
    """Whether an array is one image of exactly the network's size; False for a picture of another size."""
    if array.dtype.char == "B" and array.shape == (height, width, channels):
        return True
    if array.dtype.kind == "f" and array.dtype.itemsize == 4 and array.shape == (channels, height, width):
        return True
    if not is_picture_array(array):
        kind = ArgumentTypeError if array.dtype.char not in "Bf" else InvalidArgumentError
        raise kind(f"{name} is an array of {array.dtype} of shape {array.shape}: {_needed(channels, height, width)}")
    if array.shape[:2] == (height, width):
        raise InvalidArgumentError(
            f"{name} is an array of {array.dtype} of shape {array.shape}, of the network's size, but not "
            f"{height}×{width}×{channels} of uint8, which is taken as it is: make a View of a picture to be resized"
        )
    return False


def _done(message: str) -> int:
    """How many images of a part were done before it was cancelled, by the library's message."""
    found = re.search(r"after (\d+) of \d+ images", message)
    return int(found[1]) if found else 0


def _counted_from(first: int, message: str) -> str:
    """The library's message about an image of a part, by the image's number in the batch."""
    return re.sub(r"\bimage (\d+)\b", lambda it: f"image {int(it[1]) + first}", message, count=1)


def _stack(images: Sequence[object]) -> NDArray[Any]:
    if not images:
        raise InvalidArgumentError("batch is empty: at least one image is needed")
    arrays: list[NDArray[Any]] = []
    for index, image in enumerate(images):
        if not is_array(image):
            raise ArgumentTypeError(f"batch[{index}] is a {type(image).__name__}: an array is needed")
        arrays.append(image)
        first = arrays[0]
        if image.ndim != 3 or image.shape != first.shape or image.dtype != first.dtype:
            raise InvalidArgumentError(
                f"batch[{index}] is an array of {image.dtype} of shape {image.shape}: the images of a list have three "
                f"dimensions and the shape and type of the first, {first.dtype} of shape {first.shape}"
            )
    return np.stack(arrays)

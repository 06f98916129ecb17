"""Images of exactly the network's size, as the C library takes them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _declarations as c
from ._arguments import address, is_array, is_list
from ._errors import ArgumentTypeError, InvalidArgumentError, error_for
from ._library import last_message

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Images go to the C library in parts that take about this long, for Python sees signals (Ctrl-C) only between them.
_SECONDS_OF_A_PART = 0.05
_IMAGE_NUMBER = re.compile(r"\bimage (\d+)\b")


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

    def for_each_part(self, run: Callable[[int, c.CBatch], int]) -> None:
        """Calls `run` with the number of a part's first image and the part, and raises the error of its status."""
        first, size = 0, 1
        while first < self.count:
            size = min(size, self.count - first)
            begin = time.perf_counter()
            status = run(first, self.part(first, size))
            if status:
                raise error_for(status, _counted_from(first, last_message()))
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
    return f"{pixels} or {tensors} is needed; classify() takes pictures of other sizes"


def _counted_from(first: int, message: str) -> str:
    """The library's message about an image of a part, by the image's number in the batch."""
    return _IMAGE_NUMBER.sub(lambda it: f"image {int(it[1]) + first}", message, 1)


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

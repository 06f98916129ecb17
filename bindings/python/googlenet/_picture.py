"""Turns a picture that callers hand over into one that the C library reads, where it lies if it can."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, Union

import numpy as np

from . import _declarations as c
from ._arguments import address, is_array, is_content, is_path
from ._errors import ArgumentTypeError, InvalidArgumentError
from ._view import View

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray


class ReadableFile(Protocol):
    """A file object that reads bytes."""

    def read(self) -> bytes:
        """What is left of it."""
        ...


PictureSource: TypeAlias = Union[
    str,
    "os.PathLike[str]",
    bytes,
    bytearray,
    memoryview,
    ReadableFile,
    "PIL.Image.Image",
    "NDArray[np.uint8]",
    "NDArray[np.floating[Any]]",
]
PictureLike: TypeAlias = PictureSource | View

_KINDS = "a path, a PIL image, the bytes of a picture file, a binary file object, an array or a View"
_SHAPES = "H×W×3 (RGB), H×W×4 (RGBA) or H×W (gray)"
_LARGEST_SIDE = 65535
_FORMATS = {1: c.PIXEL_GRAY, 3: c.PIXEL_RGB, 4: c.PIXEL_RGBA}
# By whether rows are stored as columns, and the seen order within rows and within columns is the other way round.
_ORIENTATIONS = {
    (False, False, False): 1,
    (False, True, False): 2,
    (False, True, True): 3,
    (False, False, True): 4,
    (True, False, False): 5,
    (True, True, False): 6,
    (True, True, True): 7,
    (True, False, True): 8,
}


class Picture:
    """A picture as the C library reads it, kept alive."""

    def __init__(self, name: str, source: PictureSource, exif_orientation: bool) -> None:
        pixels, orientation = _pixels(name, source)
        _check_array(name, pixels)
        # In the order in which it is seen, wherever the pixels lie.
        seen = _upright(pixels, orientation) if exif_orientation and orientation != 1 else pixels
        if seen.dtype.kind == "f":
            seen = _rgb_floats(seen)
            _check_floats(name, seen)
        placed = _in_place(seen)
        if placed is None:
            # Whatever it is, also one without gaps that is not aligned.
            seen = np.array(seen, order="C")
            placed = _in_place(seen)
            assert placed is not None
        self._kept = seen
        self.c_picture = placed


def is_picture_array(array: NDArray[Any]) -> bool:
    """Whether type and shape are those of a picture."""
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    return channels in _FORMATS and (array.dtype.char == "B" or array.dtype.kind == "f")


def _check_array(name: str, array: NDArray[Any]) -> None:
    channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
    if not (array.dtype.char == "B" or array.dtype.kind == "f"):
        raise ArgumentTypeError(f"{name} is an array of {array.dtype}: uint8 (0 to 255) or floats (0 to 1) are needed")
    if channels not in _FORMATS:
        raise InvalidArgumentError(f"{name} is an array of shape {array.shape}: {_SHAPES} is needed")
    for side, length in (("width", array.shape[1]), ("height", array.shape[0])):
        if not 1 <= length <= _LARGEST_SIDE:
            raise InvalidArgumentError(f"{name}: {side} is {length}: it must be 1 to {_LARGEST_SIDE}")


def _check_floats(name: str, array: NDArray[np.float32]) -> None:
    """Refuses 0 to 255, which would be a white picture."""
    largest = array.max()
    if 2 < largest < np.inf:
        raise InvalidArgumentError(
            f"{name} is an array of floats with values up to {largest:g}: they are from 0 to 1, divide by 255"
        )


def check_source(name: str, source: object) -> None:
    """Refuses what can be no picture, before anything is read."""
    if is_array(source):
        _check_array(name, source)
    elif not (
        is_path(source) or is_content(source) or _is_pil_image(source) or callable(getattr(source, "read", None))
    ):
        raise ArgumentTypeError(f"{name} is a {type(source).__name__}: {_KINDS} is needed")


def _pixels(name: str, source: object) -> tuple[NDArray[Any], int]:
    """The stored pixels of what check_source() lets through, and the orientation in which they are."""
    if is_array(source):
        return source, 1
    # Not before it is needed: a program that has arrays starts faster.
    from . import _pil

    if is_path(source):
        return _pil.file_pixels(name, source)
    if is_content(source):
        return _pil.content_pixels(name, source, f"a {type(source).__name__}")
    return _pil.image_pixels(name, source) if _is_pil_image(source) else _pil.stream_pixels(name, source)


def _is_pil_image(value: object) -> bool:
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__)


def _upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    from ._exif import upright

    return upright(pixels, orientation)


def _rgb_floats(array: NDArray[Any]) -> NDArray[np.float32]:
    """Floats as the C library takes them: three channels of float32."""
    array = np.asarray(array)
    if array.ndim == 2 or array.shape[2] == 1:
        array = np.broadcast_to(np.reshape(array, (*array.shape[:2], 1)), (*array.shape[:2], 3))
    # What is too large for float32 becomes infinite, which is refused.
    with np.errstate(over="ignore"):
        return array[..., :3].astype(np.float32, copy=False)


def _in_place(array: NDArray[Any]) -> c.CPicture | None:
    """A uint8 array, or three channels of float32, where it lies; None where the C library cannot be told that."""
    height, width = array.shape[:2]
    channels = 1 if array.ndim == 2 else array.shape[2]
    item = array.itemsize
    pixel = channels * item
    start, (rows, columns) = address(array), array.strides[:2]
    pixel_format = _FORMATS[channels] if item == 1 else c.PIXEL_RGB_FLOAT32
    step = array.strides[2] if channels > 1 else item
    if step == -1 and channels == 3:
        pixel_format, start, step = c.PIXEL_BGR, start - 2, 1
    if step != item:
        return None
    mirrored, upside_down = columns < 0 < width - 1, rows < 0 < height - 1
    start += (width - 1) * columns * mirrored + (height - 1) * rows * upside_down
    columns, rows = abs(columns) if width > 1 else pixel, abs(rows)
    if columns == pixel and (height == 1 or rows >= width * pixel):
        stride, transposed = rows if height > 1 else width * pixel, False
    elif (height == 1 or rows == pixel) and columns >= height * pixel:
        stride, transposed = columns, True
    else:
        return None
    if item > 1 and (start % item or stride % item):
        return None
    stored = (height, width) if transposed else (width, height)
    return c.CPicture(
        struct_size=ctypes.sizeof(c.CPicture),
        planes=(start, None, None),
        strides=(stride, 0, 0),
        width=stored[0],
        height=stored[1],
        format=pixel_format,
        orientation=_ORIENTATIONS[transposed, mirrored, upside_down],
    )

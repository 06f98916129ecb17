"""Turns what callers hand over (paths, PIL images, arrays, lists) into contiguous memory for the C library."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np

from . import _exif
from ._errors import ArgumentTypeError, Error, FileError, InvalidArgumentError, UnsupportedError
from ._library import BATCH_FLOAT32, BATCH_U8, PIXEL_GRAY, PIXEL_RGB, PIXEL_RGBA, CBatch, CImage

if TYPE_CHECKING:
    import PIL.Image

ImageLike: TypeAlias = Union[str, "os.PathLike[str]", "PIL.Image.Image", np.ndarray]
BatchLike: TypeAlias = np.ndarray | Sequence[np.ndarray]

_FORMATS = {1: PIXEL_GRAY, 3: PIXEL_RGB, 4: PIXEL_RGBA}
_IMAGE_SHAPES = "H×W×3 (RGB), H×W×4 (RGBA) or H×W (gray)"
_LARGEST_SIDE = 65535
_INPUT_SIZE_LIMIT = 8192


def index_argument(name: str, value: object, least: int, most: int) -> int:
    """A whole number between two bounds."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ArgumentTypeError(f"{name} is a {type(value).__name__}: a whole number is needed")
    number = value.__index__()
    if not least <= number <= most:
        raise InvalidArgumentError(f"{name} is {number}: {least} to {most} is allowed")
    return number


def size_argument(name: str, size: int | tuple[int, int] | None) -> tuple[int, int]:
    """Height and width of the network's input; 0, 0 for the model's own."""
    if size is None:
        return 0, 0
    if isinstance(size, (tuple, list)):
        if len(size) != 2:
            raise InvalidArgumentError(f"{name} has {len(size)} numbers: one, or height and width, is needed")
        height, width = size
    else:
        height = width = size
    return index_argument(name, height, 1, _INPUT_SIZE_LIMIT), index_argument(name, width, 1, _INPUT_SIZE_LIMIT)


def choice_argument(name: str, value: object, choices: dict[str, int]) -> int:
    """The number that the C library has for a name."""
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{name} is a {type(value).__name__}: a str is needed, one of {', '.join(choices)}")
    if value not in choices:
        raise InvalidArgumentError(f"{name} is {value!r}: one of {', '.join(choices)} is allowed")
    return choices[value]


def text_argument(name: str, value: object) -> bytes:
    """A str as the UTF-8 bytes of a C string."""
    if not isinstance(value, str):
        raise ArgumentTypeError(f"{name} is a {type(value).__name__}: a str is needed")
    try:
        encoded = value.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"{name} is not valid Unicode: {error}") from error
    if b"\0" in encoded:
        raise InvalidArgumentError(f"{name} contains a NUL character")
    return encoded


def path_argument(name: str, value: str | os.PathLike[str]) -> bytes:
    """A path as the bytes of a C string."""
    try:
        encoded = os.fsencode(value)
    except Exception as error:  # whatever __fspath__ raises
        raise InvalidArgumentError(f"{name} cannot be the name of a file: {error}") from error
    if b"\0" in encoded:
        raise InvalidArgumentError(f"{name} contains a NUL character")
    return encoded


def address(array: np.ndarray) -> int:
    """Where an array's values are. (array.ctypes makes several objects first, which takes longer.)"""
    return array.__array_interface__["data"][0]


def _is_pil_image(value: object) -> bool:
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__)


# Pillow's decoders report damaged files with any of these, also when an image that was opened long ago is first read.
# Warnings are raised where the program asks for that.
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Warning)


def _given_pil_array(image: Any, exif_orientation: bool) -> np.ndarray:
    """The pixels of a PIL image that the caller opened."""
    try:
        return _pil_array(image, exif_orientation)
    except Error:
        raise
    except _DECODING_ERRORS as error:
        name = getattr(image, "filename", "")
        message = f"image is a PIL image{f' of {name}' if name else ''} that cannot be read: {error}"
        raise (FileError.about(name, message, error) if name else FileError(message)) from error


def _pil_array(image: Any, exif_orientation: bool) -> np.ndarray:
    """The pixels of a PIL image, as its EXIF says that they are seen or as they are stored."""
    pixels = _stored_pil_array(image)
    # Known only now: a PNG file's EXIF may come after its pixels.
    return _exif.upright(pixels, _exif.orientation(image.info.get("exif"))) if exif_orientation else pixels


def _stored_pil_array(image: Any) -> np.ndarray:
    """The pixels of a PIL image: RGB or RGBA, or gray, 8 bits a channel."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        raise UnsupportedError(
            f"image is a PIL image of mode {image.mode}, whose range is not known: convert it to RGB or L first"
        )
    if image.mode == "La":
        raise UnsupportedError("image is a PIL image of mode La, which Pillow makes no RGB of: convert it to LA first")
    return np.asarray(image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB"))


def _file_array(path: str | os.PathLike[str], exif_orientation: bool) -> np.ndarray:
    try:
        import PIL.Image
    except ImportError as error:
        raise UnsupportedError(
            f"image is the path {os.fspath(path)!r}, and Pillow, which opens image files, is not installed: "
            "install it, or pass an array"
        ) from error
    path_argument("image", path)
    try:
        with PIL.Image.open(path) as image:
            return _pil_array(image, exif_orientation)
    except PIL.Image.DecompressionBombError as error:
        raise FileError.about(path, f"{os.fspath(path)}: {error}", error) from error
    except Error:
        raise
    except _DECODING_ERRORS as error:
        message = str(error)
        raise FileError.about(
            path, message if str(path) in message else f"{os.fspath(path)}: {message}", error
        ) from error


class ImageArgument:
    """A picture as a gln_image, kept alive."""

    def __init__(self, image: ImageLike, exif_orientation: bool = True) -> None:
        if isinstance(image, (str, os.PathLike)):
            array = _file_array(image, exif_orientation)
        elif _is_pil_image(image):
            array = _given_pil_array(image, exif_orientation)
        elif isinstance(image, np.ndarray):
            array = image
        else:
            raise ArgumentTypeError(
                f"image is a {type(image).__name__}: a path, a PIL image or a uint8 array is needed"
            )
        if array.dtype != np.uint8:
            raise ArgumentTypeError(f"image is an array of {array.dtype}: uint8 (0 to 255) is needed")
        channels = 1 if array.ndim == 2 else array.shape[2] if array.ndim == 3 else 0
        if channels not in _FORMATS:
            raise InvalidArgumentError(f"image is an array of shape {array.shape}: {_IMAGE_SHAPES} is needed")
        height, width = array.shape[:2]
        if not (1 <= height <= _LARGEST_SIDE and 1 <= width <= _LARGEST_SIDE):
            raise InvalidArgumentError(
                f"image has {width} × {height} pixels (width × height): 1 to {_LARGEST_SIDE} each is allowed"
            )
        # Pixels that lie side by side are read where they are, whatever the distance between rows.
        packed = array.strides[1] == channels and (array.ndim == 2 or channels == 1 or array.strides[2] == 1)
        stride = array.strides[0]
        if not packed or stride < width * channels:
            array, stride = np.ascontiguousarray(array), width * channels
        self._array = array
        self.c_image = CImage(address(array), width, height, stride, _FORMATS[channels])


class BatchArgument:
    """A batch of images of exactly the network's size as a gln_batch, kept alive."""

    def __init__(self, batch: BatchLike, channels: int, height: int, width: int) -> None:
        def needed() -> str:
            pixels = f"N×{height}×{width}×{channels} of uint8 (pixels)"
            tensors = f"N×{channels}×{height}×{width} of float32 (normalised tensors)"
            return f"{pixels} or {tensors} is needed; classify() takes pictures of other sizes"

        if isinstance(batch, (list, tuple)):
            batch = _stack(batch)
        if not isinstance(batch, np.ndarray):
            raise ArgumentTypeError(f"batch is a {type(batch).__name__}: an array or a list of arrays, {needed()}")
        dtype = batch.dtype
        if dtype.char == "B":
            kind, shape = BATCH_U8, (height, width, channels)
        elif dtype.kind == "f" and dtype.itemsize == 4:
            kind, shape = BATCH_FLOAT32, (channels, height, width)
        else:
            raise ArgumentTypeError(f"batch is an array of {dtype}: {needed()}")
        if batch.ndim == 3:
            batch = batch[np.newaxis]
        if batch.ndim != 4 or batch.shape[1:] != shape:
            raise InvalidArgumentError(f"batch is an array of {batch.dtype} of shape {batch.shape}: {needed()}")
        if batch.shape[0] == 0:
            raise InvalidArgumentError("batch is empty: at least one image is needed")
        if not (dtype.isnative and batch.flags.c_contiguous):
            batch = np.ascontiguousarray(batch, dtype=dtype.newbyteorder("="))
        self._array = batch
        self.count = batch.shape[0]
        self.c_batch = CBatch(kind, PIXEL_GRAY if channels == 1 else PIXEL_RGB, address(batch), self.count)


def _stack(images: Sequence[object]) -> np.ndarray:
    if not images:
        raise InvalidArgumentError("batch is empty: at least one image is needed")
    for index, image in enumerate(images):
        if not isinstance(image, np.ndarray):
            raise ArgumentTypeError(f"batch[{index}] is a {type(image).__name__}: an array is needed")
        first = images[0]
        assert isinstance(first, np.ndarray)
        if image.ndim != 3 or image.shape != first.shape or image.dtype != first.dtype:
            raise InvalidArgumentError(
                f"batch[{index}] is an array of {image.dtype} of shape {image.shape}: the images of a list have three "
                f"dimensions and the shape and type of the first, {first.dtype} of shape {first.shape}"
            )
    return np.stack(images)  # type: ignore[arg-type]

"""Turns a picture that callers hand over (a path, a PIL image, an array) into contiguous memory for the C library."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeAlias, Union

import numpy as np

from . import _exif
from ._arguments import address, path_argument
from ._declarations import PIXEL_GRAY, PIXEL_RGB, PIXEL_RGBA, CImage
from ._errors import ArgumentTypeError, Error, FileError, InvalidArgumentError, UnsupportedError

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

ImageLike: TypeAlias = Union[str, "os.PathLike[str]", "PIL.Image.Image", "NDArray[np.uint8]"]

_FORMATS = {1: PIXEL_GRAY, 3: PIXEL_RGB, 4: PIXEL_RGBA}
_IMAGE_SHAPES = "H×W×3 (RGB), H×W×4 (RGBA) or H×W (gray)"
_LARGEST_SIDE = 65535


def _is_pil_image(value: object) -> bool:
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(value).__mro__)


# Pillow's decoders report damaged files with any of these, also when an image that was opened long ago is first read.
# Warnings are raised where the program asks for that.
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Warning)


def _given_pil_array(image: Any, exif_orientation: bool) -> NDArray[Any]:
    """The pixels of a PIL image that the caller opened."""
    try:
        return _pil_array(image, exif_orientation)
    except Error:
        raise
    except _DECODING_ERRORS as error:
        name = getattr(image, "filename", "")
        message = f"image is a PIL image{f' of {name}' if name else ''} that cannot be read: {error}"
        raise (FileError.about(name, message, error) if name else FileError(message)) from error


def _pil_array(image: Any, exif_orientation: bool) -> NDArray[Any]:
    """The pixels of a PIL image, as its EXIF says that they are seen or as they are stored."""
    pixels = _stored_pil_array(image)
    # Known only now: a PNG file's EXIF may come after its pixels.
    return _exif.upright(pixels, _exif.orientation(image.info.get("exif"))) if exif_orientation else pixels


def _stored_pil_array(image: Any) -> NDArray[Any]:
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


def _file_array(path: str | os.PathLike[str], exif_orientation: bool) -> NDArray[Any]:
    try:
        import PIL.Image
    except ImportError as error:
        raise UnsupportedError(
            f"image is the path {os.fspath(path)!r}, and Pillow, which opens image files, is not installed: "
            "install it, or pass an array"
        ) from error
    path_argument("image", path)
    try:
        opened: Any = PIL.Image.open(path)
        with opened as image:
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

"""Pillow's pictures, and what Pillow opens: files and their contents."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _exif
from ._arguments import is_content, path_argument
from ._errors import ArgumentTypeError, Error, FileError, UnsupportedError

if TYPE_CHECKING:
    from types import ModuleType

    from numpy.typing import NDArray

# Pillow's decoders report damaged files with any of these, also when an image that was opened long ago is first read.
# Warnings are raised where the program asks for that.
_DECODING_ERRORS = (OSError, SyntaxError, ValueError, EOFError, Warning)


def image_pixels(name: str, image: Any) -> tuple[NDArray[np.uint8], int]:
    """The stored pixels of a PIL image that the caller opened, and the orientation in its EXIF."""
    try:
        return _pixels(name, image)
    except Error:
        raise
    except _DECODING_ERRORS as error:
        file = getattr(image, "filename", "")
        message = f"{name} is a PIL image{f' of {file}' if file else ''} that cannot be read: {error}"
        raise (FileError.about(file, message, error) if file else FileError(message)) from error


def file_pixels(name: str, path: str | os.PathLike[str]) -> tuple[NDArray[np.uint8], int]:
    """The same of a picture file."""
    path_argument(name, path)
    pil = _pillow(f"{name} is the path {os.fspath(path)!r}")
    try:
        with pil.open(path) as image:
            return _pixels(name, image)
    except Error:
        raise
    except (*_DECODING_ERRORS, pil.DecompressionBombError) as error:
        message = str(error)
        if isinstance(error, pil.DecompressionBombError) or str(path) not in message:
            message = f"{os.fspath(path)}: {message}"
        raise FileError.about(path, message, error) from error


def content_pixels(name: str, content: bytes | bytearray | memoryview, what: str) -> tuple[NDArray[np.uint8], int]:
    """The same of a picture file's content. `what` says in errors what was given."""
    pil = _pillow(f"{name} is {what}")
    try:
        with pil.open(io.BytesIO(bytes(content))) as image:
            return _pixels(name, image)
    except Error:
        raise
    except pil.UnidentifiedImageError as error:
        raise FileError(
            f"{name} is {what}, {len(content)} bytes that are no picture file: no format that Pillow knows"
        ) from error
    except (*_DECODING_ERRORS, pil.DecompressionBombError) as error:
        raise FileError(f"{name} is {what} that cannot be read: {error}") from error


def stream_pixels(name: str, file: Any) -> tuple[NDArray[np.uint8], int]:
    """The same of a file object, from where it is to its end."""
    what = f"a {type(file).__name__}"
    try:
        content = file.read()
    except Exception as error:  # whatever a file object raises
        raise FileError(f"{name} is {what} that cannot be read: {error}") from error
    if not is_content(content):
        raise ArgumentTypeError(
            f"{name} is {what} that reads {type(content).__name__}: one that reads bytes is needed, such as "
            "open(path, 'rb')"
        )
    return content_pixels(name, content, what)


def _pillow(given: str) -> ModuleType:
    try:
        import PIL.Image
    except ImportError as error:
        raise UnsupportedError(
            f"{given}, and Pillow, which opens image files, is not installed: install it, or pass an array"
        ) from error
    return PIL.Image


def _pixels(name: str, image: Any) -> tuple[NDArray[np.uint8], int]:
    pixels = _stored_pixels(name, image)
    # Known only now: a PNG file's EXIF may come after its pixels.
    return pixels, _exif.orientation(image.info.get("exif"))


def _stored_pixels(name: str, image: Any) -> NDArray[np.uint8]:
    """The pixels of a PIL image: RGB or RGBA, or gray, 8 bits a channel."""
    if image.mode.startswith("I;16"):
        return (np.asarray(image) >> 8).astype(np.uint8)
    if image.mode in ("I", "F"):
        raise UnsupportedError(
            f"{name} is a PIL image of mode {image.mode}, whose range is not known: convert it to RGB or L first"
        )
    if image.mode == "La":
        raise UnsupportedError(
            f"{name} is a PIL image of mode La, which Pillow makes no RGB of: convert it to LA first"
        )
    return np.asarray(image if image.mode in ("RGB", "RGBA", "L") else image.convert("RGB"))

"""How a picture says in its EXIF that it is to be seen."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ORIENTATION_TAG = 0x0112
_SHORT = 3


def orientation(exif: object) -> int:
    """EXIF's Orientation, 1 to 8, of what Pillow keeps as info["exif"].

    1, which is upright, where there is none and where the EXIF is damaged: a picture is not refused for it.
    (Pillow's getexif() would raise then, and takes XMP for EXIF, which the command-line tool does not.)
    """
    if not isinstance(exif, bytes):
        return 1
    tiff = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        for index in range(count):
            tag, kind, values, value = struct.unpack_from(f"{order}HHIH", tiff, directory + 2 + 12 * index)
            if tag == _ORIENTATION_TAG:
                return value if kind == _SHORT and values == 1 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def upright(pixels: NDArray[Any], stored: int) -> NDArray[Any]:
    """A view of H×W or H×W×C pixels that are stored in an orientation, as they are to be seen."""
    if stored >= 5:
        pixels = np.swapaxes(pixels, 0, 1)
    if stored in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if stored in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels

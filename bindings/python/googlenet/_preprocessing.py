"""How pictures become the network's input."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _declarations as c
from ._library import check, library
from ._results import key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._choices import ChannelOrder, ResizeRule


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes the network's input, as in training.

    It is resized by resize_rule, its centre of input_height × input_width pixels is cut out, and the network sees
    (pixel - mean) × scale of pixels from 0 to 255.

    channel_order  of the network's channels: "rgb", "bgr" or "gray".
    channels       how many: 3, or 1 for gray.
    input_height, input_width, short_side
                   in pixels; the short side is what the picture's is resized to.
    resize_rule    "short-side", "torchvision" or "square", each also with "-plain": docs/pictures.md of the project
                   says them to the pixel.
    mean, scale    a number for each channel, in channel_order.
    """

    channel_order: ChannelOrder
    channels: int
    input_height: int
    input_width: int
    short_side: int
    resize_rule: ResizeRule
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def preprocessing_of(model: ctypes.c_void_p) -> Preprocessing:
    """That of a gln_model."""
    it = c.CPreprocessing(struct_size=ctypes.sizeof(c.CPreprocessing))
    check(library().gln_model_preprocessing(model, ctypes.byref(it)))
    return Preprocessing(
        cast("ChannelOrder", key(c.CHANNEL_ORDERS, it.channel_order)),
        it.channels,
        it.input_height,
        it.input_width,
        it.short_side,
        cast("ResizeRule", key(c.RESIZE_RULES, it.resize_rule)),
        tuple(it.mean[: it.channels]),
        tuple(it.scale[: it.channels]),
    )


def normalized(pixels: NDArray[np.uint8], how: Preprocessing) -> NDArray[np.float32]:
    """N×H×W×C pixels, RGB or gray, as the N×C×H×W float32 tensor that the network sees."""
    values: NDArray[Any] = pixels[..., ::-1] if how.channel_order == "bgr" else pixels
    values = (values.astype(np.float32) - np.array(how.mean, np.float32)) * np.array(how.scale, np.float32)
    return np.ascontiguousarray(np.transpose(values, (0, 3, 1, 2)))

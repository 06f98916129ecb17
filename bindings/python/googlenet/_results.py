"""What a Model tells: predictions, layers, times and memory."""

from __future__ import annotations

from typing import NamedTuple

from . import _declarations as c


class Prediction(NamedTuple):
    """A class and how likely it is."""

    label: str
    """The name of the class; "" where the model has no labels."""
    probability: float
    """0 to 1."""
    class_index: int
    """Counted from 0."""


class Layer(NamedTuple):
    """What a layer is, for an image of the model's own input size."""

    name: str
    kind: str
    """ "Convolution", "Pooling", …"""
    channels: int
    height: int
    width: int
    parameter_count: int
    multiply_add_count: int


class OperationTime(NamedTuple):
    """One operation of a run, and how long it took."""

    layers: tuple[str, ...]
    """The layers that it computes in one go, in the order of the model; none where it fills the network's input."""
    kind: str
    """The first layer's; "Input" where there is none."""
    kernel: str
    """How it is computed, such as "direct" or "Winograd F(4x4, 3x3)"."""
    precision: str
    """ "int8" where it reads integers, otherwise "float32"."""
    channels: int
    height: int
    width: int
    multiply_add_count: int
    """Of the convolution as it is defined, whatever computes it, for one image; 0 for other kinds."""
    multiplication_count: int
    """Really done: fewer with Winograd, whose transforms are not counted."""
    nanoseconds: int
    """By the clock, for one image, with all threads working on it."""
    image: int
    """Which image of the batch."""


class Memory(NamedTuple):
    """Bytes that a Model holds."""

    model_bytes: int
    """The model file, mapped or in memory."""
    weight_bytes: int
    """Packed weights."""
    arena_bytes: int
    """Activations."""
    scratch_bytes: int
    """What kernels work in."""
    picture_bytes: int
    """A picture of the input size."""
    peak_bytes: int
    """The most at once while the Model was made; running it needs no more."""


def operation_time(operation: c.COperationTime, first_image: int) -> OperationTime:
    """What the C library says of one operation, of a call whose images are counted from `first_image`."""
    return OperationTime(
        tuple(text(operation.layers[index]) for index in range(operation.layer_count)),
        text(operation.kind),
        text(operation.kernel),
        key(c.PRECISIONS, operation.precision),
        operation.channels,
        operation.height,
        operation.width,
        operation.multiply_add_count,
        operation.multiplication_count,
        operation.nanoseconds,
        first_image + operation.image,
    )


def text(value: bytes | None) -> str:
    """A C string; "" for NULL."""
    return "" if value is None else value.decode(errors="replace")


def key(names: dict[str, int], number: int) -> str:
    """The name of an enumerator, or its number where it is a later library's."""
    return next((name for name, value in names.items() if value == number), str(number))

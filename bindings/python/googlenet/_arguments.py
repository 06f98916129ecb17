"""Checks of what callers hand over, with errors that name the argument."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeGuard, cast

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

from ._errors import ArgumentTypeError, InvalidArgumentError

_INPUT_SIZE_LIMIT = 8192


def is_array(value: object) -> TypeGuard[NDArray[Any]]:
    """Whether it is an array of NumPy's."""
    return isinstance(value, np.ndarray)


def is_list(value: object) -> TypeGuard[Sequence[object]]:
    """Whether it holds several things of a kind."""
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview))


def is_path(value: object) -> TypeGuard[str | os.PathLike[str]]:
    """Whether it is the name of a file."""
    return isinstance(value, (str, os.PathLike))


def is_content(value: object) -> TypeGuard[bytes | bytearray | memoryview]:
    """Whether it is bytes."""
    return isinstance(value, (bytes, bytearray, memoryview))


def whole_number(name: str, value: object) -> int:
    """An int, or what stands for one, such as NumPy's integers."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise ArgumentTypeError(f"{name} is a {type(value).__name__}: a whole number is needed")
    return operator.index(cast("SupportsIndex", value))


def index_argument(name: str, value: object, least: int, most: int, otherwise: str = "") -> int:
    """A whole number between two bounds. `otherwise` says in an error what else may be given."""
    number = whole_number(name, value)
    if not least <= number <= most:
        raise InvalidArgumentError(f"{name} is {number}: use {least} to {most}{otherwise}")
    return number


def top_argument(value: object, class_count: int) -> int:
    """How many classes are wanted, at most as many as there are; None for 5."""
    number = 5 if value is None else whole_number("top", value)
    if number < 1:
        raise InvalidArgumentError(f"top is {number}: at least 1 is needed")
    return min(number, class_count)


def size_argument(name: str, size: object) -> tuple[int, int]:
    """Height and width of the network's input; 0, 0 for the model's own."""
    if size is None:
        return 0, 0
    sides = size if is_list(size) else (size, size)
    if len(sides) != 2:
        raise InvalidArgumentError(f"{name} has {len(sides)} numbers: one, or height and width, is needed")
    height, width = sides
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


def address(array: NDArray[Any]) -> int:
    """Where an array's values are. (array.ctypes makes several objects first, which takes longer.)"""
    data: tuple[int, bool] = array.__array_interface__["data"]
    return data[0]

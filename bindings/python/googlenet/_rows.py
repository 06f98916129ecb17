"""Arrays that results are written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ._errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def result_array(
    out: NDArray[np.float32] | None, shape: tuple[int, ...], images: Sequence[NDArray[Any]], name: str = "out"
) -> NDArray[np.float32]:
    """A new array for results, or the caller's, which must not lie where the images do."""
    if out is None:
        return np.empty(shape, np.float32)
    if not isinstance(out, np.ndarray):
        raise ArgumentTypeError(f"{name} is a {type(out).__name__}: an array is needed")
    if out.dtype != np.float32 or not out.dtype.isnative or out.shape != shape:
        raise InvalidArgumentError(
            f"{name} is an array of {out.dtype} of shape {out.shape}: float32 of shape {shape} is needed"
        )
    if not (out.flags.c_contiguous and out.flags.aligned and out.flags.writeable):
        raise InvalidArgumentError(f"{name} is an array that is not C-contiguous, aligned and writeable")
    if any(np.may_share_memory(out, it) for it in images):
        raise InvalidArgumentError(f"{name} shares memory with the images or another result")
    return out

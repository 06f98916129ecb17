"""What is asked of the network, and where the answers go."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _declarations as c
from ._arguments import address
from ._results import Prediction, text

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PREDICTION_BYTES = ctypes.sizeof(c.CPrediction)


class Best:
    """The likeliest classes of each of some pictures."""

    def __init__(self, count: int, top: int) -> None:
        self._count = count
        self._top = top
        self.values = (c.CPrediction * (count * top))()

    def predictions(self) -> list[list[Prediction]]:
        """A list for each picture. The model must be alive, for its labels."""
        found = [Prediction(text(it.label), it.probability, it.class_index) for it in self.values]
        return [found[first : first + self._top] for first in range(0, len(found), self._top)]

    def array(self) -> NDArray[Any]:
        """The same as a structured array of a row for each picture."""
        fields = np.dtype([("class_index", np.int32), ("probability", np.float32), ("label", object)])
        rows = [(it.class_index, it.probability, text(it.label)) for it in self.values]
        return np.reshape(np.array(rows, fields), (self._count, self._top))


class Requests:
    """Some gln_requests for one picture at a time."""

    def __init__(self) -> None:
        self._requests: list[c.CRequest] = []
        self._places: list[tuple[int, int]] = []
        self._kept: list[object] = []

    def add(self, kind: int, values: NDArray[np.float32], layer: bytes | None = None) -> None:
        """Asks for rows of floats."""
        row_length = values[0].size
        self._add(kind, 0, layer, address(values), row_length, 4 * row_length, values)

    def add_best(self, best: Best, top: int) -> None:
        """Asks for the likeliest classes."""
        self._add(c.REQUEST_TOP, top, None, ctypes.addressof(best.values), top, _PREDICTION_BYTES * top, best)

    def _add(
        self, kind: int, top: int, layer: bytes | None, start: int, capacity: int, row_bytes: int, kept: object
    ) -> None:
        self._requests.append(
            c.CRequest(
                struct_size=ctypes.sizeof(c.CRequest), kind=kind, top=top, layer=layer, values=start, capacity=capacity
            )
        )
        self._places.append((start, row_bytes))
        self._kept.append(kept)

    def of(self, index: int) -> ctypes.Array[c.CRequest]:
        """The requests for a picture, whose answers are the rows of that number."""
        requests = (c.CRequest * len(self._requests))(*self._requests)
        for request, (start, row_bytes) in zip(requests, self._places, strict=True):
            request.values = start + index * row_bytes
        return requests

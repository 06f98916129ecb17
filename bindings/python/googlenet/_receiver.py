"""What takes in the calls of a C function's callback."""

from __future__ import annotations

from collections.abc import Callable, Generator
from types import GeneratorType
from typing import Any

# Resumes a generator with a value.
RESUME: Callable[..., object] = vars(GeneratorType)["send"]


class Receiver:
    """Calls `take` with what a C function tells; raises what went wrong afterwards.

    Nothing can be raised through C. A signal handler (Ctrl-C) runs where Python code goes on, which for a function is
    before its first statement, for a generator within the `try` around its `yield`: so the callback is RESUME, which
    goes on with the generator `context`.
    """

    def __init__(self, take: Callable[[Any], object]) -> None:
        self._caught: list[BaseException] = []
        self.context = self._receive(take)
        next(self.context)

    def _receive(self, take: Callable[[Any], object]) -> Generator[None, Any, None]:
        while True:
            try:
                while True:
                    take((yield))
            except GeneratorExit:
                raise
            except BaseException as error:
                self._caught.append(error)

    def check(self) -> None:
        """Raises what `take` or a signal handler has raised."""
        if self._caught:
            raise self._caught.pop()

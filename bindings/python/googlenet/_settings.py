"""How a Session is to run."""

from __future__ import annotations

import ctypes
from typing import Any

from . import _declarations as c
from ._arguments import choice_argument, index_argument, size_argument
from ._errors import ArgumentTypeError
from ._library import check, library
from ._thread_team import ThreadTeam, thread_count


class Settings:
    """The arguments that say how a Session is to run, checked."""

    def __init__(
        self,
        threads: object,
        precision: object,
        max_isa: object,
        backend: object,
        algorithm: object,
        input_size: object,
        memory_limit: object,
        team: object,
    ) -> None:
        # In the order of Model's parameters.
        self.arguments: tuple[Any, ...] = (
            threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team
        )  # fmt: skip
        self._values = (
            ("threads", (thread_count(threads),)),
            ("max_isa", (choice_argument("max_isa", "best" if max_isa is None else max_isa, c.ISAS),)),
            ("backend", (choice_argument("backend", backend, c.BACKENDS),)),
            ("algorithm", (choice_argument("algorithm", algorithm, c.ALGORITHMS),)),
            ("precision", (choice_argument("precision", precision, c.PRECISIONS),)),
            ("input_size", size_argument("input_size", input_size)),
            ("memory_limit", (_memory_limit(memory_limit),)),
        )
        if team is not None and not isinstance(team, ThreadTeam):
            raise ArgumentTypeError(f"team is a {type(team).__name__}: a ThreadTeam is needed")
        self.team = team

    def changed(self, *arguments: object) -> Settings:
        """The same, but for the arguments that are not `...`."""
        return Settings(*(old if new is ... else new for new, old in zip(arguments, self.arguments, strict=True)))

    def set(self, options: ctypes.c_void_p) -> None:
        """Has a gln_session_options say all this."""
        for name, values in self._values:
            check(getattr(library(), f"gln_session_options_set_{name}")(options, *values))
        if self.team is not None:
            self.team._join(options)


def _memory_limit(value: object) -> int:
    return 0 if value is None else index_argument("memory_limit", value, 1, 2**64 - 1, ", or None for 2 GiB")

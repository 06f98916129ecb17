"""What a session tells of itself."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, NamedTuple, cast

from . import _declarations as c
from ._library import check, library
from ._results import Memory, key

if TYPE_CHECKING:
    from ._choices import Backend, Isa, Precision


class SessionFacts(NamedTuple):
    """What a gln_session really uses, which does not change."""

    input_size: tuple[int, int]
    isa: Isa
    threads: int
    precision: Precision
    backend: Backend
    weight_bytes: int
    activation_bytes: int
    memory: Memory

    @classmethod
    def of(cls, session: ctypes.c_void_p) -> SessionFacts:
        """Those of a gln_session."""
        loaded, info = library(), c.CSessionMemoryInfo(struct_size=ctypes.sizeof(c.CSessionMemoryInfo))
        check(loaded.gln_session_memory(session, ctypes.byref(info)))
        return cls(
            (loaded.gln_session_input_height(session), loaded.gln_session_input_width(session)),
            cast("Isa", key(c.ISAS, loaded.gln_session_isa(session))),
            loaded.gln_session_threads(session),
            cast("Precision", key(c.PRECISIONS, loaded.gln_session_precision(session))),
            cast("Backend", key(c.BACKENDS, loaded.gln_session_backend(session))),
            loaded.gln_session_weight_bytes(session),
            loaded.gln_session_activation_bytes(session),
            Memory(
                info.model_bytes,
                info.weight_bytes,
                info.arena_bytes,
                info.scratch_bytes,
                info.picture_bytes,
                info.peak_bytes,
            ),
        )

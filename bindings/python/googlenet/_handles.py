"""The C objects of a Model, and what becomes of them where calls, forks and close() meet."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from typing import TYPE_CHECKING

from ._errors import ClosedError
from ._library import library

if TYPE_CHECKING:
    from ._model import Model


class Handles:
    """The C objects of one Model. All but `leave_parent` is done by whoever holds the lock."""

    def __init__(self) -> None:
        self.model = ctypes.c_void_p()
        self.session = ctypes.c_void_p()
        # In a forked child the parent's session, whose threads are missing here. It keeps the packed weights.
        self.inherited = ctypes.c_void_p()
        self.bytes: bytes | None = None
        self.lock = threading.Lock()
        _all_handles.add(self)

    def leave_parent(self) -> None:
        """In a child that has just been forked, while it has one thread."""
        self.lock = threading.Lock()
        if self.session:
            self.inherited, self.session = self.session, ctypes.c_void_p()

    def free_inherited(self) -> None:
        """Once the child's own session shares the packed weights, or needs none."""
        inherited, self.inherited = self.inherited, ctypes.c_void_p()
        library().gln_session_free(inherited)

    def free(self) -> None:
        """Waits for a running call, then frees what there is."""
        with self.lock:
            if self.model:
                # A child that is forked meanwhile must not free them again.
                model, session = self.model, self.session
                self.model, self.session = ctypes.c_void_p(), ctypes.c_void_p()
                self.free_inherited()
                library().gln_session_free(session)
                library().gln_model_free(model)
                self.bytes = None


_all_handles: weakref.WeakSet[Handles] = weakref.WeakSet()


def _leave_parents() -> None:
    for handles in list(_all_handles):
        handles.leave_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents)


class Use:
    """Holds a Model's handles while a call runs. (A generator with contextlib takes several times as long.)"""

    __slots__ = ("_lock", "_model")

    def __init__(self, model: Model) -> None:
        self._model = model

    def __enter__(self) -> Handles:
        handles = self._model._handles
        self._lock = handles.lock
        self._lock.acquire()
        try:
            if not handles.model:
                raise ClosedError("the model is closed")
            if not handles.session:
                self._model._create_session()
                handles.free_inherited()
        except BaseException:
            self._lock.release()
            raise
        return handles

    def __exit__(self, *_: object) -> None:
        self._lock.release()

"""The ThreadTeam: threads that several Models share."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref
from types import TracebackType
from typing import NoReturn

from ._arguments import index_argument
from ._errors import ClosedError, UnsupportedError
from ._library import check, library

_THREAD_LIMIT = 256
_SPIN_LIMIT = 1_000_000


def thread_count(threads: object) -> int:
    """A number of threads as the C library takes it; 0 for as many as CPUs are allowed."""
    if threads is None:
        return 0
    return index_argument("threads", threads, 1, _THREAD_LIMIT, ", or None for the allowed CPUs")


class _TeamHandle:
    """The C object of one ThreadTeam. All but `leave_parent` is done by whoever holds the lock."""

    def __init__(self, threads: int, spin_microseconds: int) -> None:
        self.arguments = (threads, spin_microseconds)
        self.team = ctypes.c_void_p()
        # In a forked child the parent's team, whose threads are missing here.
        self.inherited = ctypes.c_void_p()
        self.lock = threading.Lock()
        _all_handles.add(self)

    def leave_parent(self) -> None:
        """In a child that has just been forked, while it has one thread."""
        self.lock = threading.Lock()
        if self.team:
            self.inherited, self.team = self.team, ctypes.c_void_p()

    def make(self) -> None:
        """Starts the threads, unless they run in this process."""
        inherited, self.inherited = self.inherited, ctypes.c_void_p()
        library().gln_thread_team_free(inherited)
        if not self.team:
            check(library().gln_thread_team_create(*self.arguments, ctypes.byref(self.team)))

    def free(self) -> None:
        """Gives up what there is; sessions keep what they use."""
        with self.lock:
            freed = (self.inherited, self.team)
            self.inherited, self.team = ctypes.c_void_p(), ctypes.c_void_p()
            for team in freed:
                library().gln_thread_team_free(team)


_all_handles: weakref.WeakSet[_TeamHandle] = weakref.WeakSet()


def _leave_parents() -> None:
    for handle in list(_all_handles):
        handle.leave_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents)


class ThreadTeam:
    """Threads that several Models share, so that together they take no more of the CPU than the team has threads.

    threads            how many work on a call, the caller's own included, 1 to 256; None for as many as CPUs are
                       allowed to this process.
    spin_microseconds  how long a thread that has nothing to do waits busily before it sleeps, 0 to 1000000.

    Give it to each Model as `team`. Models that run at the same time, in threads of yours, take turns many times a
    call. Results do not depend on it. Use it in a `with` statement, or call close(): Models that were made with it go
    on working. In a forked child process its Models share a team of new threads.

    Raises a subclass of googlenet.Error: InvalidArgumentError, OutOfMemoryError where the threads cannot be started, or
    LibraryNotFoundError.
    """

    def __init__(self, threads: int | None = None, spin_microseconds: int = 200) -> None:
        self._handle = handle = _TeamHandle(
            thread_count(threads), index_argument("spin_microseconds", spin_microseconds, 0, _SPIN_LIMIT)
        )
        self._is_open = True
        self._finalizer = weakref.finalize(self, handle.free)
        with handle.lock:
            handle.make()
            self._threads: int = library().gln_thread_team_threads(handle.team)

    @property
    def threads(self) -> int:
        """The number of threads, the caller's own included."""
        return self._threads

    def close(self) -> None:
        """Gives it up: the threads end with the last Model that uses them. May be repeated."""
        self._is_open = False
        self._handle.free()

    def _check_open(self) -> None:
        if not self._is_open:
            raise ClosedError("the thread team is closed")

    def _join(self, options: ctypes.c_void_p) -> None:
        """Has a session's options name the team. In a forked child also where it is closed, for Models made before."""
        with self._handle.lock:
            self._handle.make()
            check(library().gln_session_options_set_thread_team(options, self._handle.team))

    def __enter__(self) -> ThreadTeam:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise UnsupportedError("a ThreadTeam cannot be pickled or copied: make another one")

    def __repr__(self) -> str:
        return f"<googlenet.ThreadTeam{'' if self._is_open else ', closed'}: {self.threads} threads>"

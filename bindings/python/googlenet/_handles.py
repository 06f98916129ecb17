"""The C objects of a Session, and what becomes of them where calls, forks and close() meet."""

from __future__ import annotations

import ctypes
import os
import threading
import weakref

from ._errors import BusyError, CancelledError, cancelled
from ._library import library
from ._loaded_model import LoadedModel


class Turn:
    """One call's turn on a session, for which it may have to wait."""

    def __init__(self) -> None:
        self.has_begun = False
        self.is_given_up = False


class Handles:
    """The C objects of one Session. Whoever holds the lock does all but `leave_parent`, `cancel`, `give_up`."""

    def __init__(self) -> None:
        self.model: LoadedModel | None = None
        self.session = ctypes.c_void_p()
        # In a forked child the parent's session, whose threads are missing here. It keeps the packed weights.
        self.inherited = ctypes.c_void_p()
        # Its own thread may take it twice, so that what runs within a call (a signal handler, say) hangs on nothing.
        self.lock = threading.RLock()
        # Held for a moment where the session is cancelled, and where it is given away.
        self.cancelling = threading.RLock()
        self.is_running = False
        self.turn: Turn | None = None
        # Whether the call that runs is to end, also where it is not in the C library.
        self.is_cancelled = False
        # Whether a call has run on the session: one that nobody has used is lent to the first who asks for its like.
        self.is_used = False
        self.lender: Handles | None = None
        _all_handles.add(self)

    def leave_parent(self) -> None:
        """In a child that has just been forked, while it has one thread."""
        self.lock = threading.RLock()
        self.cancelling = threading.RLock()
        self.is_running = False
        self.turn = None
        if self.session:
            self.inherited, self.session = self.session, ctypes.c_void_p()

    def check_idle(self) -> None:
        """Refuses what is asked for by the thread that runs a call, within that call."""
        if self.is_running:
            raise BusyError("the session is running a call of this thread, within which it cannot be used")

    def borrow(self, lender: Handles) -> bool:
        """Takes over a session that its owner has not used, so that memory holds no more sessions than are in use.

        The owner makes another one when it needs it, of the same packed weights.
        """
        # Who runs a call keeps its session: nobody waits for it.
        if not lender.lock.acquire(blocking=False):
            return False
        try:
            if lender.is_running or lender.is_used or not lender.session:
                return False
            self.session = lender._take_session()
            self.lender = lender
            return True
        finally:
            lender.lock.release()

    def _take_session(self) -> ctypes.c_void_p:
        """The session, which is not this one's any more."""
        with self.cancelling:
            session, self.session = self.session, ctypes.c_void_p()
        return session

    def begin(self, turn: Turn) -> None:
        """Begins a call, unless its caller has given it up."""
        with self.cancelling:
            if turn.is_given_up:
                raise CancelledError("the call was given up before it began")
            turn.has_begun = True
            self.turn = turn
            self.is_cancelled = False

    def cancel(self) -> None:
        """Ends the call that runs; whoever calls holds no lock."""
        with self.cancelling:
            self.is_cancelled = True
            library().gln_session_cancel(self.session)

    def give_up(self, turn: Turn) -> bool:
        """Ends a turn's call, and nobody else's.

        Returns whether nothing is left to wait for, since it has not begun and never will.
        """
        with self.cancelling:
            turn.is_given_up = True
            if self.turn is turn:
                self.cancel()
            return not turn.has_begun

    def check_cancelled(self, done: int, count: int) -> None:
        """Raises CancelledError where the call that runs is to end, with so many of its images done."""
        if self.is_cancelled:
            raise cancelled(done, count)

    def _give_back(self, session: ctypes.c_void_p) -> bool:
        """To whom it was borrowed from, for the packed weights must stay in memory as long as one of them is open."""
        lender = self.lender if session else None
        while lender is not None:
            # Who runs a call has a session, or makes one.
            if lender.lock.acquire(blocking=False):
                try:
                    if lender.model is not None and not lender.session and not lender.is_running:
                        lender.session = session
                        return True
                finally:
                    lender.lock.release()
            lender = lender.lender
        return False

    def free_inherited(self) -> None:
        """Once the child's own session shares the packed weights, or needs none."""
        inherited, self.inherited = self.inherited, ctypes.c_void_p()
        library().gln_session_free(inherited)

    def free(self) -> None:
        """Waits for a running call, then frees what there is."""
        with self.lock:
            self.check_idle()
            if self.model is not None:
                # A child that is forked meanwhile must not free it again.
                session = self._take_session()
                self.free_inherited()
                if not self._give_back(session):
                    library().gln_session_free(session)
                self.model = None


_all_handles: weakref.WeakSet[Handles] = weakref.WeakSet()


def _leave_parents() -> None:
    for handles in list(_all_handles):
        handles.leave_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_parents)

"""Calls that Ctrl-C ends while they are in the C library."""

from __future__ import annotations

import _thread
import os
import threading
from collections.abc import Callable
from typing import Generic, TypeVar, cast

from ._errors import WrongProcessError

_Result = TypeVar("_Result")

_start = cast("Callable[[Callable[[], None], tuple[()]], int]", _thread.start_new_thread)


class _Call(Generic[_Result]):
    """What another thread does."""

    def __init__(self, work: Callable[[], _Result]) -> None:
        self._work = work
        self.results: list[_Result] = []
        self.errors: list[BaseException] = []
        self.is_ended = False
        # In a forked child, which has no such thread.
        self.is_lost = False
        self._running = _thread.allocate_lock()
        self._running.acquire()

    def run(self) -> None:
        try:
            self.results.append(self._work())
        except BaseException as error:
            self.errors.append(error)
        self.is_ended = True
        self._running.release()

    def wait(self, seconds: float) -> None:
        """Waits for the end, so long at most; without limit where it is negative."""
        if self._running.acquire(timeout=seconds):
            self._running.release()

    def lose(self) -> None:
        if not self.is_ended:
            self.is_lost = True
            self._running.release()


_calls: set[_Call[object]] = set()


def interruptible(work: Callable[[], _Result], give_up: Callable[[], bool]) -> _Result:
    """What `work` gives, called in another thread, so that Python sees signals in the main one meanwhile.

    Where a signal's handler raises, `give_up` is called until `work` has ended or it says that nothing is left to wait
    for. If handlers raise again and again, what they raise may come out before that: `work` itself must hold the locks
    that it needs. In other threads than the main one, where Python sees no signals, and where no thread can be started,
    `work` is simply called.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    call = _Call(work)
    raised: BaseException | None = None
    started: list[int] = []
    try:
        _calls.add(cast("_Call[object]", call))
        # No handler comes between the start and its being known.
        started.extend(map(_start, (call.run,), ((),)))
        call.wait(-1)
    except BaseException as error:
        raised = error
    try:
        if not started:
            if isinstance(raised, RuntimeError) and str(raised).startswith("can't "):
                return work()
            call.is_ended = True
        while not (call.is_ended or call.is_lost):
            try:
                if raised is not None and give_up():
                    break
                # What was cancelled may go on with the next picture.
                call.wait(-1 if raised is None else 0.01)
            except BaseException as error:
                raised = error
        if raised is not None:
            raise raised
        if call.is_lost:
            raise WrongProcessError("the process was forked within the call, which goes on in the parent alone")
        if call.errors:
            raise call.errors.pop()
        return call.results.pop()
    finally:
        _calls.discard(cast("_Call[object]", call))
        # Tracebacks refer to this frame and to the call.
        call.errors.clear()
        del raised


def _lose_calls() -> None:
    for call in list(_calls):
        call.lose()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_lose_calls)

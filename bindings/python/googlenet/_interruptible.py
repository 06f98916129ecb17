"""Calls that Ctrl-C ends while they are in the C library."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def interruptible(work: Callable[[], _Result], cancel: Callable[[], None]) -> _Result:
    """What `work` gives, called in another thread, so that Python sees signals in the main one meanwhile.

    Where a signal's handler raises, `cancel` is called until `work` has ended. In other threads than the main one,
    where Python sees no signals, and where no thread can be started, `work` is simply called.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    results: list[_Result] = []
    errors: list[BaseException] = []
    ended = threading.Event()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            ended.set()

    raised: BaseException | None = None
    try:
        threading.Thread(target=run, name="googlenet").start()
    except RuntimeError:
        return work()
    except BaseException as error:
        raised = error
    while not ended.is_set():
        try:
            if raised is not None:
                cancel()
            # What was cancelled may go on with the next picture.
            ended.wait(None if raised is None else 0.01)
        except BaseException as error:
            raised = error
    if raised is not None:
        raise raised
    if errors:
        raise errors[0]
    return results[0]

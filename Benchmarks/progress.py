"""A line on the terminal that shows how far long work has come; nothing where standard error is no terminal."""

from __future__ import annotations

import sys
import time

WIDTH = 24


class Progress:
    """Counts steps."""

    def __init__(self, title: str, total: int) -> None:
        self._title = title
        self._total = total
        self._done = 0
        self._start = time.monotonic()
        self._shown = sys.stderr.isatty() and total > 1

    def advance(self, step: str) -> None:
        """One step, described by `step`, is done."""
        self._done += 1
        if not self._shown:
            return
        filled = WIDTH * self._done // self._total
        left = (time.monotonic() - self._start) * (self._total - self._done) / self._done
        bar = "#" * filled + "." * (WIDTH - filled)
        line = f"{self._title} [{bar}] {self._done}/{self._total}, {left:.0f} s left, {step}"
        sys.stderr.write(f"\r\033[K{line[:110]}")
        sys.stderr.flush()

    def clear(self) -> None:
        """Takes the line away, for other output to come."""
        if self._shown:
            sys.stderr.write("\r\033[K")

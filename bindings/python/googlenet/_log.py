"""What the library tells of a Session that it makes, for the logger "googlenet"."""

from __future__ import annotations

import ctypes
import sys

from . import _declarations as c
from ._library import check, library
from ._receiver import RESUME, Receiver
from ._results import text


class SessionLog:
    """Collects lines while a session is made, to log them after it."""

    def __init__(self) -> None:
        # Who has not imported logging has told nobody to listen.
        logging = sys.modules.get("logging")
        self._logger = logging.getLogger("googlenet") if logging else None
        self._level: int = logging.INFO if logging else 0
        self._lines: list[str] = []
        self._receiver = Receiver(lambda line: self._lines.append(text(line)))
        self._function = c.LOG_FUNCTION(RESUME)

    def listen(self, options: ctypes.c_void_p) -> None:
        """Has the sessions made with some options tell."""
        if self._logger is not None and self._logger.isEnabledFor(self._level):
            check(library().gln_session_options_set_log(options, self._function, self._receiver.context))

    def write(self) -> None:
        """Logs what was told."""
        self._receiver.check()
        if self._logger is not None:
            for line in self._lines:
                self._logger.log(self._level, "%s", line)

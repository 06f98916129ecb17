"""Model files, and what the system says of those that cannot be read."""

from __future__ import annotations

import errno
import os
import stat

from ._arguments import path_argument
from ._errors import FileError
from ._library import check, library


def read_file(path: str | os.PathLike[str], handle: object) -> None:
    """Loads a model file; a FileError says what the system says of the path."""
    encoded = path_argument("model", path)
    try:
        check(library().gln_model_read_file(encoded, handle))
    except FileError as error:
        cause = _opening_error(encoded)
        raise FileError.about(path, str(error), cause) from cause


def _opening_error(path: bytes) -> OSError | None:
    try:
        # Whatever it is: a FIFO would wait for a writer.
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            if stat.S_ISDIR(os.fstat(file).st_mode):
                return IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        finally:
            os.close(file)
    except OSError as error:
        return error
    return None

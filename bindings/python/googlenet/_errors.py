"""Exceptions: one class for each status of the C library, each also the built-in class that fits."""

from __future__ import annotations

import builtins
import contextlib
import os
from collections.abc import Generator


class Error(Exception):
    """Anything that went wrong. `status` is the gln_status that fits; None where the C library has none."""

    status: int | None = None

    def __str__(self) -> str:
        # KeyError would show the message in quotes, OSError would look for an errno.
        return str(self.args[0]) if self.args else ""


class InvalidArgumentError(Error, ValueError):
    """An argument is out of range, has the wrong shape or contradicts another."""

    status = 1


class ArgumentTypeError(InvalidArgumentError, TypeError):
    """An argument is of a type that cannot be used at all."""


class OutOfMemoryError(Error, MemoryError):
    """There is no memory for the model, its packed weights or its activations."""

    status = 2


class FileError(Error, OSError):
    """A file cannot be opened, read or decoded.

    `filename` is the path as it was given, and `errno` what the system said; None where it did not come to that, as
    with a picture that is opened and then turns out to be damaged.
    """

    status = 3

    @classmethod
    def about(cls, path: str | bytes | os.PathLike[str], message: str, cause: BaseException | None = None) -> FileError:
        """The exception for a path; MissingFileError where nothing is there."""
        number = cause.errno if isinstance(cause, OSError) else None
        error = (MissingFileError if isinstance(cause, builtins.FileNotFoundError) else cls)(message)
        error.filename = os.fspath(path)
        if number is not None:
            error.errno, error.strerror = number, os.strerror(number)
        return error


class MissingFileError(FileError, builtins.FileNotFoundError):
    """There is no file of that name."""


class InvalidModelError(Error, ValueError):
    """Not a model file, or a truncated, corrupted or contradictory one."""

    status = 4


class UnsupportedVersionError(Error, RuntimeError):
    """A model file of a newer format, or a library of another ABI."""

    status = 5


class UnsupportedError(Error, NotImplementedError):
    """Well-formed, but nothing that the library runs."""

    status = 6


class NotFoundError(Error, KeyError):
    """The model has no layer of that name."""

    status = 7


class BufferTooSmallError(Error, BufferError):
    """A buffer cannot hold the result."""

    status = 8


class BackendUnavailableError(Error, RuntimeError):
    """The shared library of the backend is missing."""

    status = 9


class BusyError(Error, RuntimeError):
    """The session is running a call already, of this thread or another one."""

    status = 10


class LimitExceededError(Error, MemoryError):
    """The model needs more memory than `memory_limit` allows."""

    status = 11


class WrongProcessError(Error, RuntimeError):
    """A C object of the process that this one was forked from. Model, Session and ThreadTeam make their own there."""

    status = 12


class CancelledError(Error, RuntimeError):
    """The call was ended by its caller."""

    status = 13


class NotFiniteError(Error, ArithmeticError):
    """A value became infinite or NaN while the network ran."""

    status = 14


class ClosedError(Error, ValueError):
    """The Model, Session or ThreadTeam has been closed."""


class LibraryNotFoundError(Error, ImportError):
    """libgooglenet is nowhere where it is looked for, or cannot be loaded."""


_BY_STATUS: dict[int, type[Error]] = {
    kind.status: kind
    for kind in (
        InvalidArgumentError,
        OutOfMemoryError,
        FileError,
        InvalidModelError,
        UnsupportedVersionError,
        UnsupportedError,
        NotFoundError,
        BufferTooSmallError,
        BackendUnavailableError,
        BusyError,
        LimitExceededError,
        WrongProcessError,
        CancelledError,
        NotFiniteError,
    )
    if kind.status is not None
}


@contextlib.contextmanager
def out_of_memory_as_ours(what: str) -> Generator[None, None, None]:
    """Makes Python's and NumPy's MemoryError, which says little, an OutOfMemoryError that says for what."""
    try:
        yield
    except Error:
        raise
    except MemoryError as error:
        raise OutOfMemoryError(f"no memory for {what}{f': {error}' if str(error) else ''}") from error


def cancelled(done: int, count: int) -> CancelledError:
    """The exception for a call that was cancelled when so many of its images were done."""
    return CancelledError(f"the call was cancelled after {done} of {count} images")


def error_for(status: int, message: str) -> Error:
    """The exception for a status. A status that this package does not know gives a plain Error that carries it."""
    error = _BY_STATUS.get(status, Error)(message)
    error.status = status
    return error

"""Finds and loads libgooglenet."""

from __future__ import annotations

import ctypes
import os
import threading

from ._declarations import FUNCTIONS
from ._errors import LibraryNotFoundError, error_for

ABI_VERSION = 0
FILE_NAMES = ("libgooglenet.so", f"libgooglenet.so.{ABI_VERSION}")
ENVIRONMENT_VARIABLE = "GOOGLENET_LIBRARY"

_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None
_path = ""


def package_folder() -> str:
    """Where this package is."""
    return os.path.dirname(os.path.realpath(__file__))


def repository_folder() -> str:
    """Where the repository is, if this package lies in one."""
    return os.path.dirname(os.path.dirname(os.path.dirname(package_folder())))


def _candidates() -> list[str]:
    folders = (package_folder(), os.path.join(repository_folder(), "dist", "lib"))
    return [os.path.join(folder, name) for folder in folders for name in FILE_NAMES]


def _find() -> str:
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        if not os.path.isfile(named):
            raise LibraryNotFoundError(
                f"there is no file {named}, which the environment variable {ENVIRONMENT_VARIABLE} names as libgooglenet"
            )
        return os.path.realpath(named)
    candidates = _candidates()
    for candidate in candidates:
        if os.path.isfile(candidate):
            return candidate
    places = "".join(f"\n  {candidate}" for candidate in candidates)
    raise LibraryNotFoundError(
        f"libgooglenet was not found. Looked at: the environment variable {ENVIRONMENT_VARIABLE} (not set){places}\n"
        f"Build it with `make` in the repository, or set {ENVIRONMENT_VARIABLE} to the path of libgooglenet.so"
    )


def _load(path: str) -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(path)
        for name, (result, arguments) in FUNCTIONS.items():
            function = getattr(loaded, name)
            function.restype = result
            function.argtypes = arguments
    except (OSError, AttributeError) as error:
        raise LibraryNotFoundError(f"{path} cannot be used as libgooglenet: {error}") from error
    status = loaded.gln_check_abi(ABI_VERSION)
    if status:
        raise error_for(status, f"{path}: {loaded.gln_last_error_message().decode(errors='replace')}")
    return loaded


def library() -> ctypes.CDLL:
    """The loaded library; found and checked at the first call."""
    global _loaded, _path
    if _loaded is None:
        with _lock:
            if _loaded is None:
                path = _find()
                _loaded = _load(path)
                _path = path
    return _loaded


def last_message() -> str:
    """What was wrong in this thread's last call that failed."""
    message: bytes = library().gln_last_error_message()
    return message.decode(errors="replace")


def check(status: int) -> None:
    """Raises the exception of a status that is not GLN_OK, with the library's message about this thread's last call."""
    if status:
        raise error_for(status, last_message())


def library_version() -> str:
    """The version of the loaded library, such as "0.1.0"; raises LibraryNotFoundError where there is none."""
    version: bytes = library().gln_version_string()
    return version.decode()


def library_path() -> str:
    """The file that the library was loaded from; raises LibraryNotFoundError where there is none."""
    library()
    return _path


def cpu_isa() -> str:
    """The best instruction-set tier of this machine: "portable", "avx2", "avx-vnni", "avx512" or "avx512-vnni"."""
    loaded = library()
    name: bytes = loaded.gln_isa_name(loaded.gln_cpu_isa())
    return name.decode()

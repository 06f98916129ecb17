"""The model that comes with the package: ten kinds of clothing."""

from __future__ import annotations

import errno
import os

from ._errors import FileError
from ._library import library_path, package_folder, repository_folder

_NAME = "clothing.gln"
BUNDLED_VARIABLE = "GOOGLENET_MODEL"


def bundled_model() -> str:
    """Where it is: where GOOGLENET_MODEL says, beside the package or the library, or in the repository."""
    named = os.environ.get(BUNDLED_VARIABLE)
    if named:
        if not os.access(named, os.R_OK):
            number = errno.EACCES if os.path.exists(named) else errno.ENOENT
            cause = OSError(number, os.strerror(number), named)
            raise FileError.about(named, f"{BUNDLED_VARIABLE} says '{named}': {os.strerror(number)}", cause) from cause
        return named
    beside_library = os.path.join(os.path.dirname(os.path.dirname(library_path())), "share", "googlenet", _NAME)
    candidates = [
        os.path.join(package_folder(), _NAME),
        beside_library,
        os.path.join(repository_folder(), "models", _NAME),
    ]
    for candidate in candidates:
        if os.access(candidate, os.R_OK):
            return candidate
    cause = OSError(errno.ENOENT, os.strerror(errno.ENOENT), candidates[0])
    raise FileError.about(
        candidates[0],
        f"the bundled model is in none of {', '.join(candidates)}: name a model, or set {BUNDLED_VARIABLE} to one",
        cause,
    ) from cause

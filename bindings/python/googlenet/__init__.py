"""GoogLeNet (Inception v1) inference on the CPU.

import googlenet

with googlenet.Model() as model:  # the bundled one, or the path of a .gln file
    for prediction in model.classify("tshirt.png"):
        print(f"{prediction.probability:.3f} {prediction.label}")
"""

from ._errors import (
    ArgumentTypeError,
    BackendUnavailableError,
    BufferTooSmallError,
    BusyError,
    CancelledError,
    ClosedError,
    Error,
    FileError,
    InvalidArgumentError,
    InvalidModelError,
    LibraryNotFoundError,
    LimitExceededError,
    MissingFileError,
    NotFiniteError,
    NotFoundError,
    OutOfMemoryError,
    UnsupportedError,
    UnsupportedVersionError,
    WrongProcessError,
)
from ._library import cpu_isa, library_path, library_version
from ._model import Model
from ._picture import PictureLike
from ._preprocessing import Preprocessing
from ._results import Layer, Memory, OperationTime, Prediction
from ._session import Session
from ._thread_team import ThreadTeam
from ._transforms import Transforms
from ._view import View

__version__ = "0.1.0"

__all__ = [
    "ArgumentTypeError",
    "BackendUnavailableError",
    "BufferTooSmallError",
    "BusyError",
    "CancelledError",
    "ClosedError",
    "Error",
    "FileError",
    "InvalidArgumentError",
    "InvalidModelError",
    "Layer",
    "LibraryNotFoundError",
    "LimitExceededError",
    "Memory",
    "MissingFileError",
    "Model",
    "NotFiniteError",
    "NotFoundError",
    "OperationTime",
    "OutOfMemoryError",
    "PictureLike",
    "Prediction",
    "Preprocessing",
    "Session",
    "ThreadTeam",
    "Transforms",
    "UnsupportedError",
    "UnsupportedVersionError",
    "View",
    "WrongProcessError",
    "cpu_isa",
    "library_path",
    "library_version",
]

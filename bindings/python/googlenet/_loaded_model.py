"""A model in memory, which a Model and its Sessions share."""

from __future__ import annotations

import ctypes
import os
import weakref

from . import _declarations as c
from ._bundled import BUNDLED_VARIABLE, bundled_model
from ._errors import ArgumentTypeError, out_of_memory_as_ours
from ._files import read_file
from ._library import check, library


class LoadedModel:
    """A gln_model. It lives as long as something refers to it."""

    def __init__(self, model: str | os.PathLike[str] | bytes | bytearray | memoryview | None) -> None:
        self.pointer = ctypes.c_void_p()
        # bytes never change: they are read in place, and live as long as the C object.
        kept: bytes | None = None
        # What makes the same model in another process: a path, or None for the one that comes with the package.
        self.path: str | None = None
        self.has_path = not isinstance(model, (bytes, bytearray, memoryview))
        handle = ctypes.byref(self.pointer)
        if isinstance(model, (bytearray, memoryview)):
            with out_of_memory_as_ours("a copy of the model"):
                copied = bytes(model)
            check(library().gln_model_load_memory(copied, len(copied), c.MEMORY_COPY, handle))
        elif isinstance(model, bytes):
            kept = model
            check(library().gln_model_load_memory(model, len(model), c.MEMORY_BORROW, handle))
        elif model is None:
            found = bundled_model()
            read_file(found, handle)
            if os.environ.get(BUNDLED_VARIABLE) == found:
                self.path = os.path.abspath(found)
        elif isinstance(model, (str, os.PathLike)):
            read_file(model, handle)
            self.path = os.path.abspath(os.fsdecode(model))
        else:
            raise ArgumentTypeError(f"model is a {type(model).__name__}: a path or the bytes of a model file is needed")
        weakref.finalize(self, _free, self.pointer, kept)


def _free(pointer: ctypes.c_void_p, _: bytes | None) -> None:
    library().gln_model_free(pointer)

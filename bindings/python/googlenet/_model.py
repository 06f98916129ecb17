"""The Model: a trained network, loaded and made ready to run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from ._errors import UnsupportedError
from ._loaded_model import LoadedModel
from ._session import Session
from ._settings import Settings

if TYPE_CHECKING:
    from ._choices import Algorithm, Backend, Isa, Precision
    from ._thread_team import ThreadTeam


class Model(Session):
    """A trained network, loaded and made ready to run.

    model          the path of a .gln file made by `googlenet convert`, or its bytes; None for the bundled model, which
                   knows ten kinds of clothing (or the one that the environment variable GOOGLENET_MODEL names).
    threads        how many threads work on a call, 1 to 256; None for as many as CPUs are allowed to this process.
    precision      "float32", "int8" (needs a quantized model), or "auto" for the model's own.
    max_isa        the best instruction-set tier to use: "portable", "avx2", "avx-vnni", "avx512" or "avx512-vnni"; None
                   for the best of this machine. The environment variable GOOGLENET_MAX_ISA lowers it further.
    backend        "native", or "openblas" (float32 convolutions by libopenblas, which must be installed).
    algorithm      "auto" (per layer, direct or Winograd convolution), or "direct".
    input_size     another input size than the model's own, in pixels: one number for a square, or (height, width).
    memory_limit   the most bytes that it may take besides the model file: packed weights, activations, working memory
                   and pixels; None for 2 GiB.
    team           a ThreadTeam, whose threads it shares with other Models instead of starting its own; threads is then
                   the most of them that work for it, None for all.

    A file is read into memory: what becomes of it later does no harm. Only settings other than the first ones need it
    again, in `layer` and `session`, and then it must be what it was (FileError).

    Use it in a `with` statement, or call close(). It may be used from several threads: calls on one Model take turns,
    and Python's lock (the GIL) is released while the network runs. To run in parallel, make a Session for each thread
    with session(), which shares the weights; with a ThreadTeam if they shall not start threads each. In a forked child
    process it goes on working, with threads of its own. A Model of a file can be pickled, and copied: that makes
    another one of the same file and settings.

    What it tells of its making (tier, threads, memory) goes to logging.getLogger("googlenet"), at level INFO.

    Raises a subclass of googlenet.Error: FileError, InvalidModelError, UnsupportedVersionError, UnsupportedError,
    BackendUnavailableError, OutOfMemoryError, LimitExceededError or InvalidArgumentError; LibraryNotFoundError where
    there is no libgooglenet.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | bytearray | memoryview | None = None,
        threads: int | None = None,
        precision: Precision = "auto",
        max_isa: Isa | None = None,
        backend: Backend = "native",
        algorithm: Algorithm = "auto",
        input_size: int | tuple[int, int] | None = None,
        memory_limit: int | None = None,
        team: ThreadTeam | None = None,
    ) -> None:
        settings = Settings(threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team)
        self._open(settings, lambda: LoadedModel(model))

    def __reduce__(self) -> tuple[Any, ...]:
        loaded = self._loaded()
        if not loaded.has_path:
            raise UnsupportedError(
                "a Model of bytes cannot be pickled or copied: make it of a file's path, or another one of the bytes"
            )
        if self._settings.team is not None:
            raise UnsupportedError(
                "a Model with a ThreadTeam cannot be pickled or copied: make another one, with a team of its process"
            )
        return type(self), (loaded.path, *self._settings.arguments)

"""The Model: a trained network, loaded and made ready to run."""

from __future__ import annotations

import ctypes
import os
import weakref
from types import TracebackType
from typing import NoReturn

import numpy as np

from . import _library as c
from ._errors import (
    ArgumentTypeError,
    ClosedError,
    UnsupportedError,
    out_of_memory_as_ours,
)
from ._files import read_file
from ._handles import Handles, Use
from ._inputs import (
    BatchArgument,
    BatchLike,
    ImageArgument,
    ImageLike,
    address,
    choice_argument,
    index_argument,
    size_argument,
    text_argument,
)
from ._library import check, library
from ._results import Layer, Memory, OperationTime, Prediction, key, operation_time, text
from ._thread_team import THREAD_LIMIT, ThreadTeam


class Model:
    """A trained network, loaded and made ready to run.

    model          the path of a .gln file made by `googlenet convert`, or its bytes.
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
    again, in `layer`, and then it must be what it was (FileError).

    Use it in a `with` statement, or call close(). It may be used from several threads: calls on one Model take turns,
    and Python's lock (the GIL) is released while the network runs. To run in parallel, make a Model for each thread,
    with a ThreadTeam if they shall not start threads each. In a forked child process it goes on working, with threads
    of its own.

    Raises a subclass of googlenet.Error: FileError, InvalidModelError, UnsupportedVersionError, UnsupportedError,
    BackendUnavailableError, OutOfMemoryError, LimitExceededError or InvalidArgumentError; LibraryNotFoundError where
    there is no libgooglenet.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes | bytearray | memoryview,
        threads: int | None = None,
        precision: str = "auto",
        max_isa: str | None = None,
        backend: str = "native",
        algorithm: str = "auto",
        input_size: int | tuple[int, int] | None = None,
        memory_limit: int | None = None,
        team: ThreadTeam | None = None,
    ) -> None:
        height, width = size_argument("input_size", input_size)
        limit = 0 if memory_limit is None else index_argument("memory_limit", memory_limit, 1, 2**64 - 1)
        self._settings = (
            ("threads", (0 if threads is None else index_argument("threads", threads, 1, THREAD_LIMIT),)),
            ("max_isa", (choice_argument("max_isa", "best" if max_isa is None else max_isa, c.ISAS),)),
            ("backend", (choice_argument("backend", backend, c.BACKENDS),)),
            ("algorithm", (choice_argument("algorithm", algorithm, c.ALGORITHMS),)),
            ("precision", (choice_argument("precision", precision, c.PRECISIONS),)),
            ("input_size", (height, width)),
            ("memory_limit", (limit,)),
        )
        if team is not None and not isinstance(team, ThreadTeam):
            raise ArgumentTypeError(f"team is a {type(team).__name__}: a ThreadTeam is needed")
        self._team = team
        self._handles = handles = Handles()
        self._finalizer = weakref.finalize(self, handles.free)
        try:
            if team is not None:
                team._check_open()
            self._load(model)
            self._create_session()
            self._describe()
        except BaseException:
            self.close()
            raise

    def _load(self, model: str | os.PathLike[str] | bytes | bytearray | memoryview) -> None:
        loaded, handle = library(), ctypes.byref(self._handles.model)
        if isinstance(model, (bytearray, memoryview)):
            with out_of_memory_as_ours("a copy of the model"):
                copied = bytes(model)
            check(loaded.gln_model_load_memory(copied, len(copied), c.MEMORY_COPY, handle))
        elif isinstance(model, bytes):
            # bytes never change: read in place, and kept alive with the handles.
            self._handles.bytes = model
            check(loaded.gln_model_load_memory(model, len(model), c.MEMORY_BORROW, handle))
        elif isinstance(model, (str, os.PathLike)):
            read_file(model, handle)
        else:
            raise ArgumentTypeError(f"model is a {type(model).__name__}: a path or the bytes of a model file is needed")

    def _create_session(self) -> None:
        loaded, options = library(), ctypes.c_void_p()
        check(loaded.gln_session_options_create(ctypes.byref(options)))
        try:
            for name, values in self._settings:
                check(getattr(loaded, f"gln_session_options_set_{name}")(options, *values))
            if self._team is not None:
                self._team._join(options)
            check(loaded.gln_session_create(self._handles.model, options, ctypes.byref(self._handles.session)))
        finally:
            loaded.gln_session_options_free(options)

    def _describe(self) -> None:
        loaded, model, session = library(), self._handles.model, self._handles.session
        self._input_channels = loaded.gln_model_input_channels(model)
        self._input_size = (loaded.gln_session_input_height(session), loaded.gln_session_input_width(session))
        self._class_count = loaded.gln_model_class_count(model)
        self._feature_count = loaded.gln_model_feature_count(model)

    def _use(self) -> Use:
        """The handles, for one thread at a time, in a `with` statement."""
        return Use(self)

    def close(self) -> None:
        """Frees the network and its threads, after waiting for a call that runs in another thread. May be repeated."""
        self._finalizer()

    def __enter__(self) -> Model:
        if not self._handles.model:
            raise ClosedError("the model is closed")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise UnsupportedError("a Model cannot be pickled or copied: make another one of the same file and settings")

    def __repr__(self) -> str:
        if not self._handles.model:
            return "<googlenet.Model, closed>"
        return f"<googlenet.Model {self.name!r}: {self.class_count} classes, {self.isa}, {self.threads} threads>"

    @out_of_memory_as_ours("a picture")
    def classify(self, image: ImageLike, top: int | None = None, *, exif_orientation: bool = True) -> list[Prediction]:
        """The likeliest classes of a picture, most probable first; ties go to the lower class index.

        The picture is resized by the model's rule (docs/pictures.md of the project explains them), the centre is cut
        out at the network's input size and normalised.

        image             a path (opened with Pillow), a PIL image, or a uint8 array: H×W×3 RGB, H×W×4 RGBA (alpha is
                          ignored) or H×W gray, 1 to 65535 pixels each way, of any strides.
        top               how many, 1 to the number of classes; None for 5, or all where there are fewer.
        exif_orientation  whether files and PIL images are turned and mirrored as the orientation in their EXIF says,
                          which is how they are seen. An image that PIL.ImageOps.exif_transpose() has turned carries
                          none any more; one that you turned in another way may still do: then pass False. Arrays are
                          taken as they are.
        """
        argument = ImageArgument(image, exif_orientation)
        if top is None:
            top = min(5, self._class_count)
        capacity = index_argument("top", top, 1, self._class_count)
        best = (c.CPrediction * capacity)()
        count = ctypes.c_size_t()
        with self._use() as handles:
            check(
                library().gln_session_classify(
                    handles.session, ctypes.byref(argument.c_image), best, capacity, ctypes.byref(count)
                )
            )
            return [Prediction(text(p.label), p.probability, p.class_index) for p in best[: count.value]]

    @out_of_memory_as_ours("a picture")
    def preprocess(self, image: ImageLike, *, exif_orientation: bool = True) -> np.ndarray:
        """The resized, cut picture that classify() gives to the network: an H×W×3 uint8 RGB array (H×W×1 gray where the
        network takes one channel), ready for predict(). image and exif_orientation as in classify().
        """
        argument = ImageArgument(image, exif_orientation)
        pixels = np.empty((*self._input_size, self._input_channels), np.uint8)
        with self._use() as handles:
            check(
                library().gln_session_preprocess(
                    handles.session,
                    ctypes.byref(argument.c_image),
                    pixels.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8)),
                    pixels.size,
                )
            )
        return pixels

    @out_of_memory_as_ours("a batch and its results")
    def predict(self, batch: BatchLike, output: str = "probabilities") -> np.ndarray:
        """Runs the network on images of exactly its input size: no resize, no crop.

        batch   N×H×W×3 uint8 RGB pixels (N×H×W×1 where the network takes one channel), which are normalised here; or
                N×C×H×W float32 tensors, normalised already and in the network's own channel order. An array or a list
                of arrays of one image each; a single image without the first dimension counts as a batch of one.
        output  "probabilities" (each row sums to 1) or "logits" (before the softmax).

        Returns an N×classes float32 array. The row of an image does not depend on the batch that it came in.
        """
        kind = choice_argument("output", output, c.OUTPUTS)
        argument = BatchArgument(batch, self._input_channels, *self._input_size)
        values = np.empty((argument.count, self._class_count), np.float32)
        with self._use() as handles:
            check(
                library().gln_session_predict(
                    handles.session, ctypes.byref(argument.c_batch), kind, address(values), values.size
                )
            )
        return values

    @out_of_memory_as_ours("a batch and its results")
    def features(self, batch: BatchLike) -> np.ndarray:
        """The pooled features before the classifier: an N×feature_count float32 array. batch as in predict()."""
        argument = BatchArgument(batch, self._input_channels, *self._input_size)
        values = np.empty((argument.count, self._feature_count), np.float32)
        with self._use() as handles:
            check(
                library().gln_session_features(
                    handles.session, ctypes.byref(argument.c_batch), address(values), values.size
                )
            )
        return values

    @out_of_memory_as_ours("a batch and its results")
    def layer(self, name: str, batch: BatchLike) -> np.ndarray:
        """The output of any layer: an N×C×H×W float32 array (a convolution's before the activation that follows it).

        name   as in `layers`; NotFoundError (a KeyError) where there is none. The first call for a name takes about as
               long as creating the Model; the last three are kept.
        batch  as in predict().
        """
        shape = self.layer_shape(name)
        argument = BatchArgument(batch, self._input_channels, *self._input_size)
        values = np.empty((argument.count, *shape), np.float32)
        with self._use() as handles:
            check(
                library().gln_session_layer(
                    handles.session,
                    text_argument("name", name),
                    ctypes.byref(argument.c_batch),
                    address(values),
                    values.size,
                )
            )
        return values

    @out_of_memory_as_ours("a batch")
    def profile(self, batch: BatchLike) -> list[OperationTime]:
        """Runs the network one operation after another and takes the time of each, for each image of the batch.

        The sum is more than the time of predict(), which runs operations that do not depend on each other at the same
        time. Layers that need no operation of their own (concatenation in place, dropout) appear in none. Call it
        several times and take medians.

        batch  as in predict().
        """
        argument = BatchArgument(batch, self._input_channels, *self._input_size)
        times: list[OperationTime] = []
        receive = c.PROFILE_FUNCTION(lambda _, operation: times.append(operation_time(operation.contents)))
        with self._use() as handles:
            check(library().gln_session_profile(handles.session, ctypes.byref(argument.c_batch), receive, None))
        return times

    def layer_shape(self, name: str) -> tuple[int, int, int]:
        """Channels, height and width of a layer's output at this Model's input size."""
        encoded = text_argument("name", name)
        channels, height, width = ctypes.c_int32(), ctypes.c_int32(), ctypes.c_int32()
        with self._use() as handles:
            check(
                library().gln_session_layer_shape(
                    handles.session, encoded, ctypes.byref(channels), ctypes.byref(height), ctypes.byref(width)
                )
            )
        return channels.value, height.value, width.value

    @property
    def layers(self) -> list[Layer]:
        """The layers in the order in which they run, with their shapes at the model's own input size."""
        layers = []
        with self._use() as handles:
            for index in range(library().gln_model_layer_count(handles.model)):
                info = c.CLayerInfo(struct_size=ctypes.sizeof(c.CLayerInfo))
                check(library().gln_model_layer(handles.model, index, ctypes.byref(info)))
                layers.append(
                    Layer(
                        text(info.name),
                        text(info.kind),
                        info.channels,
                        info.height,
                        info.width,
                        info.parameter_count,
                        info.multiply_add_count,
                    )
                )
        return layers

    @property
    def labels(self) -> list[str]:
        """The name of each class; "" for each where the model has no labels."""
        with self._use() as handles:
            return [text(library().gln_model_label(handles.model, index)) for index in range(self._class_count)]

    @property
    def name(self) -> str:
        """The model's name as the converter stored it."""
        with self._use() as handles:
            return text(library().gln_model_name(handles.model))

    @property
    def producer(self) -> str:
        """The program that wrote the model file."""
        with self._use() as handles:
            return text(library().gln_model_producer(handles.model))

    @property
    def class_count(self) -> int:
        """The number of classes."""
        return self._class_count

    @property
    def feature_count(self) -> int:
        """The length of the vector that features() gives for an image."""
        return self._feature_count

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width in pixels of the images that predict() takes."""
        return self._input_size

    @property
    def input_channels(self) -> int:
        """The number of channels of the images that predict() takes."""
        return self._input_channels

    @property
    def parameter_count(self) -> int:
        """The number of trained values."""
        with self._use() as handles:
            return library().gln_model_parameter_count(handles.model)

    @property
    def multiply_add_count(self) -> int:
        """Multiply-adds for one image of the model's own input size."""
        with self._use() as handles:
            return library().gln_model_multiply_add_count(handles.model)

    @property
    def work_count(self) -> int:
        """A measure of how long an image takes, for bounding the work of a model that somebody else made.

        The multiply-adds; for pooling and local response normalization outputs times the values of a window; the
        outputs of all other layers. 2**64 - 1 where it is larger.
        """
        with self._use() as handles:
            return library().gln_model_work_count(handles.model)

    @property
    def isa(self) -> str:
        """The instruction-set tier really used."""
        with self._use() as handles:
            return library().gln_isa_name(library().gln_session_isa(handles.session)).decode()

    @property
    def threads(self) -> int:
        """The number of threads really used, the caller's own included."""
        with self._use() as handles:
            return library().gln_session_threads(handles.session)

    @property
    def precision(self) -> str:
        """ "float32" or "int8"."""
        with self._use() as handles:
            return key(c.PRECISIONS, library().gln_session_precision(handles.session))

    @property
    def backend(self) -> str:
        """ "native" or "openblas"."""
        with self._use() as handles:
            return key(c.BACKENDS, library().gln_session_backend(handles.session))

    @property
    def weight_bytes(self) -> int:
        """Bytes of packed weights."""
        with self._use() as handles:
            return library().gln_session_weight_bytes(handles.session)

    @property
    def activation_bytes(self) -> int:
        """Bytes of memory for activations."""
        with self._use() as handles:
            return library().gln_session_activation_bytes(handles.session)

    @property
    def memory(self) -> Memory:
        """What it holds in memory, and the most that it held at once."""
        info = c.CSessionMemoryInfo(struct_size=ctypes.sizeof(c.CSessionMemoryInfo))
        with self._use() as handles:
            check(library().gln_session_memory(handles.session, ctypes.byref(info)))
        return Memory(
            info.model_bytes,
            info.weight_bytes,
            info.arena_bytes,
            info.scratch_bytes,
            info.picture_bytes,
            info.peak_bytes,
        )

"""The Session: a network made ready to run."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _declarations as c
from ._arguments import address, choice_argument, text_argument, top_argument
from ._batch import Batch
from ._errors import ArgumentTypeError, UnsupportedError, out_of_memory_as_ours
from ._image import ImageArgument
from ._library import check, library
from ._network import Network
from ._receiver import RESUME, Receiver
from ._results import OperationTime, Prediction, operation_time, text
from ._rows import result_array

if TYPE_CHECKING:
    from types import EllipsisType

    from numpy.typing import NDArray

    from ._choices import Algorithm, Backend, Isa, Output, Precision
    from ._image import ImageLike
    from ._thread_team import ThreadTeam


class Session(Network):
    """A network made ready to run. A Model is one; session() makes more of the same weights.

    model         the Model, or a Session of it.
    threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team
                  as in Model; `...` for what `model` has. Weights that are packed for the same settings are in memory
                  once.

    A Session works in one thread at a time: calls from several take turns, and Python's lock (the GIL) is released
    while the network runs. Sessions run at the same time as each other. Model and Sessions may be closed in any order;
    the others go on working. In a forked child process a Session goes on working, with threads of its own.

    Raises a subclass of googlenet.Error, as Model does; ClosedError where the model is closed.
    """

    def __init__(
        self,
        model: Session,
        threads: int | None | EllipsisType = ...,
        precision: Precision | EllipsisType = ...,
        max_isa: Isa | None | EllipsisType = ...,
        backend: Backend | EllipsisType = ...,
        algorithm: Algorithm | EllipsisType = ...,
        input_size: int | tuple[int, int] | None | EllipsisType = ...,
        memory_limit: int | None | EllipsisType = ...,
        team: ThreadTeam | None | EllipsisType = ...,
    ) -> None:
        if not isinstance(model, Session):
            raise ArgumentTypeError(f"model is a {type(model).__name__}: a Model or a Session is needed")
        loaded = model._loaded()
        settings = model._settings.changed(
            threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team
        )
        # What packs other weights, or runs on other threads, is made anew.
        same = settings.arguments == model._settings.arguments
        self._open(settings, lambda: loaded, model._handles if same else None)

    def __reduce__(self) -> tuple[Any, ...]:
        raise UnsupportedError("a Session cannot be pickled or copied: pickle its Model, and make another one of that")

    def session(
        self,
        threads: int | None | EllipsisType = ...,
        precision: Precision | EllipsisType = ...,
        max_isa: Isa | None | EllipsisType = ...,
        backend: Backend | EllipsisType = ...,
        algorithm: Algorithm | EllipsisType = ...,
        input_size: int | tuple[int, int] | None | EllipsisType = ...,
        memory_limit: int | None | EllipsisType = ...,
        team: ThreadTeam | None | EllipsisType = ...,
    ) -> Session:
        """Another Session of the same weights, to run at the same time in another thread.

        threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team
                  as in Model; `...` for what this one has. Weights that are packed for the same settings are in memory
                  once.

        Raises a subclass of googlenet.Error, as Model does; ClosedError where this one is closed.
        """
        return Session(self, threads, precision, max_isa, backend, algorithm, input_size, memory_limit, team)

    @out_of_memory_as_ours("a picture")
    def classify(self, image: ImageLike, top: int | None = None, *, exif_orientation: bool = True) -> list[Prediction]:
        """The likeliest classes of a picture, most probable first; ties go to the lower class index.

        The picture is resized by the model's rule (docs/pictures.md of the project explains them), the centre is cut
        out at the network's input size and normalised.

        image             a path (opened with Pillow), a PIL image, or a uint8 array: H×W×3 RGB, H×W×4 RGBA (alpha is
                          ignored) or H×W gray, 1 to 65535 pixels each way, of any strides.
        top               how many, at least 1; all where there are fewer classes. None for 5.
        exif_orientation  whether files and PIL images are turned and mirrored as the orientation in their EXIF says,
                          which is how they are seen. An image that PIL.ImageOps.exif_transpose() has turned carries
                          none any more; one that you turned in another way may still do: then pass False. Arrays are
                          taken as they are.
        """
        argument = ImageArgument(image, exif_orientation)
        capacity = top_argument(top, self._class_count)
        best = (c.CPrediction * capacity)()

        def work(session: ctypes.c_void_p) -> list[Prediction]:
            check(library().gln_session_classify(session, ctypes.byref(argument.c_image), best, capacity, None))
            return [Prediction(text(p.label), p.probability, p.class_index) for p in best]

        return self._run(work)

    @out_of_memory_as_ours("a picture")
    def preprocess(self, image: ImageLike, *, exif_orientation: bool = True) -> NDArray[np.uint8]:
        """The resized, cut picture that classify() gives to the network: an H×W×3 uint8 RGB array (H×W×1 gray where the
        network takes one channel), ready for predict(). image and exif_orientation as in classify().
        """
        argument = ImageArgument(image, exif_orientation)
        pixels = np.empty((*self._facts.input_size, self._input_channels), np.uint8)
        self._run(
            lambda session: check(
                library().gln_session_preprocess(session, ctypes.byref(argument.c_image), address(pixels), pixels.size)
            )
        )
        return pixels

    @out_of_memory_as_ours("a batch and its results")
    def predict(
        self, batch: object, output: Output = "probabilities", *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Runs the network on images of exactly its input size: no resize, no crop.

        batch   N×H×W×3 uint8 RGB pixels (N×H×W×1 where the network takes one channel), which are normalised here; or
                N×C×H×W float32 tensors, normalised already and in the network's own channel order. An array or a list
                of arrays of one image each; a single image without the first dimension counts as a batch of one.
        output  "probabilities" (each row sums to 1) or "logits" (before the softmax).
        out     a C-contiguous float32 array for the result; None for a new one.

        Returns an N×classes float32 array. The row of an image does not depend on the batch that it came in.
        """
        kind = choice_argument("output", output, c.OUTPUTS)
        argument = Batch(batch, self._input_channels, *self._facts.input_size)
        values = result_array(out, (argument.count, self._class_count), argument.images)
        self._run(
            lambda session: argument.for_each_part(
                lambda first, part: library().gln_session_predict(
                    session, ctypes.byref(part), kind, address(values[first:]), values[first:].size
                )
            )
        )
        return values

    @out_of_memory_as_ours("a batch and its results")
    def features(self, batch: object, *, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The pooled features before the classifier: N×feature_count float32. batch and out as in predict()."""
        argument = Batch(batch, self._input_channels, *self._facts.input_size)
        values = result_array(out, (argument.count, self._feature_count), argument.images)
        self._run(
            lambda session: argument.for_each_part(
                lambda first, part: library().gln_session_features(
                    session, ctypes.byref(part), address(values[first:]), values[first:].size
                )
            )
        )
        return values

    @out_of_memory_as_ours("a batch and its results")
    def layer(self, name: str, batch: object, *, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """The output of any layer: an N×C×H×W float32 array (a convolution's before the activation that follows it).

        name   as in `layers`; NotFoundError (a KeyError) where there is none. The first call for a name takes about as
               long as creating the Model; the last three are kept.
        batch  as in predict().
        out    as in predict().
        """
        encoded = text_argument("name", name)
        shape = self.layer_shape(name)
        argument = Batch(batch, self._input_channels, *self._facts.input_size)
        values = result_array(out, (argument.count, *shape), argument.images)
        self._run(
            lambda session: argument.for_each_part(
                lambda first, part: library().gln_session_layer(
                    session, encoded, ctypes.byref(part), address(values[first:]), values[first:].size
                )
            )
        )
        return values

    @out_of_memory_as_ours("a batch")
    def profile(self, batch: object) -> list[OperationTime]:
        """Runs the network one operation after another and takes the time of each, for each image of the batch.

        The sum is more than the time of predict(), which runs operations that do not depend on each other at the same
        time. Layers that need no operation of their own (concatenation in place, dropout) appear in none. Call it
        several times and take medians.

        batch  images of exactly the network's size, as in predict().
        """
        argument = Batch(batch, self._input_channels, *self._facts.input_size)
        times: list[OperationTime] = []

        def profile(session: ctypes.c_void_p, first: int, part: c.CBatch) -> int:
            receiver = Receiver(lambda operation: times.append(operation_time(operation.contents, first)))
            status: int = library().gln_session_profile(session, ctypes.byref(part), function, receiver.context)
            receiver.check()
            return status

        function = c.PROFILE_FUNCTION(RESUME)
        self._run(lambda session: argument.for_each_part(lambda first, part: profile(session, first, part)))
        return times

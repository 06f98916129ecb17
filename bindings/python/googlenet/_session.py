"""The Session: a network made ready to run."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from . import _declarations as c
from ._arguments import choice_argument, is_list, text_argument, top_argument
from ._errors import (
    ArgumentTypeError,
    InvalidArgumentError,
    NotFoundError,
    UnsupportedError,
    out_of_memory_as_ours,
)
from ._library import library
from ._network import Network
from ._pictures import Pictures
from ._receiver import RESUME, Receiver
from ._requests import Best, Requests
from ._results import OperationTime, Prediction, operation_time
from ._rows import result_array
from ._transforms import Transforms

if TYPE_CHECKING:
    from types import EllipsisType

    from numpy.typing import NDArray

    from ._choices import Algorithm, Backend, Isa, Output, Precision
    from ._outputs import WantedOutput
    from ._picture import PictureLike
    from ._pictures import PicturesLike
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

    # A str is a Sequence of them, too: the first that fits counts.
    @overload
    def classify(  # type: ignore[overload-overlap]
        self, image: PictureLike, top: int | None = None, *, exif_orientation: bool = True
    ) -> list[Prediction]: ...

    @overload
    def classify(
        self, image: Sequence[PictureLike], top: int | None = None, *, exif_orientation: bool = True
    ) -> list[list[Prediction]]: ...

    @out_of_memory_as_ours("a picture")
    def classify(
        self, image: PicturesLike, top: int | None = None, *, exif_orientation: bool = True
    ) -> list[Prediction] | list[list[Prediction]]:
        """The likeliest classes of a picture, most probable first; ties go to the lower class index.

        The picture is resized by the model's rule (docs/pictures.md of the project explains them), the centre is cut
        out at the network's input size and normalised; a View says otherwise.

        image             a picture, or a list (or tuple, or other sequence) of them. A picture is
                          - a path, the bytes of a picture file, or a binary file object, which is read from where it is
                            to its end: these are decoded by Pillow;
                          - a PIL image;
                          - an array H×W×3 (RGB), H×W×4 (RGBA, alpha is ignored) or H×W (gray), of uint8 (0 to 255) or
                            of floats (0 to 1; values a little beyond count as 0 and 1, above 2 they are refused,
                            all must be finite), 1 to 65535 pixels each way, of any strides;
                          - a View of one of these.
                          The pictures of a list are read one after the other, each just before it is classified.
        top               how many, at least 1; all where there are fewer classes. None for 5.
        exif_orientation  whether files and PIL images are turned and mirrored as the orientation in their EXIF says,
                          which is how they are seen. An image that PIL.ImageOps.exif_transpose() has turned carries
                          none any more; one that you turned in another way may still do: then pass False. Arrays are
                          taken as they are.

        Returns a list of Predictions for a picture, a list of such lists for a list. Raises a subclass of
        googlenet.Error: ArgumentTypeError or InvalidArgumentError, FileError for what cannot be read, UnsupportedError
        where Pillow is needed and missing, NotFiniteError.
        """
        pictures = Pictures("image", image, exif_orientation)
        top = top_argument(top, self._class_count)
        best, requests = Best(len(pictures), top), Requests()
        requests.add_best(best, top)
        found = self._answer(pictures, requests, best.predictions)
        return found if pictures.is_list else found[0]

    @out_of_memory_as_ours("a picture")
    def preprocess(self, image: PicturesLike, *, exif_orientation: bool = True) -> NDArray[np.uint8]:
        """The resized, cut picture that classify() gives to the network, ready for predict().

        image, exif_orientation
                as in classify().

        Returns an H×W×3 uint8 RGB array (H×W×1 gray where the network takes one channel), for a list N of them in one
        array. Raises as classify() does.
        """
        pixels = self._preprocess("image", image, exif_orientation)
        return pixels if is_list(image) else pixels[0]

    @out_of_memory_as_ours("pictures")
    def normalize(self, pictures: PicturesLike, *, exif_orientation: bool = True) -> NDArray[np.float32]:
        """What the network sees of pictures: an N×C×H×W float32 tensor in the network's own order of channels.

        pictures, exif_orientation
                as image in classify(); a single one counts as a list of one.

        Each value is (pixel - mean) × scale of what preprocess() gives: predict() answers the same for both. Raises
        as preprocess() does.
        """
        return self._normalize("pictures", pictures, exif_orientation)

    def transforms(self) -> Transforms:
        """The model's preprocessing as a callable object for data loaders: a picture in, a C×H×W float32 tensor out."""
        return Transforms(self)

    @out_of_memory_as_ours("a batch and its results")
    def predict(
        self,
        batch: PicturesLike,
        output: Output = "probabilities",
        *,
        out: NDArray[np.float32] | None = None,
        exif_orientation: bool = True,
    ) -> NDArray[np.float32]:
        """Runs the network on pictures, or on images of exactly its input size.

        batch   either images of exactly the network's input size: N×H×W×3 uint8 RGB pixels (N×H×W×1 where the network
                takes one channel), which are normalised here; or N×C×H×W float32 tensors, normalised already and in the
                network's own channel order. An array, or a list of arrays of one image each; a single image without the
                first dimension counts as a batch of one. They are neither resized nor cut.
                Or pictures, one or a list of them, as in classify(): paths, PIL images, contents of files, file
                objects, Views, and arrays of one picture of another size. They are resized and cut as classify() does.
                So an array of H×W×3 uint8 pixels, or C×H×W float32 values, of exactly the network's size is taken as it
                is, and any other array of one picture is resized. What could be meant either way is refused
                (InvalidArgumentError): a list with arrays of both kinds, and a picture in an array of the network's
                height and width whose type or channels are others. A View makes a picture of an array of any size.
        output  "probabilities" (each row sums to 1) or "logits" (before the softmax).
        out     a C-contiguous float32 array of the result's shape, to be written to; None for a new one. Where the call
                fails, rows of images before the one concerned may have been written.
        exif_orientation
                as in classify().

        Returns an N×classes float32 array. The row of an image does not depend on the batch that it came in. Raises as
        classify() does.
        """
        kind = choice_argument("output", output, c.OUTPUTS)
        request = (c.REQUEST_PROBABILITIES, c.REQUEST_LOGITS)[kind]

        def run(session: ctypes.c_void_p, part: object, values: int, capacity: int) -> int:
            return int(library().gln_session_predict(session, part, kind, values, capacity))

        return self._rows(batch, run, request, (self._class_count,), out, exif_orientation)

    @out_of_memory_as_ours("a batch and its results")
    def features(
        self,
        batch: PicturesLike,
        *,
        out: NDArray[np.float32] | None = None,
        exif_orientation: bool = True,
    ) -> NDArray[np.float32]:
        """The pooled features before the classifier: an N×feature_count float32 array.

        batch, out, exif_orientation
                as in predict(), which raises the same.
        """

        def run(session: ctypes.c_void_p, part: object, values: int, capacity: int) -> int:
            return int(library().gln_session_features(session, part, values, capacity))

        return self._rows(batch, run, c.REQUEST_FEATURES, (self._feature_count,), out, exif_orientation)

    @out_of_memory_as_ours("a batch and its results")
    def layer(
        self,
        name: str,
        batch: PicturesLike,
        *,
        out: NDArray[np.float32] | None = None,
        exif_orientation: bool = True,
    ) -> NDArray[np.float32]:
        """The output of any layer: an N×C×H×W float32 array (a convolution's before the activation that follows it).

        name    as in `layers`; NotFoundError (a KeyError) where there is none. The first call for a name takes about as
                long as creating the Model; the last four are kept.
        batch, out, exif_orientation
                as in predict(), which raises the same.
        """
        encoded = text_argument("name", name)
        shape = self.layer_shape(name)

        def run(session: ctypes.c_void_p, part: object, values: int, capacity: int) -> int:
            return int(library().gln_session_layer(session, encoded, part, values, capacity))

        return self._rows(batch, run, c.REQUEST_LAYER, shape, out, exif_orientation, encoded)

    @out_of_memory_as_ours("pictures and results")
    def run(
        self,
        pictures: PicturesLike,
        outputs: Sequence[str] = ("probabilities",),
        *,
        top: int | None = None,
        out: dict[str, NDArray[np.float32]] | None = None,
        exif_orientation: bool = True,
    ) -> dict[str, NDArray[Any]]:
        """Several outputs for pictures, of one pass over the network for each picture.

        pictures  as image in classify(); a single one counts as a list of one. Arrays are pictures here whatever their
                  size: they are resized and cut.
        outputs   one or several of "probabilities", "logits", "features", "top-5" (or another number) and the names of
                  layers, as in `layers`. For a layer that is called as one of these words there is layer().
        top       the same as "top-N" among the outputs; None for none.
        out       C-contiguous float32 arrays to write some of the results to, by output; None for new ones.
        exif_orientation
                  as in classify().

        Returns an array for each output, whose first dimension is the pictures: float32, N×classes for "probabilities"
        and "logits", N×feature_count for "features", N×C×H×W for layers; for "top-K" an N×K structured array with the
        fields class_index (int32), probability (float32) and label (str), most probable first, and K at most the number
        of classes. Raises as classify() does; NotFoundError for an unknown layer, before anything is computed.
        """
        from ._outputs import wanted_outputs

        seen, requests = Pictures("pictures", pictures, exif_orientation), Requests()
        results: dict[str, NDArray[np.float32] | Best] = {}
        if out is not None and not isinstance(out, dict):
            raise ArgumentTypeError(f"out is a {type(out).__name__}: a dict of arrays is needed")
        given = dict(out or {})
        for it in wanted_outputs(outputs, top, self._class_count):
            if it.top:
                results[it.name] = best = Best(len(seen), it.top)
                requests.add_best(best, it.top)
                continue
            kind, shape, layer = self._output(it)
            kept = seen.arrays() + [made for made in results.values() if isinstance(made, np.ndarray)]
            values = result_array(given.pop(it.name, None), (len(seen), *shape), kept, f"out[{it.name!r}]")
            results[it.name] = values
            requests.add(kind, values, layer)
        if given:
            raise InvalidArgumentError(f"out has {next(iter(given))!r}, which is no output of floats that is asked for")
        return self._answer(
            seen,
            requests,
            lambda: {name: it.array() if isinstance(it, Best) else it for name, it in results.items()},
        )

    def _output(self, wanted: WantedOutput) -> tuple[int, tuple[int, ...], bytes | None]:
        """What to ask for, and the shape of the answer for a picture."""
        match wanted.name:
            case "probabilities":
                return c.REQUEST_PROBABILITIES, (self._class_count,), None
            case "logits":
                return c.REQUEST_LOGITS, (self._class_count,), None
            case "features":
                return c.REQUEST_FEATURES, (self._feature_count,), None
            case _:
                try:
                    return c.REQUEST_LAYER, self.layer_shape(wanted.name), wanted.encoded
                except NotFoundError as error:
                    words = '"probabilities", "logits", "features", "top-5" (or another number)'
                    raise NotFoundError(f"{error}; `layers` has their names, the other outputs are {words}") from None

    @out_of_memory_as_ours("a batch")
    def profile(self, batch: NDArray[Any] | Sequence[NDArray[Any]]) -> list[OperationTime]:
        """Runs the network one operation after another and takes the time of each, for each image of the batch.

        The sum is more than the time of predict(), which runs operations that do not depend on each other at the same
        time. Layers that need no operation of their own (concatenation in place, dropout) appear in none. Call it
        several times and take medians.

        batch  images of exactly the network's size, as in predict().
        """
        from ._batch import Batch

        argument = Batch(batch, self._input_channels, *self._facts.input_size)
        times: list[OperationTime] = []

        def profile(session: ctypes.c_void_p, first: int, part: c.CBatch) -> int:
            receiver = Receiver(lambda operation: times.append(operation_time(operation.contents, first)))
            status: int = library().gln_session_profile(session, ctypes.byref(part), function, receiver.context)
            receiver.check()
            return status

        function = c.PROFILE_FUNCTION(RESUME)
        self._run(
            lambda session: argument.for_each_part(lambda first, part: profile(session, first, part), self._handles)
        )
        return times

"""A network that is ready to run: what a Session has besides its calls."""

from __future__ import annotations

import ctypes
import itertools
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from . import _declarations as c
from ._arguments import address, text_argument
from ._description import Description
from ._errors import CancelledError, ClosedError, cancelled, error_for
from ._handles import Handles, Turn
from ._interruptible import interruptible
from ._library import check, last_message, library
from ._log import SessionLog
from ._pictures import Pictures, about_picture, c_view
from ._preprocessing import normalized
from ._requests import Requests
from ._rows import result_array
from ._session_facts import SessionFacts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._choices import Backend, Isa, Precision
    from ._loaded_model import LoadedModel
    from ._results import Memory
    from ._settings import Settings

# From inputs of so many pixels on an image takes a tenth of a second and more: Ctrl-C is to end it in between.
_LONG_CALL_PIXELS = 250_000

_Self = TypeVar("_Self", bound="Network")
_Result = TypeVar("_Result")


class Network(Description):
    """The C objects of a Session, made and given up, and what they tell of themselves."""

    def _open(self, settings: Settings, load: Callable[[], LoadedModel], lender: Handles | None = None) -> None:
        self._settings = settings
        self._handles = handles = Handles()
        weakref.finalize(self, handles.free)
        try:
            if settings.team is not None:
                settings.team._check_open()
            handles.model = loaded = load()
            if lender is None or not handles.borrow(lender):
                self._create_session(handles, loaded)
            self._facts = SessionFacts.of(handles.session)
            self._describe(loaded)
        except BaseException:
            self.close()
            raise

    def _create_session(self, handles: Handles, model: LoadedModel) -> None:
        loaded, options, log = library(), ctypes.c_void_p(), SessionLog()
        check(loaded.gln_session_options_create(ctypes.byref(options)))
        try:
            self._settings.set(options)
            log.listen(options)
            check(loaded.gln_session_create(model.pointer, options, ctypes.byref(handles.session)))
        finally:
            loaded.gln_session_options_free(options)
        log.write()

    def _loaded(self) -> LoadedModel:
        model = self._handles.model
        if model is None:
            raise ClosedError(f"the {type(self).__name__.lower()} is closed")
        return model

    def _run(self, work: Callable[[ctypes.c_void_p], _Result]) -> _Result:
        """Calls `work` with the gln_session, for one thread at a time."""
        height, width = self._facts.input_size
        turn = Turn()
        if height * width < _LONG_CALL_PIXELS:
            return self._run_here(work, turn)
        return interruptible(lambda: self._run_here(work, turn), lambda: self._handles.give_up(turn))

    def _run_here(self, work: Callable[[ctypes.c_void_p], _Result], turn: Turn) -> _Result:
        handles = self._handles
        with handles.lock:
            handles.check_idle()
            handles.begin(turn)
            # Nothing is called between here and `try`, so that no signal handler can come between them.
            handles.is_running = True
            try:
                model = self._loaded()
                if not handles.session:
                    self._create_session(handles, model)
                    handles.free_inherited()
                    self._facts = SessionFacts.of(handles.session)
                handles.is_used = True
                return work(handles.session)
            finally:
                handles.is_running = False
                handles.turn = None

    def cancel(self) -> None:
        """Ends the call that runs, which raises CancelledError; does nothing where none runs.

        From any thread, and from signal handlers. The network stops within its longest operation; a call that is
        about to compute the next images may do so first, for a twentieth of a second or one image. The error says how
        many images were done: their results are in `out` arrays, the others' are not.
        """
        self._handles.cancel()

    def close(self) -> None:
        """Frees it and its threads, after waiting for a call that runs in another thread. May be repeated.

        Raises BusyError within a call of the same thread, as in a signal handler.
        """
        self._handles.free()

    def __enter__(self: _Self) -> _Self:
        self._loaded()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        kind = f"googlenet.{type(self).__name__}"
        if self._handles.model is None:
            return f"<{kind}, closed>"
        return f"<{kind} {self.name!r}: {self.class_count} classes, {self.isa}, {self.threads} threads>"

    def _look_at(
        self, pictures: Pictures, look: Callable[[ctypes.c_void_p, int, c.CView], int], answer: Callable[[], _Result]
    ) -> _Result:
        """Calls `look` with each picture's number and view, and `answer` at the end, while the model is alive."""
        seen = iter(pictures)
        # Read before the session is taken, so that threads that share one read at the same time.
        first = next(seen)

        def look_at_all(session: ctypes.c_void_p) -> _Result:
            # One picture a call: the next one is read in between, and Python sees signals (Ctrl-C).
            for index, it in enumerate(itertools.chain((first,), seen)):
                self._handles.check_cancelled(index, len(pictures))
                status = look(session, index, c_view(it))
                if status == CancelledError.status:
                    raise cancelled(index, len(pictures))
                if status:
                    raise error_for(status, about_picture(it.name, last_message()))
            return answer()

        return self._run(look_at_all)

    def _answer(self, pictures: Pictures, requests: Requests, answer: Callable[[], _Result]) -> _Result:
        """Runs the network on each picture, and calls `answer` at the end, while the model is alive."""

        def look(session: ctypes.c_void_p, index: int, view: c.CView) -> int:
            asked = requests.of(index)
            return int(library().gln_session_run(session, ctypes.byref(view), 1, asked, len(asked)))

        return self._look_at(pictures, look, answer)

    def _rows(
        self,
        batch: object,
        run: Callable[[ctypes.c_void_p, object, int, int], int],
        request: int,
        shape: tuple[int, ...],
        out: NDArray[np.float32] | None,
        exif_orientation: bool,
        layer: bytes | None = None,
    ) -> NDArray[np.float32]:
        """A row for each image of a batch, by `run`, or for each picture, by a request."""
        # Not before it is needed: a program that only classifies starts faster.
        from ._batch import Batch, is_batch

        size = (self._input_channels, *self._facts.input_size)
        if not is_batch(batch, *size):
            pictures = Pictures("batch", batch, exif_orientation)
            values, requests = result_array(out, (len(pictures), *shape), pictures.arrays()), Requests()
            requests.add(request, values, layer)
            return self._answer(pictures, requests, lambda: values)
        images = Batch(batch, *size)
        values = result_array(out, (images.count, *shape), [images.images])

        def run_parts(session: ctypes.c_void_p) -> NDArray[np.float32]:
            images.for_each_part(
                lambda first, part: run(session, ctypes.byref(part), address(values[first:]), values[first:].size),
                self._handles,
            )
            return values

        return self._run(run_parts)

    def _preprocess(self, name: str, pictures: object, exif_orientation: bool) -> NDArray[np.uint8]:
        """The resized, cut pictures, N×H×W×C."""
        argument = Pictures(name, pictures, exif_orientation)
        pixels = np.empty((len(argument), *self._facts.input_size, self._input_channels), np.uint8)

        def look(session: ctypes.c_void_p, index: int, view: c.CView) -> int:
            place, size = address(pixels[index]), pixels[index].size
            return int(library().gln_session_preprocess_view(session, ctypes.byref(view), place, size))

        return self._look_at(argument, look, lambda: pixels)

    def _normalize(self, name: str, pictures: object, exif_orientation: bool) -> NDArray[np.float32]:
        """What the network sees of pictures, N×C×H×W."""
        return normalized(self._preprocess(name, pictures, exif_orientation), self.preprocessing)

    def layer_shape(self, name: str) -> tuple[int, int, int]:
        """Channels, height and width of a layer's output at this Session's input size.

        name  as in `layers`; NotFoundError (a KeyError) where there is none.
        """
        encoded = text_argument("name", name)
        shape = [ctypes.c_int32() for _ in range(3)]
        places = map(ctypes.byref, shape)
        self._run_here(lambda session: check(library().gln_session_layer_shape(session, encoded, *places)), Turn())
        channels, height, width = shape
        return channels.value, height.value, width.value

    def _told(self) -> SessionFacts:
        """What the session tells of itself, without waiting for a call that runs."""
        self._loaded()
        return self._facts

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width in pixels of the images that predict() takes."""
        return self._facts.input_size

    @property
    def isa(self) -> Isa:
        """The instruction-set tier really used."""
        return self._told().isa

    @property
    def threads(self) -> int:
        """The number of threads really used, the caller's own included."""
        return self._told().threads

    @property
    def precision(self) -> Precision:
        """ "float32" or "int8"."""
        return self._told().precision

    @property
    def backend(self) -> Backend:
        """ "native" or "openblas"."""
        return self._told().backend

    @property
    def weight_bytes(self) -> int:
        """Bytes of packed weights, which Sessions of the same settings share."""
        return self._told().weight_bytes

    @property
    def activation_bytes(self) -> int:
        """Bytes of memory for activations."""
        return self._told().activation_bytes

    @property
    def memory(self) -> Memory:
        """What it holds in memory, and the most that it held at once."""
        return self._told().memory

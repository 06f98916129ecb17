"""A network that is ready to run: what a Session has besides its calls."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._arguments import text_argument
from ._description import Description
from ._errors import ClosedError
from ._handles import Handles
from ._library import check, library
from ._log import SessionLog
from ._session_facts import SessionFacts

if TYPE_CHECKING:
    from ._choices import Backend, Isa, Precision
    from ._loaded_model import LoadedModel
    from ._results import Memory
    from ._settings import Settings

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
        handles = self._handles
        with handles.lock:
            handles.check_idle()
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

    def layer_shape(self, name: str) -> tuple[int, int, int]:
        """Channels, height and width of a layer's output at this Session's input size.

        name  as in `layers`; NotFoundError (a KeyError) where there is none.
        """
        encoded = text_argument("name", name)
        shape = [ctypes.c_int32() for _ in range(3)]
        places = map(ctypes.byref, shape)
        self._run(lambda session: check(library().gln_session_layer_shape(session, encoded, *places)))
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

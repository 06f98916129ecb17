"""Finds and loads libgooglenet and declares its functions as include/googlenet.h does."""

from __future__ import annotations

import ctypes
import os
import threading
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_size_t, c_uint8, c_uint32, c_uint64, c_void_p
from pathlib import Path

from ._errors import LibraryNotFoundError, error_for

ABI_VERSION = 0
FILE_NAMES = ("libgooglenet.so", f"libgooglenet.so.{ABI_VERSION}")
ENVIRONMENT_VARIABLE = "GOOGLENET_LIBRARY"

MEMORY_COPY, MEMORY_BORROW = 0, 1
ISAS = {"best": 0, "portable": 1, "avx2": 2, "avx-vnni": 3, "avx512": 4, "avx512-vnni": 5}
BACKENDS = {"native": 0, "openblas": 1}
ALGORITHMS = {"auto": 0, "direct": 1}
PRECISIONS = {"auto": 0, "float32": 1, "int8": 2}
OUTPUTS = {"probabilities": 0, "logits": 1}
PIXEL_RGB, PIXEL_RGBA, PIXEL_GRAY = 0, 2, 4
BATCH_U8, BATCH_FLOAT32 = 0, 1


class CLayerInfo(ctypes.Structure):
    """gln_layer_info."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("name", c_char_p),
        ("kind", c_char_p),
        ("channels", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("parameter_count", c_uint64),
        ("multiply_add_count", c_uint64),
    )


class CImage(ctypes.Structure):
    """gln_image."""

    _fields_ = (
        ("pixels", c_void_p),
        ("width", c_int32),
        ("height", c_int32),
        ("row_stride", ctypes.c_ssize_t),
        ("format", c_int),
    )


class CPrediction(ctypes.Structure):
    """gln_prediction."""

    _fields_ = (("class_index", c_int32), ("probability", c_float), ("label", c_char_p))


class CBatch(ctypes.Structure):
    """gln_batch."""

    _fields_ = (("kind", c_int), ("format", c_int), ("data", c_void_p), ("count", c_size_t))


class CSessionMemoryInfo(ctypes.Structure):
    """gln_session_memory_info."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("model_bytes", c_size_t),
        ("weight_bytes", c_size_t),
        ("arena_bytes", c_size_t),
        ("scratch_bytes", c_size_t),
        ("picture_bytes", c_size_t),
        ("peak_bytes", c_size_t),
    )


class COperationTime(ctypes.Structure):
    """gln_operation_time."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("image", c_size_t),
        ("layer_count", c_size_t),
        ("layers", POINTER(c_char_p)),
        ("kind", c_char_p),
        ("kernel", c_char_p),
        ("precision", c_int),
        ("channels", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("multiply_add_count", c_uint64),
        ("multiplication_count", c_uint64),
        ("nanoseconds", c_uint64),
    )


PROFILE_FUNCTION = ctypes.CFUNCTYPE(None, c_void_p, POINTER(COperationTime))

_FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
    "gln_version_number": (c_uint32, ()),
    "gln_version_string": (c_char_p, ()),
    "gln_last_error_message": (c_char_p, ()),
    "gln_check_abi": (c_int, (c_uint32,)),
    "gln_isa_name": (c_char_p, (c_int,)),
    "gln_cpu_isa": (c_int, ()),
    "gln_model_read_file": (c_int, (c_char_p, POINTER(c_void_p))),
    "gln_model_load_memory": (c_int, (c_void_p, c_size_t, c_int, POINTER(c_void_p))),
    "gln_model_free": (None, (c_void_p,)),
    "gln_model_name": (c_char_p, (c_void_p,)),
    "gln_model_producer": (c_char_p, (c_void_p,)),
    "gln_model_class_count": (c_size_t, (c_void_p,)),
    "gln_model_label": (c_char_p, (c_void_p, c_size_t)),
    "gln_model_input_channels": (c_int32, (c_void_p,)),
    "gln_model_feature_count": (c_size_t, (c_void_p,)),
    "gln_model_parameter_count": (c_uint64, (c_void_p,)),
    "gln_model_multiply_add_count": (c_uint64, (c_void_p,)),
    "gln_model_work_count": (c_uint64, (c_void_p,)),
    "gln_model_layer_count": (c_size_t, (c_void_p,)),
    "gln_model_layer": (c_int, (c_void_p, c_size_t, POINTER(CLayerInfo))),
    "gln_session_options_create": (c_int, (POINTER(c_void_p),)),
    "gln_session_options_free": (None, (c_void_p,)),
    "gln_session_options_set_threads": (c_int, (c_void_p, c_int32)),
    "gln_session_options_set_max_isa": (c_int, (c_void_p, c_int)),
    "gln_session_options_set_backend": (c_int, (c_void_p, c_int)),
    "gln_session_options_set_algorithm": (c_int, (c_void_p, c_int)),
    "gln_session_options_set_precision": (c_int, (c_void_p, c_int)),
    "gln_session_options_set_input_size": (c_int, (c_void_p, c_int32, c_int32)),
    "gln_session_options_set_memory_limit": (c_int, (c_void_p, c_uint64)),
    "gln_session_options_set_thread_team": (c_int, (c_void_p, c_void_p)),
    "gln_thread_team_create": (c_int, (c_int32, c_int32, POINTER(c_void_p))),
    "gln_thread_team_free": (None, (c_void_p,)),
    "gln_thread_team_threads": (c_int32, (c_void_p,)),
    "gln_session_create": (c_int, (c_void_p, c_void_p, POINTER(c_void_p))),
    "gln_session_free": (None, (c_void_p,)),
    "gln_session_isa": (c_int, (c_void_p,)),
    "gln_session_threads": (c_int32, (c_void_p,)),
    "gln_session_precision": (c_int, (c_void_p,)),
    "gln_session_backend": (c_int, (c_void_p,)),
    "gln_session_input_height": (c_int32, (c_void_p,)),
    "gln_session_input_width": (c_int32, (c_void_p,)),
    "gln_session_weight_bytes": (c_size_t, (c_void_p,)),
    "gln_session_activation_bytes": (c_size_t, (c_void_p,)),
    "gln_session_memory": (c_int, (c_void_p, POINTER(CSessionMemoryInfo))),
    "gln_session_profile": (c_int, (c_void_p, POINTER(CBatch), PROFILE_FUNCTION, c_void_p)),
    "gln_session_classify": (
        c_int,
        (c_void_p, POINTER(CImage), POINTER(CPrediction), c_size_t, POINTER(c_size_t)),
    ),
    "gln_session_preprocess": (c_int, (c_void_p, POINTER(CImage), POINTER(c_uint8), c_size_t)),
    "gln_session_predict": (c_int, (c_void_p, POINTER(CBatch), c_int, c_void_p, c_size_t)),
    "gln_session_features": (c_int, (c_void_p, POINTER(CBatch), c_void_p, c_size_t)),
    "gln_session_layer_shape": (
        c_int,
        (c_void_p, c_char_p, POINTER(c_int32), POINTER(c_int32), POINTER(c_int32)),
    ),
    "gln_session_layer": (c_int, (c_void_p, c_char_p, POINTER(CBatch), c_void_p, c_size_t)),
}

_lock = threading.Lock()
_loaded: ctypes.CDLL | None = None
_path = ""


def _candidates() -> list[Path]:
    package = Path(__file__).resolve().parent
    folders = [package]
    if len(package.parents) > 2:
        folders.append(package.parents[2] / "dist" / "lib")
    return [folder / name for folder in folders for name in FILE_NAMES]


def _find() -> Path:
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        if not Path(named).is_file():
            raise LibraryNotFoundError(
                f"there is no file {named}, which the environment variable {ENVIRONMENT_VARIABLE} names as libgooglenet"
            )
        return Path(named).resolve()
    candidates = _candidates()
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    places = "".join(f"\n  {candidate}" for candidate in candidates)
    raise LibraryNotFoundError(
        f"libgooglenet was not found. Looked at: the environment variable {ENVIRONMENT_VARIABLE} (not set){places}\n"
        f"Build it with `make` in the repository, or set {ENVIRONMENT_VARIABLE} to the path of libgooglenet.so"
    )


def _load(path: Path) -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(str(path))
        for name, (result, arguments) in _FUNCTIONS.items():
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
                _path = str(path)
    return _loaded


def check(status: int) -> None:
    """Raises the exception of a status that is not GLN_OK, with the library's message about this thread's last call."""
    if status:
        raise error_for(status, library().gln_last_error_message().decode(errors="replace"))


def library_version() -> str:
    """The version of the loaded library, such as "0.1.0"."""
    return library().gln_version_string().decode()


def library_path() -> str:
    """The file that the library was loaded from."""
    library()
    return _path


def cpu_isa() -> str:
    """The best instruction-set tier of this machine: "portable", "avx2", "avx-vnni", "avx512" or "avx512-vnni"."""
    loaded = library()
    return loaded.gln_isa_name(loaded.gln_cpu_isa()).decode()

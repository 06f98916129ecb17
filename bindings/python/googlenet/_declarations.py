"""What include/googlenet.h declares: enumerators, structs and functions, as ctypes has them."""

from __future__ import annotations

import ctypes
from ctypes import (
    POINTER,
    c_char_p,
    c_float,
    c_int,
    c_int32,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    py_object,
)

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


LOG_FUNCTION = ctypes.CFUNCTYPE(None, py_object, c_char_p)
PROFILE_FUNCTION = ctypes.CFUNCTYPE(None, py_object, POINTER(COperationTime))

FUNCTIONS: dict[str, tuple[object, tuple[object, ...]]] = {
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
    "gln_session_options_set_log": (c_int, (c_void_p, LOG_FUNCTION, py_object)),
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
    "gln_session_profile": (c_int, (c_void_p, POINTER(CBatch), PROFILE_FUNCTION, py_object)),
    "gln_session_classify": (
        c_int,
        (c_void_p, POINTER(CImage), POINTER(CPrediction), c_size_t, POINTER(c_size_t)),
    ),
    "gln_session_preprocess": (c_int, (c_void_p, POINTER(CImage), c_void_p, c_size_t)),
    "gln_session_predict": (c_int, (c_void_p, POINTER(CBatch), c_int, c_void_p, c_size_t)),
    "gln_session_features": (c_int, (c_void_p, POINTER(CBatch), c_void_p, c_size_t)),
    "gln_session_layer_shape": (
        c_int,
        (c_void_p, c_char_p, POINTER(c_int32), POINTER(c_int32), POINTER(c_int32)),
    ),
    "gln_session_layer": (c_int, (c_void_p, c_char_p, POINTER(CBatch), c_void_p, c_size_t)),
}

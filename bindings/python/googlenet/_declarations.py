"""What include/googlenet.h declares: enumerators, structs and functions, as ctypes has them."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_float, c_int, c_int32, c_size_t, c_uint32, c_uint64, c_void_p, py_object

MEMORY_COPY, MEMORY_BORROW = 0, 1
ISAS = {"best": 0, "portable": 1, "avx2": 2, "avx-vnni": 3, "avx512": 4, "avx512-vnni": 5}
BACKENDS = {"native": 0, "openblas": 1}
ALGORITHMS = {"auto": 0, "direct": 1}
PRECISIONS = {"auto": 0, "float32": 1, "int8": 2}
OUTPUTS = {"probabilities": 0, "logits": 1}
CHANNEL_ORDERS = {"rgb": 0, "bgr": 1, "gray": 2}
RESIZE_RULES = {
    "short-side": 0,
    "short-side-plain": 1,
    "torchvision": 2,
    "torchvision-plain": 3,
    "square": 4,
    "square-plain": 5,
}
FITS = {"model": 0, "warp": 1, "aspect": 2}
PIXEL_RGB, PIXEL_BGR, PIXEL_RGBA, PIXEL_GRAY, PIXEL_RGB_FLOAT32 = 0, 1, 2, 4, 9
BATCH_U8, BATCH_FLOAT32 = 0, 1
REQUEST_PROBABILITIES, REQUEST_LOGITS, REQUEST_FEATURES, REQUEST_LAYER, REQUEST_TOP = 0, 1, 2, 3, 4


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


class CPicture(ctypes.Structure):
    """gln_picture."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("planes", c_void_p * 3),
        ("strides", ctypes.c_ssize_t * 3),
        ("width", c_int32),
        ("height", c_int32),
        ("format", c_int),
        ("orientation", c_int32),
    )


class CView(ctypes.Structure):
    """gln_view."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("picture", POINTER(CPicture)),
        ("left", c_int32),
        ("top", c_int32),
        ("width", c_int32),
        ("height", c_int32),
        ("mirrored", c_int32),
        ("fit", c_int),
        ("context", c_int32),
        ("reserved", c_int32),
    )


class CRequest(ctypes.Structure):
    """gln_request."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("kind", c_int),
        ("top", c_int32),
        ("layer", c_char_p),
        ("values", c_void_p),
        ("capacity", c_size_t),
        ("row_length", POINTER(c_size_t)),
    )


class CPreprocessing(ctypes.Structure):
    """gln_preprocessing."""

    _fields_ = (
        ("struct_size", c_size_t),
        ("channel_order", c_int),
        ("channels", c_int32),
        ("input_height", c_int32),
        ("input_width", c_int32),
        ("short_side", c_int32),
        ("resize_rule", c_int),
        ("mean", c_float * 3),
        ("scale", c_float * 3),
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
    "gln_model_preprocessing": (c_int, (c_void_p, POINTER(CPreprocessing))),
    "gln_model_metadata_count": (c_size_t, (c_void_p,)),
    "gln_model_metadata_entry": (c_int, (c_void_p, c_size_t, POINTER(c_char_p), POINTER(c_char_p))),
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
    "gln_session_cancel": (None, (c_void_p,)),
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
    "gln_session_preprocess_view": (c_int, (c_void_p, POINTER(CView), c_void_p, c_size_t)),
    "gln_session_run": (c_int, (c_void_p, POINTER(CView), c_size_t, POINTER(CRequest), c_size_t)),
    "gln_session_predict": (c_int, (c_void_p, POINTER(CBatch), c_int, c_void_p, c_size_t)),
    "gln_session_features": (c_int, (c_void_p, POINTER(CBatch), c_void_p, c_size_t)),
    "gln_session_layer_shape": (
        c_int,
        (c_void_p, c_char_p, POINTER(c_int32), POINTER(c_int32), POINTER(c_int32)),
    ),
    "gln_session_layer": (c_int, (c_void_p, c_char_p, POINTER(CBatch), c_void_p, c_size_t)),
}

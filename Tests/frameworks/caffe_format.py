"""Caffe's NetParameter as nested lists of (field, value): in binary, and as text."""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
from wire import data, number, real, reals, varint

# Of each message its fields: number, and what they hold.
SHAPE = {"dim": (1, "packed")}
BLOB = {
    "num": (1, "int"), "channels": (2, "int"), "height": (3, "int"), "width": (4, "int"), "data": (5, "floats"),
    "shape": (7, SHAPE), "double_data": (8, "doubles"),
}  # fmt: skip
RULE = {"phase": (1, "int")}
TRANSFORM = {"scale": (1, "float"), "crop_size": (3, "int"), "mean_file": (4, "text"), "mean_value": (5, "float")}
CONVOLUTION = {
    "num_output": (1, "int"), "bias_term": (2, "int"), "pad": (3, "int"), "kernel_size": (4, "int"),
    "group": (5, "int"), "stride": (6, "int"), "pad_h": (9, "int"), "pad_w": (10, "int"), "kernel_h": (11, "int"),
    "kernel_w": (12, "int"),
}  # fmt: skip
PRODUCT = {"num_output": (1, "int"), "bias_term": (2, "int")}
LRN = {"local_size": (1, "int"), "alpha": (2, "float"), "beta": (3, "float")}
POOLING = {
    "pool": (1, "int"), "kernel_size": (2, "int"), "stride": (3, "int"), "pad": (4, "int"), "kernel_h": (5, "int"),
    "kernel_w": (6, "int"), "global_pooling": (12, "int"),
}  # fmt: skip
ELTWISE = {"operation": (1, "int"), "coeff": (2, "float")}
PARAMETERS = {
    "transform_param": (100, 36, TRANSFORM), "concat_param": (104, 9, {"axis": (2, "int"), "concat_dim": (1, "int")}),
    "convolution_param": (106, 10, CONVOLUTION), "dropout_param": (108, 12, {"dropout_ratio": (1, "float")}),
    "eltwise_param": (110, 24, ELTWISE), "inner_product_param": (117, 17, PRODUCT), "lrn_param": (118, 18, LRN),
    "pooling_param": (121, 19, POOLING), "relu_param": (123, 30, {"negative_slope": (1, "float")}),
}  # fmt: skip
LAYER = {
    "name": (1, "text"), "type": (2, "text"), "bottom": (3, "text"), "top": (4, "text"), "blobs": (7, BLOB),
    "include": (8, RULE), **{name: (current, fields) for name, (current, _, fields) in PARAMETERS.items()},
    "prelu_param": (131, {"channel_shared": (2, "int")}),
    "batch_norm_param": (139, {"use_global_stats": (1, "int"), "eps": (3, "float")}),
    "scale_param": (142, {"bias_term": (4, "int")}),
    "input_param": (143, {"shape": (1, SHAPE)}),
}  # fmt: skip
LEGACY_LAYER = {
    "bottom": (2, "text"), "top": (3, "text"), "name": (4, "text"), "type": (5, "int"), "blobs": (6, BLOB),
    "include": (32, RULE), **{name: (legacy, fields) for name, (_, legacy, fields) in PARAMETERS.items()},
}  # fmt: skip
NET = {
    "name": (1, "text"), "layers": (2, LEGACY_LAYER), "input": (3, "text"), "input_dim": (4, "int"),
    "input_shape": (8, SHAPE), "layer": (100, LAYER),
}  # fmt: skip

LEGACY_TYPES = {
    "Accuracy": 1, "Concat": 3, "Convolution": 4, "Data": 5, "Dropout": 6, "InnerProduct": 14, "LRN": 15,
    "Pooling": 17, "ReLU": 18, "Softmax": 20, "SoftmaxWithLoss": 21,
}  # fmt: skip
LEGACY_NAMES = {
    1: "ACCURACY", 3: "CONCAT", 4: "CONVOLUTION", 5: "DATA", 6: "DROPOUT", 14: "INNER_PRODUCT", 15: "LRN",
    17: "POOLING", 18: "RELU", 20: "SOFTMAX", 21: "SOFTMAX_LOSS",
}  # fmt: skip
ENUMERATIONS = {"operation": ("PROD", "SUM", "MAX"), "pool": ("MAX", "AVE"), "phase": ("TRAIN", "TEST")}
BOOLEANS = {"bias_term", "channel_shared", "global_pooling", "use_global_stats"}


def binary(message, fields=NET):
    """The message in protobuf's wire format."""
    out = []
    for name, value in message:
        field, kind = fields[name]
        match kind:
            case "int":
                out.append(number(field, int(value)))
            case "float":
                out.append(real(field, value))
            case "text":
                out.append(data(field, value))
            case "packed":
                out.append(data(field, b"".join(map(varint, value))))
            case "floats":
                out.append(reals(field, value))
            case "doubles":
                out.append(data(field, np.asarray(value, "<f8").tobytes()))
            case _:
                out.append(data(field, binary(value, kind)))
    return b"".join(out)


def text(message, indent=""):
    """The message as a prototxt, without trained values."""
    lines = []
    for name, value in message:
        if name == "blobs":
            continue
        if name == "dim":
            lines += [f"dim: {size}" for size in value]
        elif isinstance(value, list):
            lines += [f"{name} {{", *text(value, "  ").splitlines(), "}"]
        elif name in ENUMERATIONS:
            lines.append(f"{name}: {ENUMERATIONS[name][value]}")
        elif name in BOOLEANS:
            lines.append(f"{name}: {'true' if value else 'false'}")
        elif name == "type" and isinstance(value, int):
            lines.append(f"{name}: {LEGACY_NAMES[value]}")
        else:
            lines.append(f'{name}: "{value}"' if isinstance(value, str) else f"{name}: {value}")
    return "".join(f"{indent}{line}\n" for line in lines)


def legacy(layer):
    """A layer in the legacy form: its type a number, its blobs of four dimensions with leading ones."""
    out = []
    for name, value in layer:
        if name == "type":
            value = LEGACY_TYPES[value]
        if name == "blobs":
            shape = dict(value)["shape"][0][1]
            sizes = [1] * (4 - len(shape)) + list(shape)
            value = list(zip(("num", "channels", "height", "width"), sizes, strict=True)) + value[1:]
        out.append((name, value))
    return out


def blob(values):
    return [("shape", [("dim", list(values.shape))]), ("data", np.asarray(values, np.float32))]

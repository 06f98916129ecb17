"""Writes model files byte by byte after Sources/GoogLeNet/Model/googlenet.proto, for what no foreign format can say and
for files that are wrong on purpose. Independent of the project's own writer."""

import struct

import numpy as np
import xxhash
from wire import data, number, real, reals, varint


class Writer:
    """Collects layers and the bytes of their tensors."""

    def __init__(
        self, height=20, width=24, channels=3, mean=None, scale=None, order=0, short_side=None, labels=(), major=None,
        resize_rule=0,
    ):  # fmt: skip
        mean = [0.0] * channels if mean is None else mean
        scale = [1.0] * channels if scale is None else scale
        self.order = 2 if channels == 1 else order
        self.preprocessing = number(1, height) + number(2, width) + number(3, self.order)
        self.preprocessing += reals(4, mean) + reals(5, scale) + number(6, short_side or max(height, width))
        self.preprocessing += number(7, resize_rule)
        self.asked_major = major
        self.least_major = 2 if resize_rule else 1
        self.labels = list(labels)
        self.layers = []
        self.weights = bytearray()

    def tensor(self, field, values):
        """A float32 tensor; its bytes go to the weights."""
        values = np.ascontiguousarray(values, "<f4")
        message = data(1, b"".join(varint(d) for d in values.shape))
        message += number(4, len(self.weights)) + number(5, values.nbytes)
        self.weights += values.tobytes()
        self.weights += bytes(-len(self.weights) % 64)
        return data(field, message)

    def layer(self, name, inputs, kind, operation=b""):
        """Adds a layer; kind is the number of the field in Layer's oneof."""
        inputs = [inputs] if isinstance(inputs, str) else inputs
        if 25 <= kind <= 28:
            self.least_major = 3
        self.layers.append(data(1, name) + b"".join(data(2, i) for i in inputs) + data(kind, operation))
        return name

    def padding_rule(self, rule):
        """The number of a PaddingRule, which the file's version must know."""
        if rule:
            self.least_major = 3
        return rule

    def convolution(
        self, name, source, weights, bias=None, stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1,
        rule=0,
    ):  # fmt: skip
        """padding: top, left, bottom, right."""
        operation = self.tensor(1, weights) + (b"" if bias is None else self.tensor(2, bias))
        values = (*stride, *padding, *dilation, groups, self.padding_rule(rule))
        return self.layer(name, source, 16, operation + b"".join(number(3 + i, v) for i, v in enumerate(values)))

    def pooling(
        self, name, source, average=False, everything=False, kernel=(1, 1), stride=(1, 1), padding=(0, 0, 0, 0),
        ceil=False, count_padding=False, rule=0,
    ):  # fmt: skip
        """padding: top, left, bottom, right."""
        values = (average, everything, *kernel, *stride, *padding, ceil, count_padding, self.padding_rule(rule))
        return self.layer(name, source, 17, b"".join(number(1 + i, int(v)) for i, v in enumerate(values)))

    def normalization(self, name, source, size=5, alpha=1e-4, beta=0.75, k=1.0, per_element=False):
        operation = number(1, size) + real(2, alpha) + real(3, beta) + real(4, k) + number(5, per_element)
        return self.layer(name, source, 18, operation)

    def batch_normalization(self, name, source, mean=None, variance=None, scale=None, shift=None, epsilon=1e-5):
        tensors = [self.tensor(i + 1, t) for i, t in enumerate((mean, variance, scale, shift)) if t is not None]
        return self.layer(name, source, 19, b"".join(tensors) + real(5, epsilon))

    def relu(self, name, source):
        return self.layer(name, source, 20)

    def concat(self, name, sources):
        return self.layer(name, sources, 21)

    def inner_product(self, name, source, weights, bias=None):
        return self.layer(name, source, 22, self.tensor(1, weights) + (b"" if bias is None else self.tensor(2, bias)))

    def softmax(self, name, source):
        return self.layer(name, source, 24)

    def structure(self):
        """All fields in front of the checksum."""
        fields = number(1, self.asked_major or self.least_major) + data(3, "written") + data(4, "Tests/python")
        fields += data(5, self.preprocessing)
        fields += b"".join(data(6, label) for label in self.labels)
        return fields + b"".join(data(7, layer) for layer in self.layers) + data(8, "data")

    def file(self, structure=None):
        """The bytes of the model file; another structure may stand in for the right one."""
        structure = self.structure() if structure is None else structure
        begin = len(structure) + 9 + 3 + 1 + len(varint(len(self.weights)))
        rest = data(16, bytes(-begin % 64)) + data(15, bytes(self.weights))
        checksum = xxhash.xxh64(structure + rest).intdigest()
        return structure + varint(14 << 3 | 1) + struct.pack("<Q", checksum) + rest


def small_classifier(rng, classes=4, labels=("square", "circle", "triangle", "star"), channels=3, **options):
    """A Writer with a few layers that make every output depend on every input pixel."""
    writer = Writer(channels=channels, labels=labels, **options)
    last = writer.convolution(
        "conv1", "data", rng.normal(0, 0.2, (9, channels, 3, 3)), rng.normal(0, 0.1, 9), (2, 2), (1, 1, 1, 1)
    )
    last = writer.relu("relu1", last)
    last = writer.pooling("pool1", last, kernel=(3, 3), stride=(2, 2), ceil=True)
    last = writer.normalization("norm1", last)
    last = writer.convolution(
        "conv2", last, rng.normal(0, 0.2, (13, 9, 3, 3)), rng.normal(0, 0.1, 13), padding=(1,) * 4
    )
    last = writer.relu("relu2", last)
    last = writer.pooling("pool2", last, average=True, everything=True)
    last = writer.inner_product("fc", last, rng.normal(0, 0.2, (classes, 13)), rng.normal(0, 0.1, classes))
    writer.softmax("prob", last)
    return writer

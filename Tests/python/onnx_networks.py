"""Builds small ONNX networks whose every tensor is an output, and runs them with ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

# Operators that leave no layer behind in a model file.
WITHOUT_LAYER = {"Flatten", "Reshape", "Squeeze", "Dropout", "Identity"}


def padding(pads):
    """The attribute for top, left, bottom and right, or for the name of an auto_pad."""
    return {"auto_pad": pads} if isinstance(pads, str) else {"pads": pads}


class Network:
    """Adds one node after another. Every method returns the name of the tensor made, which is the node's name too."""

    def __init__(self, height, width, channels=3, seed=0, opset=13):
        self.rng = np.random.default_rng(seed)
        self.shape = (channels, height, width)
        self.opset = opset
        self.nodes = []
        self.initializers = []
        self.channels = {"data": channels}

    def constant(self, name, values):
        self.initializers.append(numpy_helper.from_array(np.asarray(values), name))
        return name

    def node(self, kind, inputs, channels, name=None, **attributes):
        name = name or f"{kind.lower()}{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        self.channels[name] = channels
        return name

    def conv(self, source, outputs, kernel, stride=(1, 1), pads=(0, 0, 0, 0), dilation=(1, 1), groups=1, bias=True):
        """pads: top, left, bottom, right, as in ONNX, or an auto_pad."""
        inputs = self.channels[source]
        name = f"conv{len(self.nodes)}"
        fan_in = inputs // groups * kernel[0] * kernel[1]
        weights = self.rng.normal(0, (2 / fan_in) ** 0.5, (outputs, inputs // groups, *kernel)).astype(np.float32)
        operands = [source, self.constant(f"{name}.weight", weights)]
        if bias:
            operands.append(self.constant(f"{name}.bias", self.rng.normal(0, 0.3, outputs).astype(np.float32)))
        return self.node(
            "Conv", operands, outputs, name, kernel_shape=kernel, strides=stride, dilations=dilation,
            group=groups, **padding(pads),
        )  # fmt: skip

    def relu(self, source):
        return self.node("Relu", [source], self.channels[source])

    def add(self, *sources):
        """The sum of two or more."""
        return self.node("Add" if len(sources) == 2 else "Sum", sources, self.channels[sources[0]])

    def sigmoid(self, source):
        return self.node("Sigmoid", [source], self.channels[source])

    def leaky_relu(self, source, slope):
        return self.node("LeakyRelu", [source], self.channels[source], alpha=slope)

    def prelu(self, source):
        """One slope for each channel."""
        channels, name = self.channels[source], f"prelu{len(self.nodes)}"
        slopes = self.rng.uniform(-0.5, 1.5, (channels, 1, 1)).astype(np.float32)
        return self.node("PRelu", [source, self.constant(f"{name}.slope", slopes)], channels, name)

    def clip(self, source, maximum):
        """ReLU6 where the maximum is 6."""
        name = f"clip{len(self.nodes)}"
        bounds = [self.constant(f"{name}.{key}", np.float32(value)) for key, value in (("min", 0), ("max", maximum))]
        return self.node("Clip", [source, *bounds], self.channels[source], name)

    def max_pool(self, source, kernel, stride=(1, 1), pads=(0, 0, 0, 0), ceil=False):
        return self.node(
            "MaxPool", [source], self.channels[source], kernel_shape=kernel, strides=stride,
            ceil_mode=int(ceil), **padding(pads),
        )  # fmt: skip

    def average_pool(self, source, kernel, stride=(1, 1), pads=(0, 0, 0, 0), ceil=False, count_padding=False):
        return self.node(
            "AveragePool", [source], self.channels[source], kernel_shape=kernel, strides=stride,
            ceil_mode=int(ceil), count_include_pad=int(count_padding), **padding(pads),
        )  # fmt: skip

    def global_average_pool(self, source):
        return self.node("GlobalAveragePool", [source], self.channels[source])

    def lrn(self, source, size, alpha=1e-4, beta=0.75, k=1.0):
        return self.node("LRN", [source], self.channels[source], size=size, alpha=alpha, beta=beta, bias=k)

    def batch_norm(self, source, epsilon=1e-5):
        channels, name = self.channels[source], f"bn{len(self.nodes)}"
        values = {
            "scale": self.rng.uniform(0.5, 1.5, channels),
            "shift": self.rng.normal(0, 0.3, channels),
            "mean": self.rng.normal(0, 0.3, channels),
            "variance": self.rng.uniform(0.3, 2, channels),
        }
        operands = [self.constant(f"{name}.{key}", value.astype(np.float32)) for key, value in values.items()]
        return self.node("BatchNormalization", [source, *operands], channels, name, epsilon=epsilon)

    def concat(self, sources):
        return self.node("Concat", sources, sum(self.channels[s] for s in sources), axis=1)

    def gemm(self, source, inputs, outputs, transposed=True, bias=True):
        name = f"gemm{len(self.nodes)}"
        weights = self.rng.normal(0, (1 / inputs) ** 0.5, (outputs, inputs)).astype(np.float32)
        operands = [source, self.constant(f"{name}.weight", weights if transposed else weights.T.copy())]
        if bias:
            operands.append(self.constant(f"{name}.bias", self.rng.normal(0, 0.3, outputs).astype(np.float32)))
        return self.node("Gemm", operands, outputs, name, transB=int(transposed))

    def classifier(self, source, classes=7):
        """Pooling over everything, an inner product and a softmax: the end of every network here."""
        pooled = self.global_average_pool(source)
        flat = self.node("Flatten", [pooled], self.channels[source])
        return self.node("Softmax", [self.gemm(flat, self.channels[source], classes)], classes, axis=1)

    def model(self):
        """The ModelProto that ends in the last node."""
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info("data", TensorProto.FLOAT, (1, *self.shape))],
            [helper.make_tensor_value_info(self.nodes[-1].output[0], TensorProto.FLOAT, None)],
            self.initializers,
        )
        opset = helper.make_opsetid("", self.opset)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)

    def noise(self, count=1):
        """Input tensors."""
        return self.rng.normal(0, 1, (count, *self.shape)).astype(np.float32)

    def kinds(self):
        """What made each tensor."""
        return {node.output[0]: node.op_type for node in self.nodes}

    def input_normalization(self):
        """The batch normalization that alone reads the input, which a converter makes part of the preprocessing."""
        readers = [node for node in self.nodes if "data" in node.input]
        return readers[0].output[0] if [node.op_type for node in readers] == ["BatchNormalization"] else None

    def foldable(self):
        """Tensors that only a batch normalization reads: a converter may fold what makes them into it."""
        users = {}
        for node in self.nodes:
            for name in node.input:
                users.setdefault(name, []).append(node.op_type)
        return {
            node.output[0]
            for node in self.nodes
            if node.op_type in ("Conv", "BatchNormalization") and users.get(node.output[0]) == ["BatchNormalization"]
        }


def run_all(model, tensors):
    """Every tensor that ONNX Runtime computes, by name, image by image."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    names = [name for node in model.graph.node for name in node.output]
    del model.graph.output[:]
    model.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    settings = onnxruntime.SessionOptions()
    settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    settings.intra_op_num_threads = 1
    settings.log_severity_level = 3  # its shape inference differs from its own results where ceil drops a window
    session = onnxruntime.InferenceSession(model.SerializeToString(), settings, providers=["CPUExecutionProvider"])
    feed = session.get_inputs()[0].name
    rows = [session.run(names, {feed: image[None]}) for image in tensors]
    return {name: np.concatenate([row[i] for row in rows]) for i, name in enumerate(names)}

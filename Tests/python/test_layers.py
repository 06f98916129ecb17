"""Every operation, layer by layer, against ONNX Runtime: on each tier, thread count, algorithm and backend."""

import itertools

import googlenet
import numpy as np
import pytest
from comparison import assert_close
from onnx_networks import WITHOUT_LAYER, Network, run_all

SETTINGS = {
    f"{isa}-{threads}-{algorithm}": {"max_isa": isa, "threads": threads, "algorithm": algorithm}
    for isa, threads, algorithm in itertools.product(("portable", "avx2", "avx512", "best"), (1, 2), ("auto", "direct"))
} | {f"openblas-{threads}": {"backend": "openblas", "threads": threads} for threads in (1, 2)}


def convolution(height, width, inputs, outputs, kernel, **options):
    """One convolution under test behind a 1x1 that makes its input channels and ReLUs that both are fused with."""
    network = Network(height, width, seed=outputs)
    last = network.relu(network.conv("data", inputs, (1, 1))) if inputs != 3 else "data"
    network.classifier(network.relu(network.conv(last, outputs, kernel, **options)))
    return network


def pooled(height, width, channels, *pools):
    """Pools of one input, side by side, each with its own classifier's worth of channels joined at the end."""
    network = Network(height, width, seed=channels)
    source = network.conv("data", channels, (3, 3), pads=(1, 1, 1, 1))
    ends = []
    for method, options in pools:
        ends.append(network.global_average_pool(getattr(network, method)(source, **options)))
    network.classifier(network.concat(ends))
    return network


def inception(height, width, channels):
    """A stem and a module of odd channel counts."""
    network = Network(height, width, seed=channels)
    stem = network.relu(network.conv("data", channels, (7, 7), (2, 2), (3, 3, 3, 3)))
    stem = network.lrn(network.max_pool(stem, (3, 3), (2, 2), ceil=True), 5)
    one = network.relu(network.conv(stem, 13, (1, 1)))
    three = network.relu(network.conv(stem, 11, (1, 1)))
    three = network.relu(network.conv(three, 21, (3, 3), pads=(1, 1, 1, 1)))
    five = network.relu(network.conv(stem, 3, (1, 1)))
    five = network.relu(network.conv(five, 9, (5, 5), pads=(2, 2, 2, 2)))
    pool = network.max_pool(stem, (3, 3), pads=(1, 1, 1, 1))
    pool = network.relu(network.conv(pool, 7, (1, 1)))
    network.classifier(network.max_pool(network.concat([one, three, five, pool]), (3, 3), (2, 2), ceil=True))
    return network


def normalized():
    """Batch normalization that folds into a convolution, and that cannot: first, behind a pool, a concat, a fork."""
    network = Network(17, 19, seed=5)
    first = network.batch_norm("data")
    folded = network.relu(network.batch_norm(network.conv(first, 10, (3, 3), bias=False), epsilon=0.001))
    fork = network.conv(folded, 6, (3, 3), pads=(1, 1, 1, 1))
    left = network.batch_norm(fork)
    right = network.relu(fork)
    pool = network.batch_norm(network.average_pool(folded, (3, 3), pads=(1, 1, 1, 1)))
    network.classifier(network.relu(network.batch_norm(network.concat([left, right, pool, folded]))))
    return network


def grouped(groups):
    network = Network(15, 13, seed=groups)
    last = network.relu(network.conv("data", 12, (3, 3)))
    last = network.relu(network.conv(last, 24, (3, 3), pads=(1, 1, 1, 1), groups=groups))
    last = network.conv(last, 12, (5, 5), (2, 1), (2, 0, 1, 2), groups=groups, bias=False)
    network.classifier(network.relu(last))
    return network


def lrn(size, alpha, beta, k, channels):
    network = Network(9, 11, seed=size)
    source = network.conv("data", channels, (3, 3))
    network.classifier(network.lrn(source, size, alpha, beta, k))
    return network


def nested_concat():
    """A branch read both alone and joined, a concat of concats, the same input twice, and the input itself."""
    network = Network(10, 7, seed=1)
    one = network.relu(network.conv("data", 5, (1, 1)))
    two = network.conv("data", 3, (3, 3), pads=(1, 1, 1, 1))
    inner = network.concat([one, two, "data"])
    three = network.relu(network.conv(inner, 1, (3, 3), pads=(1, 1, 1, 1)))
    network.classifier(network.concat([inner, three, one, one, network.relu(two)]))
    return network


def residual():
    """Sums of two and three: of what is fused, what is read again, the same value twice, a slice of a concat."""
    network = Network(13, 11, seed=6)
    stem = network.relu(network.conv("data", 19, (3, 3), pads=(1, 1, 1, 1)))
    branch = network.relu(network.conv(stem, 7, (1, 1)))
    branch = network.batch_norm(network.conv(branch, 19, (3, 3), pads=(1, 1, 1, 1), bias=False))
    first = network.relu(network.add(branch, stem))
    joined = network.concat([first, network.max_pool(stem, (3, 3), pads=(1, 1, 1, 1))])
    second = network.add(network.conv(joined, 19, (1, 1)), first, network.average_pool(first, (3, 3), pads=(1,) * 4))
    doubled = network.add(second, second)
    network.classifier(network.add(network.lrn(doubled, 5), network.relu(second)))
    return network


def activated():
    """Sigmoid and the kinds of ReLU: behind what nothing else reads, and what something does; of a vector, too."""
    network = Network(9, 14, seed=12)
    last = network.conv("data", 21, (3, 3))
    last = network.clip(network.prelu(last), 0.8)
    fork = network.conv(last, 18, (3, 3), pads=(1, 1, 1, 1))
    ends = [network.sigmoid(fork), network.leaky_relu(fork, 0.1), network.clip(fork, 6), network.prelu(fork)]
    pooled = network.global_average_pool(network.concat(ends))
    flat = network.node("Flatten", [pooled], 72)
    hidden = network.leaky_relu(network.sigmoid(network.clip(network.gemm(flat, 72, 33), 1)), -0.3)
    network.node("Softmax", [network.gemm(hidden, 33, 6)], 6, axis=1)
    return network


def same(rule):
    """Windows whose padding follows from the input's size, where it differs from size to size and where it does not."""
    network = Network(33, 46, seed=2)
    last = network.relu(network.conv("data", 17, (7, 7), (2, 2), rule))
    last = network.max_pool(last, (3, 3), (2, 2), rule)
    last = network.relu(network.conv(last, 20, (4, 3), (1, 1), rule))
    ends = [
        network.average_pool(last, (3, 2), (2, 2), rule),
        network.average_pool(last, (2, 3), (2, 2), rule, count_padding=True),
        network.max_pool(last, (2, 2), (2, 2), rule, ceil=True),
        network.conv(last, 9, (1, 1), (2, 2), rule),
    ]
    network.classifier(network.relu(network.conv(network.concat(ends), 12, (5, 2), (2, 1), rule, groups=3)))
    return network


def fully_connected():
    """An inner product that flattens channels, rows and columns, and another behind it."""
    network = Network(8, 6, seed=3)
    last = network.relu(network.conv("data", 5, (3, 3)))
    flat = network.node("Flatten", [last], 5)
    hidden = network.relu(network.gemm(flat, 5 * 6 * 4, 33, transposed=False))
    network.node("Softmax", [network.gemm(hidden, 33, 6, bias=False)], 6, axis=1)
    return network


NETWORKS = {
    "1x1": lambda: convolution(13, 17, 35, 47, (1, 1)),
    "1x1-one-channel": lambda: convolution(5, 5, 1, 1, (1, 1)),
    "1x1-strided": lambda: convolution(14, 15, 19, 33, (1, 1), stride=(2, 3)),
    "3x3": lambda: convolution(28, 30, 48, 70, (3, 3), pads=(1, 1, 1, 1)),
    "3x3-7": lambda: convolution(7, 7, 96, 130, (3, 3), pads=(1, 1, 1, 1)),
    "3x3-14": lambda: convolution(14, 14, 64, 64, (3, 3), pads=(1, 1, 1, 1)),
    "3x3-56": lambda: convolution(56, 56, 64, 40, (3, 3), pads=(1, 1, 1, 1)),
    "3x3-unpadded": lambda: convolution(11, 20, 17, 31, (3, 3), bias=False),
    "3x3-uneven": lambda: convolution(12, 9, 33, 65, (3, 3), pads=(0, 1, 2, 0)),
    "3x3-strided": lambda: convolution(23, 29, 16, 20, (3, 3), stride=(2, 2), pads=(1, 0, 0, 1)),
    "3x3-dilated": lambda: convolution(21, 18, 8, 15, (3, 3), dilation=(2, 3), pads=(2, 3, 2, 3)),
    "3x3-larger-than-input": lambda: convolution(2, 1, 5, 6, (3, 3), pads=(1, 1, 1, 1)),
    "5x5": lambda: convolution(14, 14, 24, 64, (5, 5), pads=(2, 2, 2, 2)),
    "7x7-stem": lambda: convolution(37, 41, 3, 64, (7, 7), stride=(2, 2), pads=(3, 3, 3, 3)),
    "7x7-stem-same": lambda: convolution(32, 48, 3, 17, (7, 7), stride=(2, 2), pads=(2, 2, 3, 3)),
    "2x5": lambda: convolution(19, 13, 7, 9, (2, 5), stride=(1, 2), pads=(1, 2, 0, 1), dilation=(3, 1)),
    "1x7": lambda: convolution(9, 27, 13, 11, (1, 7), pads=(0, 3, 0, 3)),
    "11x11-stride-4": lambda: convolution(43, 47, 3, 21, (11, 11), stride=(4, 4)),
    "groups-2": lambda: grouped(2),
    "groups-3": lambda: grouped(3),
    "depthwise": lambda: grouped(12),
    "max-pools": lambda: pooled(
        15, 18, 37,
        ("max_pool", {"kernel": (3, 3), "stride": (2, 2)}),
        ("max_pool", {"kernel": (3, 3), "stride": (2, 2), "ceil": True}),
        ("max_pool", {"kernel": (3, 3), "pads": (1, 1, 1, 1)}),
        ("max_pool", {"kernel": (2, 2), "stride": (2, 2), "ceil": True}),
        ("max_pool", {"kernel": (3, 2), "stride": (3, 1), "pads": (1, 0, 2, 1), "ceil": True}),
        ("max_pool", {"kernel": (1, 1), "stride": (2, 2), "ceil": True}),
        ("max_pool", {"kernel": (2, 3), "stride": (3, 4), "ceil": True}),
    ),
    "average-pools": lambda: pooled(
        13, 16, 21,
        ("average_pool", {"kernel": (3, 3), "stride": (2, 2)}),
        ("average_pool", {"kernel": (3, 3), "stride": (2, 2), "ceil": True}),
        ("average_pool", {"kernel": (3, 3), "stride": (2, 2), "pads": (1, 1, 1, 1), "ceil": True}),
        ("average_pool", {"kernel": (3, 3), "stride": (2, 2), "pads": (1,) * 4, "ceil": True, "count_padding": True}),
        ("average_pool", {"kernel": (3, 2), "stride": (2, 3), "pads": (0, 1, 2, 0), "count_padding": True}),
        ("average_pool", {"kernel": (5, 5), "pads": (2, 2, 2, 2)}),
        ("average_pool", {"kernel": (13, 16)}),
    ),
    "batch-normalization": normalized,
    "lrn-5": lambda: lrn(5, 1e-4, 0.75, 1.0, 40),
    "lrn-3-strong": lambda: lrn(3, 2.0, 0.5, 0.7, 19),
    "lrn-7-wider-than-channels": lambda: lrn(7, 0.3, 0.6, 2.0, 2),
    "lrn-1": lambda: lrn(1, 1.0, 1.0, 1.0, 33),
    "nested-concat": nested_concat,
    "fully-connected": fully_connected,
    "residual": residual,
    "activated": activated,
    "inception-odd": lambda: inception(61, 47, 19),
    "inception": lambda: inception(64, 64, 32),
    "same-upper": lambda: same("SAME_UPPER"),
    "same-lower": lambda: same("SAME_LOWER"),
}  # fmt: skip


def random_network(seed):
    """A random chain with branches: whatever fits the sizes at hand."""
    rng = np.random.default_rng(seed)
    size = [int(rng.integers(9, 34)), int(rng.integers(9, 34))]
    network = Network(*size, seed=seed)
    last = "data"

    def window(largest):
        kernel = [int(rng.integers(1, min(largest, side) + 1)) for side in size]
        stride = [int(rng.integers(1, 3)) for _ in size]
        pads = [int(rng.integers(0, kernel[i % 2])) for i in range(4)]
        return kernel, stride, pads

    def shrink(kernel, stride, pads, dilation=(1, 1)):
        for axis in (0, 1):
            extent = dilation[axis] * (kernel[axis] - 1) + 1
            size[axis] = (size[axis] + pads[axis] + pads[axis + 2] - extent) // stride[axis] + 1

    for _ in range(int(rng.integers(3, 8))):
        choice = rng.choice(["conv", "conv", "max", "average", "lrn", "bn", "branches", "relu", "sum", "activation"])
        if choice == "conv":
            kernel, stride, pads = window(5)
            last = network.conv(last, int(rng.integers(1, 50)), kernel, stride, pads, bias=bool(rng.integers(2)))
            shrink(kernel, stride, pads)
            if rng.integers(2):
                last = network.relu(last)
        elif choice in ("max", "average"):
            kernel, stride, pads = window(3)
            if choice == "max":
                last = network.max_pool(last, kernel, stride, pads)
            else:
                last = network.average_pool(last, kernel, stride, pads, count_padding=bool(rng.integers(2)))
            shrink(kernel, stride, pads)
        elif choice == "lrn":
            last = network.lrn(last, int(rng.choice([3, 5])), float(rng.uniform(1e-4, 1)), float(rng.uniform(0.4, 1)))
        elif choice == "bn":
            last = network.batch_norm(last)
        elif choice == "relu":
            last = network.relu(last)
        elif choice == "sum":
            others = [network.max_pool(last, (3, 3), pads=(1,) * 4) for _ in range(int(rng.integers(1, 3)))]
            last = network.add(*others, last)
        elif choice == "activation":
            kind = rng.choice(["sigmoid", "prelu", "leaky_relu", "clip"])
            options = {"leaky_relu": [0.2], "clip": [1]}.get(kind, [])
            last = getattr(network, kind)(last, *options)
        else:
            ends = [network.conv(last, int(rng.integers(1, 20)), (1, 1))]
            ends.append(network.relu(network.conv(last, int(rng.integers(1, 20)), (3, 3), pads=(1, 1, 1, 1))))
            ends.append(network.max_pool(last, (3, 3), pads=(1, 1, 1, 1)))
            last = network.concat([ends[i] for i in rng.permutation(3)])
    network.classifier(last)
    return network


NETWORKS |= {f"random-{seed}": lambda seed=seed: random_network(seed) for seed in range(24)}


@pytest.fixture(scope="module")
def prepared(convert):
    """A network by name: itself, its model file, three inputs of the latter and what ONNX Runtime makes of them."""
    made = {}

    def get(name):
        if name not in made:
            network = NETWORKS[name]()
            model = network.model()
            tensors = network.noise(3)
            want = run_all(model, tensors)
            made[name] = network, convert(name, model), want.get(network.input_normalization(), tensors), want
        return made[name]

    return get


def wanted_layers(network, layers, want):
    """What each layer of the model file must give. Every tensor is one's, but those of operators that leave none."""
    names = {layer.name for layer in layers}
    may_be_missing = (
        {network.input_normalization()}
        | network.foldable()
        | {name for name, kind in network.kinds().items() if kind in WITHOUT_LAYER}
    )
    assert set(want) - names <= may_be_missing
    return [(name, values) for name, values in want.items() if name in names]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer(prepared, name):
    network, path, tensors, want = prepared(name)
    with googlenet.Model(path, threads=1) as model:
        layers = model.layers
        for layer in layers:
            if layer.name in want:
                assert model.layer_shape(layer.name) == (*want[layer.name].shape[1:], 1, 1)[:3]
        for layer, values in wanted_layers(network, layers, want):
            assert_close(model.layer(layer, tensors), values, f"layer {layer}")


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_setting(prepared, name, settings):
    network, path, tensors, want = prepared(name)
    last = network.nodes[-1].output[0]
    logits = network.nodes[-1].input[0]
    with googlenet.Model(path, **SETTINGS[settings]) as model:
        got = model.predict(tensors, output="logits")
        assert_close(got, want[logits], "logits")
        probabilities = model.predict(tensors)
        np.testing.assert_allclose(probabilities, want[last], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
        # The same bits again, and whatever batch an image comes in.
        assert np.array_equal(model.predict(tensors, output="logits"), got)
        for index in range(3):
            assert np.array_equal(model.predict(tensors[index], output="logits")[0], got[index])
        assert np.array_equal(model.predict(tensors[1:], output="logits"), got[1:])
    with googlenet.Model(path, **SETTINGS[settings]) as model:
        assert np.array_equal(model.predict(tensors, output="logits"), got)
        # One layer of each network on each setting too: the last before the classifier.
        deep = [node.output[0] for node in network.nodes if node.op_type not in WITHOUT_LAYER][-3]
        assert_close(model.layer(deep, tensors), want[deep], f"layer {deep}")


@pytest.mark.parametrize("algorithm", ["auto", "direct"])
@pytest.mark.parametrize("name", ["inception", "3x3-56", "random-3", "batch-normalization"])
def test_threads_do_not_change_a_bit(prepared, name, algorithm):
    _, path, tensors, _ = prepared(name)
    rows = []
    for threads in (1, 2, 3, 7):
        with googlenet.Model(path, threads=threads, algorithm=algorithm) as model:
            rows.append(model.predict(tensors, output="logits"))
    assert all(np.array_equal(row, rows[0]) for row in rows)


@pytest.mark.parametrize("size", [(64, 64), (65, 63), (97, 40), (33, 128)])
@pytest.mark.parametrize("name", ["inception", "same-upper", "same-lower"])
def test_other_input_sizes(prepared, name, size):
    network, path, _, _ = prepared(name)
    model_proto = network.model()
    for axis, pixels in zip((2, 3), size, strict=True):
        model_proto.graph.input[0].type.tensor_type.shape.dim[axis].dim_value = pixels
    tensors = np.random.default_rng(8).normal(0, 1, (2, 3, *size)).astype(np.float32)
    want = run_all(model_proto, tensors)
    for settings in ({"threads": 1}, {"threads": 2, "max_isa": "portable"}, {"backend": "openblas"}):
        with googlenet.Model(path, input_size=size, **settings) as model:
            assert model.input_size == size
            for layer, values in wanted_layers(network, model.layers, want):
                assert_close(model.layer(layer, tensors), values, f"layer {layer}")


def test_features_are_the_pooled_layer(prepared):
    network, path, tensors, want = prepared("inception")
    pooled = next(name for name, kind in network.kinds().items() if kind == "GlobalAveragePool")
    with googlenet.Model(path) as model:
        assert_close(model.features(tensors), want[pooled][:, :, 0, 0], "features")
        assert model.feature_count == want[pooled].shape[1]

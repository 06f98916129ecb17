"""What `googlenet export` writes: ONNX Runtime agrees with the session, and it converts back to the same network."""

import json

import googlenet
import numpy as np
import onnx
import onnxruntime
import pytest
from comparison import assert_close
from gln_writer import Writer, small_classifier
from onnx_networks import run_all
from PIL import Image
from test_frameworks import FOLDER as GOLDENS
from test_layers import NETWORKS
from test_quantized_onnx import PIXELS, network, pictures
from test_resize_rules import RULES

RNG_SEED = 11


@pytest.fixture
def export(tool, tmp_path):
    """Exports a model file; gives the path of the ONNX file, which the checker accepts."""

    def run(path, name="exported"):
        target = tmp_path / f"{name}.onnx"
        tool("export", path, "-o", target)
        onnx.checker.check_model(onnx.load(target), full_check=True)
        return target

    return run


def run_onnx(path, tensors):
    """The only output that ONNX Runtime computes."""
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: tensors})[0]


def check_round_trip(tool, export, path, tensors, pixels=None):
    """The exported file gives the model's probabilities, and converts to a model of the same bits; where the converter
    folds or widens something, to one that agrees on pixels."""
    exported = export(path)
    with googlenet.Model(path) as model:
        want = model.predict(tensors)
        layers = [layer.name for layer in model.layers]
        of_pixels = None if pixels is None else model.predict(pixels)
    np.testing.assert_allclose(run_onnx(exported, tensors), want, rtol=0, atol=1e-5)
    back = exported.with_suffix(".gln")
    tool("convert", exported, "-o", back)
    with googlenet.Model(back) as model:
        assert {layer.name for layer in model.layers} <= set(layers)
        if pixels is None:
            assert np.array_equal(model.predict(tensors), want)
            assert export(back, "again").read_bytes() == exported.read_bytes()
        else:
            np.testing.assert_allclose(model.predict(pixels), of_pixels, rtol=0, atol=1e-5)
    return onnx.load(exported)


@pytest.mark.parametrize("name", NETWORKS)
def test_layers(tool, convert, export, name):
    network = NETWORKS[name]()
    check_round_trip(tool, export, convert(name, network.model()), network.noise(2))


def written(tmp_path, writer):
    path = tmp_path / "written.gln"
    path.write_bytes(writer.file())
    return path


def finish(writer, last, channels, rng):
    last = writer.pooling("pooled", last, average=True, everything=True)
    last = writer.inner_product("fc", last, rng.normal(0, 0.3, (5, channels)), rng.normal(0, 0.1, 5))
    writer.softmax("prob", last)
    return writer


def normalized_as_tensorflow(rng):
    """alpha is each square's own factor."""
    writer = Writer()
    last = writer.convolution("conv", "data", rng.normal(0, 0.3, (9, 3, 3, 3)))
    return finish(writer, writer.normalization("norm", last, alpha=0.25, k=2.0, per_element=True), 9, rng)


def scaled(rng):
    """Caffe's Scale and Bias layers, which nothing before them can take in."""
    writer = Writer(mean=[120, 110, 100], scale=[0.01, 0.02, 0.03])
    last = writer.batch_normalization("scale", "data", scale=rng.normal(1, 0.2, 3), shift=rng.normal(0, 0.2, 3))
    last = writer.relu("relu", writer.batch_normalization("shift", last, shift=rng.normal(0, 0.2, 3)))
    return finish(writer, last, 3, rng)


def pooled(rng):
    """Windows that overhang, and those that are dropped along one axis or both."""
    writer = Writer(height=10, width=12)
    last = writer.convolution("conv", "data", rng.normal(0, 0.3, (4, 3, 1, 1)))
    options = [
        {"kernel": (3, 3), "stride": (2, 2), "ceil": True},
        {"kernel": (3, 3), "stride": (2, 2), "padding": (1, 1, 1, 1), "ceil": True},
        {"kernel": (2, 3), "stride": (4, 5), "padding": (1, 0, 1, 2), "ceil": True},
        {"kernel": (1, 2), "stride": (3, 4), "ceil": True},
        {"kernel": (4, 2), "stride": (3, 3), "padding": (0, 1, 3, 1), "ceil": True},
    ]
    ends = []
    for index, option in enumerate(options):
        for average, count in ((False, False), (True, False), (True, True)):
            name = f"pool{index}{average:d}{count:d}"
            pool = writer.pooling(name, last, average=average, count_padding=count, **option)
            ends.append(writer.pooling(f"{name}/pooled", pool, average=True, everything=True))
    return finish(writer, writer.concat("join", ends), 4 * len(ends), rng)


def vectors(rng):
    """Inner products whose outputs are used as images again, joined with images, and normalized."""
    writer = Writer(height=6, width=5, scale=[0.01] * 3)
    last = writer.inner_product("first", "data", rng.normal(0, 0.1, (8, 90)), rng.normal(0, 0.1, 8))
    last = writer.batch_normalization(
        "bn", last, rng.normal(0, 1, 8), rng.uniform(0.5, 2, 8), rng.normal(1, 0.1, 8), rng.normal(0, 0.1, 8)
    )
    last = writer.relu("relu", last)
    conv = writer.convolution("conv", last, rng.normal(0, 0.3, (7, 8, 1, 1)))
    last = writer.concat("join", [last, writer.normalization("norm", conv), conv])
    last = writer.inner_product("second", last, rng.normal(0, 0.3, (6, 22)))
    writer.softmax("prob", writer.concat("same", [last, last]))
    return writer


def without_inner_product(rng):
    """A convolution gives the logits; names are those that the exporter would give its own values."""
    writer = Writer(channels=1, height=7, width=9)
    last = writer.convolution("prob/flat", "data", rng.normal(0, 0.3, (4, 1, 3, 3)), rng.normal(0, 0.1, 4))
    last = writer.convolution("prob/flat/weights", last, rng.normal(0, 0.3, (4, 4, 5, 7)), rng.normal(0, 0.1, 4))
    writer.softmax("prob", last)
    return writer


def same(rng):
    """Rules of padding: ONNX Runtime computes them but for those with dilation, or gaps between windows."""
    writer = Writer(height=21, width=26)
    last = writer.convolution("conv", "data", rng.normal(0, 0.3, (7, 3, 5, 4)), stride=(2, 3), rule=1)
    last = writer.relu("relu", last)
    ends = [
        writer.convolution("dilated", last, rng.normal(0, 0.3, (5, 7, 3, 2)), None, (2, 2), dilation=(2, 3), rule=2),
        writer.convolution("gaps", last, rng.normal(0, 0.3, (4, 7, 1, 2)), stride=(2, 2), rule=2),
        writer.pooling("sparse", last, True, kernel=(1, 2), stride=(2, 3), rule=1),
        writer.pooling("rounded", last, True, kernel=(3, 3), stride=(2, 2), ceil=True, count_padding=True, rule=1),
        writer.pooling("lower", last, kernel=(2, 3), stride=(2, 2), rule=2),
    ]
    ends = [writer.pooling(f"{end}/pooled", end, average=True, everything=True) for end in ends]
    return finish(writer, writer.concat("join", ends), 5 + 4 + 3 * 7, rng)


WRITTEN = {
    maker.__name__: maker for maker in (normalized_as_tensorflow, scaled, pooled, same, vectors, without_inner_product)
} | {"small": small_classifier}


@pytest.mark.parametrize("name", WRITTEN)
def test_written(tool, export, tmp_path, name):
    rng = np.random.default_rng(RNG_SEED)
    writer = WRITTEN[name](rng)
    path = written(tmp_path, writer)
    with googlenet.Model(path) as model:
        shape = (3, 1 if writer.order == 2 else 3, *model.input_size)
    tensors = rng.normal(0, 1, shape).astype(np.float32)
    pixels = rng.integers(0, 256, (3, *shape[2:], 3), np.uint8) if name in ("scaled", "vectors") else None
    check_round_trip(tool, export, path, tensors, pixels)


def test_pools_that_onnx_cannot_say(tool, tmp_path):
    rng = np.random.default_rng(RNG_SEED)
    writer = Writer(height=10, width=12)
    options = {"kernel": (3, 1), "stride": (2, 2), "padding": (1, 0, 1, 0), "ceil": True}
    last = writer.pooling("pool", "data", average=True, count_padding=True, **options)
    path = written(tmp_path, finish(writer, last, 3, rng))
    target = tmp_path / "exported.onnx"
    with pytest.raises(AssertionError, match="layer 'pool' cannot be exported"):
        tool("export", path, "-o", target)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["written.gln"]


def test_metadata(tool, export, tmp_path):
    """Everything that a picture goes through, and the labels, survive."""
    rng = np.random.default_rng(RNG_SEED)
    options = {
        "mean": [104.5, 117.25, 123.0],
        "scale": [0.017, 1 / 3, 2.0],
        "order": 1,
        "short_side": 31,
        "resize_rule": RULES.index("square-plain"),
    }
    path = written(tmp_path, small_classifier(rng, labels=("a, b", " ", "größe", ""), **options))
    model = check_round_trip(tool, export, path, rng.normal(0, 1, (2, 3, 20, 24)).astype(np.float32))
    entries = {entry.key: entry.value for entry in model.metadata_props}
    assert entries["googlenet.channel_order"] == "BGR"
    assert [float(value) for value in entries["googlenet.mean"].split(",")] == options["mean"]
    assert (entries["googlenet.short_side"], entries["googlenet.resize_rule"]) == ("31", "square-plain")
    assert "resized to 31 x 31 pixels by the rule square-plain (bilinear)" in model.doc_string
    assert entries["googlenet.labels"].split("\n") == ["a, b", " ", "größe", ""]
    assert "104.5, 117.25, 123.0" in model.doc_string
    infos = [json.loads(tool("info", "--json", file)) for file in (path, tmp_path / "exported.gln")]
    for key in ("preprocessing", "labels", "name", "classes", "multiply_adds"):
        assert infos[0][key] == infos[1][key], key
    opset = {entry.domain: entry.version for entry in model.opset_import}
    assert (model.ir_version, opset) == (7, {"": 13})


def test_metadata_of_other_versions(tool, tmp_path):
    """Files from before there were rules have the first; with one that is unknown nothing is taken from them."""
    path = written(
        tmp_path,
        small_classifier(np.random.default_rng(RNG_SEED), mean=[1, 2, 3], resize_rule=RULES.index("torchvision")),
    )
    tool("export", path, "-o", tmp_path / "exported.onnx")
    for value, rule, mean in ((None, "short-side", 1), ("torchvision", "torchvision", 1), ("cubic", "short-side", 104)):
        model = onnx.load(tmp_path / "exported.onnx")
        others = [entry for entry in model.metadata_props if entry.key != "googlenet.resize_rule"]
        assert len(others) == len(model.metadata_props) - 1
        if value is not None:
            others += [onnx.StringStringEntryProto(key="googlenet.resize_rule", value=value)]
        del model.metadata_props[:]
        model.metadata_props.extend(others)
        onnx.save(model, tmp_path / "changed.onnx")
        tool("convert", tmp_path / "changed.onnx", "-o", tmp_path / "changed.gln")
        found = json.loads(tool("info", "--json", tmp_path / "changed.gln"))["preprocessing"]
        assert (found["resize_rule"], found["mean"][0]) == (rule, mean)


def test_bvlc(tool, convert, export, shared):
    path = convert("bvlc-caffemodel", shared / "models/bvlc_googlenet/bvlc_googlenet.caffemodel")
    tensors = np.random.default_rng(RNG_SEED).normal(0, 60, (2, 3, 224, 224)).astype(np.float32)
    check_round_trip(tool, export, path, tensors)


def test_clothing(tool, convert, export, shared):
    golden = np.load(shared / "models/clothing/golden.npz")
    path = convert("clothing", shared / "models/clothing/clothing.pt")
    check_round_trip(tool, export, path, golden["input"])


@pytest.fixture(scope="module")
def quantized(tool, convert, tmp_path_factory):
    """An int8 model by the project's own quantizer, with normalization behind its stem, and pictures for it."""
    folder = tmp_path_factory.mktemp("pictures")
    images = pictures(24, 6).transpose(0, 2, 3, 1)
    for index, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{index:02}.png")
    path = convert("to-quantize", network().model(), *PIXELS)
    target = folder / "int8.gln"
    tool("quantize", path, "--calibration", folder, "-o", target)
    return target, images


def test_int8(tool, export, quantized, tmp_path):
    """Rounding makes small differences larger from layer to layer: the first ones agree, the last ones on average."""
    path, images = quantized
    tensors = images.transpose(0, 3, 1, 2).astype(np.float32)
    exported = export(path)
    want = run_all(onnx.load(exported), tensors)
    kinds = {node.op_type for node in onnx.load(exported).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear", "Conv", "Gemm", "LRN"} <= kinds
    with googlenet.Model(path) as model:
        assert model.precision == "int8"
        layers = [layer.name for layer in model.layers]
        first = model.layer(layers[0], tensors)
        normalized = next(name for name in layers if name.startswith("lrn"))
        lrn = model.layer(normalized, tensors)
        probabilities = model.predict(images)
    assert_close(first, want[layers[0]], "the first convolution", relative=1e-3)
    # Stored in 16 bits before and in 8 bits behind it: a step more or less, rarely.
    steps = abs(lrn - want[f"{normalized}/rounded"]) / np.diff(np.unique(lrn)).min()
    assert steps.max() < 1.01
    assert (steps > 0.5).mean() < 0.03
    for got in (run_onnx(exported, tensors), want[layers[-1]]):
        assert abs(got - probabilities).sum(1).mean() / 2 < 0.02
    back = tmp_path / "back.gln"
    report = json.loads(tool("convert", exported, "-o", back, "--json"))
    assert report["precision"] == "int8"
    with googlenet.Model(back) as model:
        assert abs(model.predict(images) - probabilities).sum(1).mean() / 2 < 0.02
        assert {layer.name for layer in model.layers} <= set(layers)


def test_int8_weights_with_zero_points(tool, export, tmp_path):
    """Unsigned bytes again, as in the TFLite file."""
    name = "tflite-uint8-asymmetric"
    path, back = tmp_path / "model.gln", tmp_path / "back.gln"
    told = json.loads(tool("convert", GOLDENS / f"{name}.tflite", "-o", path, "--json"))["preprocessing"]
    exported = export(path)
    constants = {it.name: onnx.numpy_helper.to_array(it) for it in onnx.load(exported).graph.initializer}
    weights = [it for name, it in constants.items() if name.endswith("/weights_u8")]
    assert len(weights) > 10
    assert all(it.dtype == np.uint8 for it in weights)
    zeros = [it for name, it in constants.items() if name.endswith("/weights_zero")]
    assert any(it.dtype == np.uint8 and set(it) == {120} for it in zeros)
    golden = np.load(GOLDENS / f"{name}.npz")
    images = golden["images"]
    with googlenet.Model(path) as model:
        assert model.precision == "int8"
        probabilities = model.predict(images)
    tensors = (images.astype(np.float32) - np.float32(told["mean"])) * np.float32(told["scale"])
    got = run_onnx(exported, np.ascontiguousarray(tensors.transpose(0, 3, 1, 2)))
    assert abs(got - probabilities).sum(1).mean() / 2 < 0.02
    report = json.loads(tool("convert", exported, "-o", back, "--json"))
    assert report["precision"] == "int8"
    with googlenet.Model(back) as model:
        assert abs(model.predict(images) - probabilities).sum(1).mean() / 2 < 0.02


def test_int8_weights(tool, convert, export, tmp_path):
    """Weights stay bytes; activations are float32."""
    source = NETWORKS["inception"]()
    path = convert("int8-weights", source.model(), "--weights", "int8")
    model = check_round_trip(tool, export, path, source.noise(2))
    weights = [tensor for tensor in model.graph.initializer if tensor.name.endswith("weights_s8")]
    assert len(weights) == 8
    assert "QuantizeLinear" not in {node.op_type for node in model.graph.node}


def test_float16_weights(tool, convert, export):
    source = NETWORKS["inception"]()
    path = convert("float16-weights", source.model(), "--weights", "float16")
    images = np.random.default_rng(RNG_SEED).integers(0, 256, (2, 64, 64, 3), np.uint8)
    check_round_trip(tool, export, path, source.noise(2), images)

"""ONNX files quantized by ONNX Runtime (QDQ) against ONNX Runtime itself."""

import json
import subprocess
from pathlib import Path

import googlenet
import numpy as np
import onnx
import pytest
from onnx_networks import Network, run_all
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

TOOL = Path(__file__).resolve().parents[2] / "dist/bin/googlenet"
# Pixels as they are: the grid of the quantized input is then that of the bytes.
PIXELS = ("--mean", "0", "--scale", "1", "--channel-order", "rgb")
FORMS = {
    "u8": {"activation_type": QuantType.QUInt8},
    "s8": {"activation_type": QuantType.QInt8},
    "u8 symmetric": {"activation_type": QuantType.QUInt8, "extra_options": {"ActivationSymmetric": True}},
    "s8 symmetric": {"activation_type": QuantType.QInt8, "extra_options": {"ActivationSymmetric": True}},
    "one scale a tensor": {"activation_type": QuantType.QUInt8, "per_channel": False},
    "u8 weights": {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8, "per_channel": False},
}


def network():
    """A stem with normalization, an inception module, a classifier."""
    it = Network(24, 24, seed=5)
    last = it.relu(it.conv("data", 16, (3, 3), pads=(1, 1, 1, 1)))
    # Pixels are large: the activations are brought back to about 1, so that the probabilities are not all 0 or 1.
    weights = it.initializers[0]
    scaled = onnx.numpy_helper.to_array(weights) / 128
    weights.CopyFrom(onnx.numpy_helper.from_array(scaled.astype(np.float32), weights.name))
    last = it.lrn(it.max_pool(last, (3, 3), (2, 2), ceil=True), 5)

    def conv(source, outputs, kernel):
        pad = kernel // 2
        return it.relu(it.conv(source, outputs, (kernel, kernel), pads=(pad,) * 4))

    branches = [conv(last, 12, 1), conv(conv(last, 8, 1), 20, 3), conv(conv(last, 4, 1), 8, 5)]
    branches.append(conv(it.max_pool(last, (3, 3), pads=(1, 1, 1, 1)), 8, 1))
    it.classifier(it.concat(branches), 9)
    return it


def pictures(count, seed):
    """Smooth colours with noise, black and white among them."""
    rng = np.random.default_rng(seed)
    base = rng.integers(0, 256, (count, 3, 1, 1))
    ramp = np.linspace(-80, 80, 24)[None, None, :, None] * rng.uniform(-1, 1, (count, 1, 1, 1))
    pixels = np.clip(base + ramp + rng.normal(0, 25, (count, 3, 24, 24)), 0, 255).astype(np.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 0, 1] = 0, 255
    return pixels


class Reader(CalibrationDataReader):
    def __init__(self):
        self.rest = iter(pictures(32, 1))

    def get_next(self):
        picture = next(self.rest, None)
        return None if picture is None else {"data": picture[None].astype(np.float32)}


@pytest.fixture(scope="module")
def quantized(tmp_path_factory):
    """Quantizes the network in one of the forms; gives the ModelProto."""
    folder = tmp_path_factory.mktemp("quantized")
    source = folder / "float32.onnx"
    onnx.save(network().model(), source)
    made = {}

    def run(form):
        if form not in made:
            target = folder / f"{form}.onnx"
            arguments = {"per_channel": True, "weight_type": QuantType.QInt8, "quant_format": QuantFormat.QDQ}
            quantize_static(source, target, Reader(), **(arguments | FORMS[form]))
            made[form] = onnx.load(target)
        return made[form]

    return run


def variation(one, other):
    return abs(one - other).sum(1).mean() / 2


@pytest.mark.parametrize("form", FORMS)
def test_probabilities(convert, quantized, form):
    proto = quantized(form)
    picked = pictures(40, 2)
    want = run_all(proto, picked.astype(np.float32))[proto.graph.output[0].name]
    float32 = run_all(network().model(), picked.astype(np.float32))
    float32 = float32[network().model().graph.output[0].name]
    path = convert(f"qdq {form}", proto, *PIXELS)
    rows = np.ascontiguousarray(picked.transpose(0, 2, 3, 1))
    with googlenet.Model(path) as model:
        assert model.precision == "int8"
        got = model.predict(rows)
    assert 0 < variation(float32, want) < 0.1, "the network is not one that tells pictures apart"
    # ONNX Runtime also rounds the logits and the probabilities to 8 bits.
    assert variation(got, want) < 0.02
    assert variation(got, float32) < 1.1 * variation(want, float32)
    with googlenet.Model(path, precision="float32") as model:
        assert variation(model.predict(rows), float32) < 0.02


@pytest.mark.parametrize("form", ["u8", "s8", "one scale a tensor"])
def test_the_stem_is_that_of_the_file(convert, quantized, form):
    """The first convolution reads the same bytes in both: but for ties, each value is the same."""
    proto = quantized(form)
    constants = {it.name: onnx.numpy_helper.to_array(it) for it in proto.graph.initializer}
    nodes = {node.output[0]: node for node in proto.graph.node}
    convolution = next(node for node in proto.graph.node if node.op_type == "Conv" and "data" in node.input[0])
    rounded = next(node for node in proto.graph.node if node.input[0] == convolution.output[0])
    assert rounded.op_type == "QuantizeLinear"
    assert nodes[convolution.input[0]].op_type == "DequantizeLinear"
    scale = constants[rounded.input[1]]
    picked = pictures(8, 3)
    values = next(node for node in proto.graph.node if node.input[0] == rounded.output[0]).output[0]
    want = run_all(proto, picked.astype(np.float32))[values]
    path = convert(f"qdq {form}", proto, *PIXELS)
    with googlenet.Model(path) as model:
        name = next(it.name for it in model.layers if it.name in (rounded.output[0], convolution.output[0] + "_relu"))
        got = np.concatenate([model.layer(name, row[None]) for row in picked.transpose(0, 2, 3, 1).copy()])
    steps = (got.reshape(want.shape) - want) / scale
    assert abs(steps).max() < 1.01
    assert (abs(steps) < 0.01).mean() > 0.999
    assert len(np.unique(want)) > 100


def test_report(tool, quantized, tmp_path):
    source = tmp_path / "quantized.onnx"
    onnx.save(quantized("u8"), source)
    report = json.loads(tool("convert", source, "-o", tmp_path / "int8.gln", *PIXELS, "--json"))
    assert report["precision"] == "int8"
    assert any("8 of 8 convolutions and inner products compute in int8" in note for note in report["notes"])
    report = json.loads(tool("convert", source, "-o", tmp_path / "f.gln", *PIXELS, "--weights", "float32", "--json"))
    assert report["precision"] == "float32"
    assert any("dequantized" in note for note in report["notes"])


def test_operator_form_is_refused_by_name(tmp_path):
    """QOperator, the older form with QLinearConv, is not read."""
    source, target = tmp_path / "float32.onnx", tmp_path / "operators.onnx"
    onnx.save(network().model(), source)
    quantize_static(source, target, Reader(), quant_format=QuantFormat.QOperator, per_channel=True)
    command = [str(TOOL), "convert", str(target), "-o", str(tmp_path / "x.gln")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "QLinearConv" in done.stderr
    assert not (tmp_path / "x.gln").exists()

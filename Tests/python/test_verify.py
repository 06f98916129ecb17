"""`googlenet convert --verify` and `--check`: what they accept, print and refuse."""

import io
import json
import zipfile

import numpy as np
import pytest
from onnx_networks import Network, run_all


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small ONNX file, three inputs, and its logits and probabilities for them."""
    network = Network(9, 12, seed=4)
    network.classifier(network.relu(network.conv("data", 8, (3, 3))), 6)
    path = tmp_path_factory.mktemp("trained") / "small.onnx"
    model = network.model()
    path.write_bytes(model.SerializeToString())
    tensors = network.noise(3)
    results = run_all(model, tensors)
    return path, tensors, results[network.nodes[-1].input[0]], results[network.nodes[-1].output[0]]


def convert(tool, path, tmp_path, *options):
    """The tool's report of a conversion that works."""
    target = tmp_path / "small.gln"
    report = json.loads(tool("convert", path, "-o", target, "--json", *options))
    assert target.is_file()
    return report


def refused(tool, path, tmp_path, *options):
    """What the tool says where it does not write the model."""
    target = tmp_path / "small.gln"
    target.write_bytes(b"older")
    with pytest.raises(AssertionError) as error:
        tool("convert", path, "-o", target, *options)
    assert target.read_bytes() == b"older"
    assert {file.suffix for file in tmp_path.iterdir()} <= {".gln", ".npz"}
    return str(error.value)


REFERENCES = {
    "probabilities": lambda x, y, p: {"input": x, "output": p},
    "logits": lambda x, y, p: {"input": x, "output": y},
    "channels last": lambda x, y, p: {"input": x.transpose(0, 2, 3, 1).copy(), "output": p},
    "in another order": lambda x, y, p: {"other": y[:0], "probabilities": p, "input": x},
    "without known names": lambda x, y, p: {"x": x, "y": y, "z": x},
    "one image": lambda x, y, p: {"input": x[0], "output": p[0]},
    "one image of four axes": lambda x, y, p: {"input": x[:1], "output": p[:1, :, None, None]},
}


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", REFERENCES)
def test_references(tool, trained, tmp_path, name, compressed):
    path, tensors, logits, probabilities = trained
    arrays = REFERENCES[name](tensors, logits, probabilities)
    reference = tmp_path / "reference.npz"
    (np.savez_compressed if compressed else np.savez)(reference, **arrays)
    verified = convert(tool, path, tmp_path, "--verify", reference)["verified"]
    assert verified["output"] == ("logits" if name in ("logits", "without known names") else "probabilities")
    assert verified["images"] == verified["same_top1"] == (1 if "one" in name else 3)
    assert 0 <= verified["largest_difference"] < 1e-5
    assert "verified" in tool("convert", path, "-o", tmp_path / "small.gln", "--verify", reference)


def test_an_input_normalized_by_the_network(tool, tmp_path):
    """The reference's input is what the trained network was given, though the model normalizes it beforehand."""
    network = Network(9, 12, seed=4)
    network.classifier(network.relu(network.conv(network.batch_norm("data"), 8, (3, 3))), 6)
    path, reference = tmp_path / "small.onnx", tmp_path / "reference.npz"
    path.write_bytes(network.model().SerializeToString())
    tensors = network.noise(2)
    output = run_all(network.model(), tensors)[network.nodes[-1].output[0]]
    np.savez(reference, input=tensors, output=output)
    assert convert(tool, path, tmp_path, "--verify", reference)["verified"]["largest_difference"] < 1e-5


def test_differences(tool, trained, tmp_path):
    path, tensors, _, probabilities = trained
    reference = tmp_path / "reference.npz"
    changed = probabilities.copy()
    changed[1] = changed[1][::-1]
    np.savez(reference, input=tensors, output=changed)
    told = refused(tool, path, tmp_path, "--verify", reference)
    assert "2 of 3 images" in told
    assert "reference.npz" in told
    largest = float(abs(changed - probabilities).max())
    options = ("--verify", reference, "--tolerance")
    assert f"{largest:.4f}"[:5] in told
    refused(tool, path, tmp_path, *options, largest * 0.99)
    report = convert(tool, path, tmp_path, *options, largest * 1.01)["verified"]
    assert report["largest_difference"] == pytest.approx(largest, rel=1e-3)
    assert report["same_top1"] == 2
    # Weights of 8 bits are what is verified, not those of the trained file.
    np.savez(reference, input=tensors, output=probabilities)
    refused(tool, path, tmp_path, "--weights", "int8", *options, 1e-6)


def archive(**entries):
    """An archive of raw entries."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, content in entries.items():
            file.writestr(f"{name}.npy", content)
    return made.getvalue()


def array(values, **changes):
    """An array in npy format with a changed header."""
    made = io.BytesIO()
    np.lib.format.write_array(made, np.asarray(values, np.float32), version=(2, 0))
    content = made.getvalue()
    for old, new in changes.values():
        assert old in content
        content = content.replace(old, new)
    return content


X, Y = np.zeros((1, 3, 9, 12), np.float32), np.full((1, 6), 1 / 6, np.float32)
BROKEN = {
    "no archive": (b"an archive?", "numpy.savez"),
    "empty": (b"", "numpy.savez"),
    "truncated": (archive(input=array(X), output=array(Y))[:-30], "truncated"),
    "one array": (archive(input=array(X)), "an input and an output are needed"),
    "no npy": (archive(input=b"\x93NUMPX" + bytes(20), output=array(Y)), "array 'input' is not in npy format"),
    "short": (archive(input=array(X), output=array(Y)[:-1]), "bytes instead of 24"),
    "float64": (archive(input=array(X, type=(b"<f4", b"<f8")), output=array(Y)), "array 'input' holds '<f8'"),
    "big-endian": (archive(input=array(X), output=array(Y, type=(b"<f4", b">f4"))), "array 'output' holds '>f4'"),
    "objects": (archive(input=array(X, type=(b"'<f4'", b"'|O'  ")), output=array(Y)), "'|O'"),
    "Fortran order": (archive(input=array(X, order=(b"False", b"True ")), output=array(Y)), "ascontiguousarray"),
    "huge shape": (archive(input=array(X, shape=(b"(1, 3, 9, 12)", b"(9999999, 9999999, 9999999, 9999999)")),
                           output=array(Y)), "array 'input' of [9999999"),
    "wide number": (archive(input=array(X, shape=(b"(1, 3,", b"(99999999999999999999, 3,")), output=array(Y)),
                    "a number is missing"),
    "negative": (archive(input=array(X, shape=(b"(1, ", b"(-1,")), output=array(Y)), "a number is missing"),
    "key twice": (archive(input=array(X, key=(b"'descr'", b"'shape'")), output=array(Y)), "header is broken"),
    "other key": (archive(input=array(X, key=(b"'descr'", b"'type' ")), output=array(Y)), "'type' is unknown"),
    "header length": (archive(input=array(X)[:8] + b"\xff\xff\xff\x7f" + array(X)[12:], output=array(Y)),
                      "npy header of 2147483647 bytes"),
    "NaN": (archive(input=array(X), output=array(Y * np.nan)), "NaN"),
    "other size": (archive(input=array(np.zeros((1, 3, 9, 9))), output=array(Y)), "--input-size"),
    "no image": (archive(input=array(np.zeros(5)), output=array(Y)), "--input-size"),
    "no images": (archive(input=array(X[:0]), output=array(Y[:0])), "--input-size"),
    "other classes": (archive(input=array(X), output=array(np.zeros((1, 5)))), "6 classes for each of 1 images"),
    "other images": (archive(input=array(X), output=array(np.zeros((2, 3)))), "6 classes for each of 1 images"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_references(tool, trained, tmp_path, name):
    content, told = BROKEN[name]
    reference = tmp_path / "reference.npz"
    reference.write_bytes(content)
    message = refused(tool, trained[0], tmp_path, "--verify", reference)
    assert told in message
    assert "reference.npz" in message


def test_missing_files(tool, trained, tmp_path):
    assert "missing.npz" in refused(tool, trained[0], tmp_path, "--verify", "missing.npz")
    assert "missing.png" in refused(tool, trained[0], tmp_path, "--check", "missing.png")
    assert "--tolerance" in refused(tool, trained[0], tmp_path, "--tolerance=-1")


def test_check(tool, shared, tmp_path):
    folder = shared / "models/clothing"
    report = convert(tool, folder / "clothing.pt", tmp_path, "--check", folder / "tshirt.png")
    predictions = report["check"]["predictions"]
    assert len(predictions) == 5
    assert predictions[0]["label"] == "t-shirt"
    assert report["variant"] == "GoogLeNet with BatchNorm (true 5x5 branches)"
    assert report["layer_count"] == 139
    assert report["preprocessing_reason"] == (
        "channel order, mean, scale: torchvision's convention; resize rule: short-side, for nothing tells it"
    )
    assert report["verified"] is None
    text = tool("convert", folder / "clothing.pt", "-o", tmp_path / "small.gln", "--check", folder / "tshirt.png")
    for told in ("variant", "layers", "parameters", "multiply-adds", "assumed", "t-shirt"):
        assert told in text
    golden = folder / "golden.npz"
    verified = convert(tool, folder / "clothing.pt", tmp_path, "--verify", golden)["verified"]
    assert verified["output"] == "logits"
    assert verified["same_top1"] == verified["images"] == 4

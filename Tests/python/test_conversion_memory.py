"""Small files cannot make the converter take much memory or fill the disk."""

import subprocess
import sys
import zipfile

import numpy as np
import onnx
import pytest
from conftest import ROOT, TOOL
from onnx import TensorProto, helper

ALLOWED = 64 << 20
SMALL = ROOT / "Tests/frameworks/golden/keras2-sequential.h5"


# A process of its own: what starts the tool lends it its own largest resident set.
LAUNCHER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(done.returncode, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak(*arguments):
    """Status, standard error and the largest resident set in bytes of a run of the tool."""
    command = [sys.executable, "-c", LAUNCHER, str(TOOL), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    status, size = map(int, done.stdout.split())
    return status, done.stderr, size << 10


def refused(path, folder):
    target = folder / "model.gln"
    status, error, size = peak("convert", path, "-o", target)
    assert status == 1
    assert "bytes of memory" in error
    assert "are allowed" in error
    assert "--memory-limit" in error
    assert not target.exists()
    # Twice what is allowed leaves room for the tool itself and the system's pages of the file.
    assert size < 2 * (ALLOWED + 8 * path.stat().st_size) + (64 << 20)


def test_tensors_that_share_a_storage(tool, shared, tmp_path):
    path = shared / "cases/hostile/amp.pt"
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    refused(path, tmp_path)


def sparse(folder, layers):
    """A model of convolutions whose weights all lie in a file of 256 MiB, all of it a hole."""
    with open(folder / "weights", "wb") as file:
        file.truncate(1 << 28)
    nodes, tensors = [], []
    value = "image"
    for index in range(layers):
        tensor = TensorProto(name=f"w{index}", dims=[1024, 1024, 4, 4], data_type=TensorProto.FLOAT)
        tensor.data_location = TensorProto.EXTERNAL
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "weights"
        tensors.append(tensor)
        nodes.append(helper.make_node("Conv", [value, f"w{index}"], [f"v{index}"], pads=[1, 2, 2, 1]))
        value = f"v{index}"
    shape = ["N", 3, 32, 32]
    graph = helper.make_graph(
        nodes,
        "sparse",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, None)],
        tensors,
    )
    path = folder / "sparse.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())
    return path


def test_external_data_that_is_a_hole(tool, tmp_path):
    path = sparse(tmp_path, 40)
    assert path.stat().st_size < 20_000
    refused(path, tmp_path)


def test_entries_of_an_archive(tool, tmp_path):
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        # MEMOIZE, which takes a byte, makes an entry of a dictionary.
        archive.writestr("a/data.pkl", b"\x80\x04N" + b"\x94" * 50_000_000 + b".")
    assert path.stat().st_size < 100_000
    refused(path, tmp_path)


def test_a_constant_that_is_copied(tool, tmp_path):
    values = np.zeros(1 << 20, np.float32)
    nodes = [helper.make_node("Transpose", [f"v{index}"], [f"v{index + 1}"], perm=[1, 0]) for index in range(60)]
    nodes.append(helper.make_node("Flatten", ["image"], ["flat"]))
    nodes.append(helper.make_node("MatMul", ["flat", "v60"], ["y"]))
    graph = helper.make_graph(
        nodes,
        "copies",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 1, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(values.reshape(1024, 1024), "v0")],
    )
    path = tmp_path / "copies.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())
    refused(path, tmp_path)
    # What it needs is given where it is asked for.
    status, error, _ = peak("convert", path, "-o", tmp_path / "model.gln", "--memory-limit", 1000)
    assert status == 0, error


def test_nodes_that_do_nothing(tool, tmp_path):
    nodes = [helper.make_node("Identity", [f"v{index}"], [f"v{index + 1}"]) for index in range(400_000)]
    graph = helper.make_graph(
        nodes,
        "nodes",
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, ["N", 1, 32, 32])],
        [helper.make_tensor_value_info("v400000", TensorProto.FLOAT, None)],
    )
    path = tmp_path / "nodes.onnx"
    path.write_bytes(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]).SerializeToString())
    status, error, size = peak("convert", path, "-o", tmp_path / "model.gln")
    assert status == 1
    assert "are allowed" in error
    # The tool itself, and the system's pages of the file.
    assert size < ALLOWED + 8 * path.stat().st_size + (32 << 20)


def test_labels_beyond_what_a_model_has(tool, tmp_path):
    labels = tmp_path / "labels.txt"
    for content, told in ((b"a\n" * 65_537, "more than 65536 lines"), (b"a" * (9 << 20), "at most 8 MiB")):
        labels.write_bytes(content)
        status, error, size = peak("convert", SMALL, "--labels", labels, "-o", tmp_path / "x.gln")
        assert status == 1
        assert told in error
        assert size < 2 * ALLOWED


def test_a_reference_follows_the_limit(tool, tmp_path):
    reference = tmp_path / "reference.npz"
    np.savez_compressed(
        reference, input=np.zeros((200, 3, 224, 224), np.float32), output=np.zeros((200, 10), np.float32)
    )
    arguments = ("convert", SMALL, "--verify", reference, "-o", tmp_path / "x.gln")
    status, error, _ = peak(*arguments)
    assert status == 1
    assert "--memory-limit" in error
    assert "bytes of memory" in error
    status, error, _ = peak(*arguments, "--memory-limit", 1000)
    assert status == 1
    assert "bytes of memory" not in error


def test_limits_that_make_no_sense(tool, tmp_path):
    for limit in (0, 1 << 50):
        status, error, _ = peak("convert", "x.onnx", "-o", tmp_path / "x.gln", "--memory-limit", limit)
        assert status == 64
        assert "--memory-limit" in error

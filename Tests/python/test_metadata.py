"""Texts that a model keeps: `convert --metadata`, what trained files say of themselves, and who tells them again."""

import json
import subprocess

import numpy as np
import onnx
import pytest
from conftest import TOOL
from gln_writer import small_classifier
from onnx_networks import Network


def trained(folder, props=(), name="trained.onnx"):
    """A small ONNX model that says something of itself."""
    network = Network(4, 4)
    network.classifier("data", 3)
    model = network.model()
    model.producer_name, model.producer_version, model.doc_string = "writer", "1.5", "For tests."
    for key, value in props:
        model.metadata_props.add(key=key, value=value)
    path = folder / name
    path.write_bytes(model.SerializeToString())
    return path


def metadata(tool, path):
    return json.loads(tool("info", "--json", path))["metadata"]


def refused(*arguments):
    done = subprocess.run([str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert not done.stdout
    return done.returncode, done.stderr


def test_what_is_asked_for_goes_first(tool, tmp_path):
    path = trained(tmp_path, [("license", "MIT"), ("author", "ü\nv"), ("Accuracy", "1 %")])
    target = tmp_path / "model.gln"
    tool("convert", path, "-o", target)
    told = {
        "licence": "MIT",
        "author": "ü\nv",
        "accuracy": "1 %",
        "description": "For tests.",
        "source_producer": "writer 1.5",
    }
    assert metadata(tool, target) == told
    assert target.read_bytes()[:10] == b"\x89\x01GLNMODEL"
    options = ["--metadata", "licence=CC BY=4.0", "--metadata", "author=", "--metadata", "new key=é"]
    report = json.loads(tool("convert", path, "-o", target, "--json", *options))
    del told["author"], told["licence"]
    want = told | {"licence": "CC BY=4.0", "new key": "é"}
    assert metadata(tool, target) == report["metadata"] == want
    assert list(metadata(tool, target)) == list(want)


def test_info_tells_first_lines(tool, tmp_path):
    target = tmp_path / "model.gln"
    long = "x" * 100
    tool("convert", trained(tmp_path), "-o", target, "--metadata", "a=one\ntwo", "--metadata", f"b={long}")
    lines = [" ".join(line.split()) for line in tool("info", target).splitlines()]
    start = lines.index("metadata description: For tests.")
    assert lines[start + 1 : start + 4] == [
        "source_producer: writer 1.5", "a: one … (7 bytes)", f"b: {'x' * 80} … (100 bytes)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("licence", "'licence' is invalid for '--metadata <key=text>'"),
        ("=MIT", "'=MIT' is invalid"),
        ("a=" + "v" * 65537, "the metadata asked for: the value of metadata entry 0 has 65537 bytes: at most 65536"),
        ("k" * 257 + "=v", "the metadata asked for: the key of metadata entry 0 has 257 bytes: at most 256"),
        (b"a=\xff", "--metadata 'a=\\xFF' is not UTF-8 text"),
    ],
)
def test_wrong_arguments(tmp_path, argument, told):
    path = trained(tmp_path)
    command = [str(TOOL), "convert", str(path), "-o", str(tmp_path / "x.gln"), "--metadata", argument]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode != 0
    assert told in done.stderr.decode()
    assert not (tmp_path / "x.gln").exists()


def test_keys_are_given_once(tmp_path):
    arguments = ["--metadata", "a=1", "--metadata", "a=2"]
    _, told = refused("convert", trained(tmp_path), "-o", tmp_path / "x.gln", *arguments)
    assert "the metadata key 'a' is there twice" in told


def test_synsets_of_a_labels_file(tool, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("n01440764 tench\nn01443537 goldfish\nn01484850 shark\n")
    target = tmp_path / "model.gln"
    tool("convert", trained(tmp_path), "-o", target, "--labels", labels)
    assert metadata(tool, target)["synsets"] == "n01440764\nn01443537\nn01484850"
    assert json.loads(tool("info", "--json", target))["labels"] == ["tench", "goldfish", "shark"]
    tool("convert", trained(tmp_path), "-o", target, "--labels", labels, "--metadata", "synsets=")
    assert "synsets" not in metadata(tool, target)


def test_export_and_back(tool, tmp_path):
    target = tmp_path / "model.gln"
    tool("convert", trained(tmp_path, [("license", "MIT")]), "-o", target, "--metadata", "source=here")
    tool("export", target, "-o", tmp_path / "exported.onnx")
    model = onnx.load(tmp_path / "exported.onnx")
    onnx.checker.check_model(model, full_check=True)
    props = {entry.key: entry.value for entry in model.metadata_props}
    assert metadata(tool, target).items() <= props.items()
    tool("convert", tmp_path / "exported.onnx", "-o", tmp_path / "back.gln")
    assert metadata(tool, tmp_path / "back.gln") == metadata(tool, target)


def test_quantized_models_keep_it(tool, tmp_path):
    rng = np.random.default_rng(5)
    (tmp_path / "float.gln").write_bytes(small_classifier(rng).file())
    tool("export", tmp_path / "float.gln", "-o", tmp_path / "float.onnx")
    tool("convert", tmp_path / "float.onnx", "-o", tmp_path / "told.gln", "--metadata", "licence=MIT")
    image = pytest.importorskip("PIL.Image")
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(24):
        image.fromarray(rng.integers(0, 256, (20, 24, 3), np.uint8)).save(folder / f"{index}.png")
    target = tmp_path / "int8.gln"
    report = json.loads(
        tool("quantize", tmp_path / "told.gln", "--calibration", folder, "-o", target, "--json", "--threads", 1)
    )
    assert metadata(tool, target) == report["metadata"] == {"licence": "MIT"}


def test_damaged_models_are_no_foreign_format(tool, tmp_path):
    target = tmp_path / "model.gln"
    tool("convert", trained(tmp_path), "-o", target)
    whole = target.read_bytes()
    for content in (whole[:-1], whole[:40], whole[:10], whole[:60] + b"\xff" + whole[61:]):
        target.write_bytes(content)
        assert "is a damaged googlenet model file" in refused("info", target)[1]
        assert "a damaged GoogLeNet model file: copy it again" in refused("convert", target, "-o", "x.gln")[1]
    target.write_bytes(whole)
    assert "a GoogLeNet model file already" in refused("convert", target, "-o", "x.gln")[1]

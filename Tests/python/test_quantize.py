"""The subcommands quantize and evaluate: their reports, and what they say when something is wrong."""

import itertools
import json
import subprocess
from pathlib import Path

import googlenet
import numpy as np
import onnx
import pytest
from onnx_networks import Network
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "dist/bin/googlenet"
CLASSES = 7


def network(rule: str | None = None) -> Network:
    """Two convolutions, a pool, two joined branches and a classifier, on pixels as they are; strided by a rule."""
    it = Network(24, 24, seed=3)
    first = it.conv("data", 8, (3, 3), (2, 2) if rule else (1, 1), rule or (1, 1, 1, 1))
    weights = it.initializers[0]
    scaled = onnx.numpy_helper.to_array(weights) / 128
    weights.CopyFrom(onnx.numpy_helper.from_array(scaled.astype(np.float32), weights.name))
    last = it.max_pool(it.relu(first), (2, 2), (2, 2), rule or (0, 0, 0, 0))
    branches = [it.relu(it.conv(last, 12, (1, 1))), it.relu(it.conv(last, 10, (3, 3), pads=(1, 1, 1, 1)))]
    it.classifier(it.concat(branches), CLASSES)
    return it


def residual() -> Network:
    """Sums of what convolutions gave and of what is stored already, and activations that can be stored."""
    it = Network(24, 24, seed=5)
    first = it.conv("data", 8, (3, 3), pads=(1, 1, 1, 1))
    weights = it.initializers[0]
    scaled = onnx.numpy_helper.to_array(weights) / 128
    weights.CopyFrom(onnx.numpy_helper.from_array(scaled.astype(np.float32), weights.name))
    stem = it.max_pool(it.clip(first, 1.5), (2, 2), (2, 2))
    inner = it.relu(it.conv(stem, 12, (1, 1)))
    block = it.relu(it.add(it.conv(inner, 8, (3, 3), pads=(1, 1, 1, 1)), stem))
    gated = it.sigmoid(it.conv(block, 8, (1, 1)))
    it.classifier(it.clip(it.conv(it.add(block, gated, stem), 16, (3, 3)), 6), CLASSES)
    return it


def save_pictures(folder: Path, count: int, seed: int) -> list[Path]:
    """Pictures of a colour each, with noise."""
    folder.mkdir(exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for number in range(count):
        pixels = rng.integers(0, 256, 3) + rng.normal(0, 40, (27, 30, 3))
        paths.append(folder / f"{number:03}.png")
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(paths[-1])
    return paths


@pytest.fixture(scope="module")
def tool():
    """Runs the tool, which must end with `status`."""

    def run(*arguments: object, status: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run([str(TOOL), *map(str, arguments)], capture_output=True, text=True, cwd=ROOT, check=False)
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture(scope="module")
def convert(tool, tmp_path_factory):
    """Converts a network to a .gln file."""
    folder = tmp_path_factory.mktemp("models")

    def run(name: str, it: Network) -> Path:
        source, target = folder / f"{name}.onnx", folder / f"{name}.gln"
        onnx.save(it.model(), source)
        tool("convert", source, "--mean", 0, "--scale", 1, "-o", target)
        return target

    return run


@pytest.fixture(scope="module")
def float32(convert) -> Path:
    return convert("float32", network())


@pytest.fixture(scope="module")
def calibration(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("calibration")
    save_pictures(folder, 40, 1)
    (folder / "notes.txt").write_text("not a picture")
    return folder


@pytest.fixture(scope="module")
def int8(tool, float32, calibration) -> Path:
    target = float32.with_name("int8.gln")
    tool("quantize", float32, "--calibration", calibration, "-o", target)
    return target


def test_report_as_json(tool, float32, calibration, tmp_path) -> None:
    target = tmp_path / "int8.gln"
    done = tool("quantize", float32, "--calibration", calibration, "-o", target, "--json")
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert (report["calibration_pictures"], report["held_out_pictures"]) == (36, 4)
    assert report["agreement"] in (0, 0.25, 0.5, 0.75, 1)
    assert 0 < report["total_variation"] < 0.05
    assert report["float_share"] == 0
    assert report["seconds"] > 0
    assert report["file_bytes"] == target.stat().st_size
    assert report["precision"] == "int8"
    info = json.loads(tool("info", float32, "--json").stdout)
    weighted = [layer["name"] for layer in info["layers"] if layer["kind"] in ("Convolution", "InnerProduct")]
    assert [layer["name"] for layer in report["layers"]] == weighted
    for layer in report["layers"]:
        assert layer["precision"] == "int8"
        assert layer["signal_to_noise_db"] > 20
        assert layer["multiply_adds"] > 0


def test_residual_networks(tool, convert, calibration, tmp_path) -> None:
    target = tmp_path / "int8.gln"
    done = tool("quantize", convert("residual", residual()), "--calibration", calibration, "-o", target, "--json")
    report = json.loads(done.stdout)
    assert report["total_variation"] < 0.05
    assert [layer["precision"] for layer in report["layers"]] == ["int8"] * 6
    signals = [layer["signal_to_noise_db"] for layer in report["layers"]]
    assert min(signals) > 20
    pixels = np.random.default_rng(4).integers(0, 256, (3, 24, 24, 3), dtype=np.uint8)
    rows = []
    for isa, threads in itertools.product(("portable", "avx2", "best"), (1, 3)):
        with googlenet.Model(target, max_isa=isa, threads=threads) as model:
            assert model.precision == "int8"
            rows.append(model.predict(pixels, output="logits"))
    assert all(np.array_equal(row, rows[0]) for row in rows)


def test_report_as_text(tool, float32, calibration, tmp_path) -> None:
    target = tmp_path / "int8.gln"
    text = tool("quantize", float32, "--calibration", calibration, "-o", target).stdout
    for part in (" dB", "signal to noise", "same top-1", "total variation", "36 pictures", "4 pictures", " s\n", " MB"):
        assert part in text


@pytest.mark.parametrize("rule", ["SAME_UPPER", "SAME_LOWER"])
def test_padding_rules_hold_at_other_sizes(tool, convert, calibration, tmp_path, rule) -> None:
    float32, int8 = convert(rule, network(rule)), tmp_path / "int8.gln"
    tool("quantize", float32, "--calibration", calibration, "-o", int8)
    assert json.loads(tool("info", int8, "--json").stdout)["precision"] == "int8"
    for size in ((24, 24), (23, 25), (38, 31)):
        pixels = np.random.default_rng(4).integers(0, 256, (8, *size, 3), np.uint8)
        with googlenet.Model(float32, input_size=size) as one, googlenet.Model(int8, input_size=size) as other:
            assert other.precision == "int8"
            assert abs(one.predict(pixels) - other.predict(pixels)).sum(1).mean() / 2 < 0.02, size


@pytest.mark.parametrize("ranges", ["max", "mse", "kl", "99.9"])
def test_the_same_pictures_give_the_same_bytes(tool, float32, calibration, tmp_path, ranges) -> None:
    files = []
    for threads in (1, 2):
        target = tmp_path / f"{threads}.gln"
        arguments = ["--calibration", calibration, "--ranges", ranges, "--threads", threads, "-o", target]
        tool("quantize", float32, *arguments)
        files.append(target.read_bytes())
    assert files[0] == files[1]


def test_float_share(tool, float32, calibration, tmp_path) -> None:
    arguments = ["--calibration", calibration, "--max-float-share", 0.6, "-o", tmp_path / "mixed.gln", "--json"]
    report = json.loads(tool("quantize", float32, *arguments).stdout)
    counts = {"int8": 0, "float32": 0}
    for layer in report["layers"]:
        counts[layer["precision"]] += layer["multiply_adds"]
    assert 0 < counts["float32"] <= 0.6 * sum(counts.values())
    assert report["float_share"] == pytest.approx(counts["float32"] / sum(counts.values()))


def test_float_share_of_the_real_network(tool, shared: Path, tmp_path: Path) -> None:
    """The more of BVLC's layers are in float32 the closer is the rest, on pictures that were not calibrated with."""
    trained, photos = shared / "models/bvlc_googlenet/bvlc_googlenet.caffemodel", shared / "images/imagenet_sample"
    lines = (photos / "labels.txt").read_text().splitlines()
    folder = tmp_path / "calibration"
    folder.mkdir()
    for line in lines[:64:4]:
        name = line.split()[0]
        (folder / name).symlink_to(photos / name)
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(lines[2::4]))
    source = tmp_path / "float32.gln"
    tool("convert", trained, "-o", source)
    # A share, and how much of pure int8's total variation may be left: on eight sets of 16 to 125 pictures it was 0.37
    # to 0.71, 0.24 to 0.60 and 0.03 to 0.09.
    bounds = {0: 1, 0.25: 0.9, 0.5: 0.75, 1: 0.2}
    variations = []
    for share, bound in bounds.items():
        target = tmp_path / f"{share}.gln"
        arguments = ["--calibration", folder, "--max-float-share", share, "-o", target, "--json"]
        report = json.loads(tool("quantize", source, *arguments).stdout)
        mixed = [layer for layer in report["layers"] if layer["precision"] == "float32"]
        assert (len(mixed) > 3) == (share > 0)
        assert 0.9 * share <= report["float_share"] <= share
        result = json.loads(tool("evaluate", target, photos, "--labels", labels, "--against", source, "--json").stdout)
        assert result["precision"] == "int8"
        variations.append(result["total_variation"])
        assert variations[-1] <= bound * variations[0]


@pytest.mark.parametrize("share", [0, 0.6])
def test_the_same_pictures_give_the_same_bytes_on_every_tier(tool, float32, calibration, tmp_path, monkeypatch, share):
    """From AVX2 on; which tiers beyond it there are depends on the CPU."""
    files = []
    for tier in ("avx2", "avx512", "best"):
        monkeypatch.setenv("GOOGLENET_MAX_ISA", tier)
        target = tmp_path / f"{tier}.gln"
        tool("quantize", float32, "--calibration", calibration, "--max-float-share", share, "-o", target)
        files.append(target.read_bytes())
    assert files[0] == files[1] == files[2]


def test_evaluate(tool, float32, int8, tmp_path) -> None:
    """Its figures are those that follow from what classify says of each picture."""
    folder = tmp_path / "pictures"
    paths = save_pictures(folder, 30, 2)
    found = {}
    for model in (int8, float32):
        arguments = ["--model", model, "--top", CLASSES, "--json", *paths]
        images = json.loads(tool("classify", *arguments).stdout)["images"]
        found[model] = [[p["class_index"] for p in image["predictions"]] for image in images]
    # Ranks 0 to 6 in turn.
    labels = [order[number % CLASSES] for number, order in enumerate(found[int8])]
    file = tmp_path / "labels.txt"
    file.write_text("".join(f"{path.name}\t{label}\n" for path, label in zip(paths, labels, strict=True)) + "\n")
    done = tool("evaluate", int8, folder, "--labels", file, "--against", float32, "--json")
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["precision"] == "int8"
    assert result["pictures"] == 30
    assert result["top1"] == pytest.approx(5 / 30)
    assert result["top5"] == pytest.approx(22 / 30)
    pairs = list(zip(found[int8], found[float32], strict=True))
    assert result["agreement"] == pytest.approx(sum(one[0] == other[0] for one, other in pairs) / 30)
    assert 0 < result["total_variation"] < 0.05
    top5 = sum(label in order[:5] for label, order in zip(labels, found[float32], strict=True))
    assert result["against"]["top5"] == pytest.approx(top5 / 30)
    assert sum(row["pictures"] for row in result["classes"]) == 30
    for row in result["classes"]:
        own = [n for n in range(30) if labels[n] == row["class_index"]]
        assert row["pictures"] == len(own)
        assert row["top1"] == pytest.approx(sum(n % CLASSES == 0 for n in own) / len(own))
        assert row["top5"] == pytest.approx(sum(n % CLASSES < 5 for n in own) / len(own))
    text = tool("evaluate", int8, folder, "--labels", file, "--against", float32).stdout
    for part in ("top-1", "16.7 %", "73.3 %", "same top-1", "total variation"):
        assert part in text


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("000.png 7\n", "class 7"),
        ("000.png -1\n", "class -1"),
        ("000.png\n", "line 1"),
        ("000.png 1\n\n001.png one\n", "line 3"),
        ("", "no pictures"),
        ("missing.png 1\n", "missing.png"),
        ("../labels.txt 1\n", "labels.txt"),
    ],
)
def test_evaluate_tells_what_is_wrong_with_labels(tool, int8, tmp_path, labels, told) -> None:
    save_pictures(tmp_path / "pictures", 2, 2)
    (tmp_path / "labels.txt").write_text(labels)
    done = tool("evaluate", int8, tmp_path / "pictures", "--labels", tmp_path / "labels.txt", "--json", status=1)
    assert told in done.stderr
    assert done.stdout == ""


def test_evaluate_compares_models_of_the_same_classes(tool, int8, tmp_path) -> None:
    (path,) = save_pictures(tmp_path, 1, 2)
    (tmp_path / "labels.txt").write_text(f"{path.name} 1\n")
    arguments = [int8, tmp_path, "--labels", tmp_path / "labels.txt", "--against", "models/clothing.gln"]
    assert "has 7 classes and 'models/clothing.gln' 10" in tool("evaluate", *arguments, status=1).stderr


def refused(tool, model: Path, folder: Path, output: Path, *arguments: object) -> str:
    """What quantize says of something that it cannot do; nothing must be left of its output."""
    done = tool("quantize", model, "--calibration", folder, "-o", output, *arguments, status=1)
    assert done.stdout == ""
    assert list(output.parent.glob(output.name + "*")) == []
    return done.stderr


def test_too_few_pictures(tool, float32, tmp_path) -> None:
    save_pictures(tmp_path / "few", 15, 1)
    message = refused(tool, float32, tmp_path / "few", tmp_path / "x.gln")
    assert "has 15 JPEG and PNG files: at least 16" in message
    (tmp_path / "empty").mkdir()
    assert "has 0 JPEG and PNG files" in refused(tool, float32, tmp_path / "empty", tmp_path / "x.gln")
    assert "nowhere" in refused(tool, float32, tmp_path / "nowhere", tmp_path / "x.gln")


def test_unreadable_pictures(tool, float32, tmp_path) -> None:
    paths = save_pictures(tmp_path / "pictures", 20, 1)
    content = paths[7].read_bytes()
    for broken in (b"", b"not a picture", content[: len(content) // 2]):
        paths[7].write_bytes(broken)
        assert "007.png" in refused(tool, float32, tmp_path / "pictures", tmp_path / "x.gln")
    paths[7].unlink()
    paths[7].mkdir()
    assert "007.png" in refused(tool, float32, tmp_path / "pictures", tmp_path / "x.gln")


def test_quantized_models(tool, int8, calibration, tmp_path) -> None:
    for model in (int8, Path("models/clothing.gln")):
        assert "quantized already" in refused(tool, model, calibration, tmp_path / "x.gln")


def test_constant_activations(tool, convert, calibration, tmp_path) -> None:
    it = network()
    (bias,) = (c for c in it.initializers if c.name == "conv3.bias")
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(12, -1e6, np.float32), bias.name))
    message = refused(tool, convert("constant", it), calibration, tmp_path / "x.gln")
    assert "gives 0.0 everywhere" in message
    assert "'relu4'" in message


def test_infinities(tool, convert, calibration, tmp_path) -> None:
    it = network()
    (weights,) = (c for c in it.initializers if c.name == "conv3.weight")
    values = np.full((12, 8, 1, 1), 3e38, np.float32)
    weights.CopyFrom(onnx.numpy_helper.from_array(values, weights.name))
    message = refused(tool, convert("infinite", it), calibration, tmp_path / "x.gln")
    assert "000.png' gives infinity or NaN" in message
    assert "layer 'conv3'" in message


def test_the_float32_model_is_kept(tool, float32, calibration, tmp_path) -> None:
    content = float32.read_bytes()
    done = tool("quantize", float32, "--calibration", calibration, "-o", float32, status=1)
    assert "--output" in done.stderr
    assert float32.read_bytes() == content


def test_an_older_output_stays_where_quantization_fails(tool, int8, calibration, tmp_path) -> None:
    (tmp_path / "x.gln").write_bytes(b"older")
    tool("quantize", int8, "--calibration", calibration, "-o", tmp_path / "x.gln", status=1)
    assert (tmp_path / "x.gln").read_bytes() == b"older"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--ranges", "average"], "--ranges"),
        (["--ranges", "0"], "--ranges"),
        (["--ranges", "101"], "--ranges"),
        (["--max-float-share", "1.5"], "--max-float-share"),
        (["--threads", "-1"], "--threads"),
    ],
)
def test_usage(tool, float32, calibration, tmp_path, arguments, told) -> None:
    output = tmp_path / "x.gln"
    done = tool("quantize", float32, "--calibration", calibration, "-o", output, *arguments, status=64)
    assert told in done.stderr
    assert not output.exists()

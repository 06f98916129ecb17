"""The command-line tool: results, JSON, and what it says when something is wrong."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
from pathlib import Path

import pytest

MODEL = "models/clothing.gln"
PICTURE = "models/tshirt.png"
LABELS = ["dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"]


@pytest.mark.parametrize(
    "command", [[], ["convert"], ["export"], ["info"], ["classify"], ["bench"], ["quantize"], ["evaluate"]]
)
def test_help_teaches_with_examples(tool, command) -> None:
    text = tool(*command, "--help").stdout
    assert "EXAMPLES" in text
    assert max(len(line) for line in text[: text.index("USAGE")].splitlines()) <= 80


def test_help_tells_the_limits_of_pictures(tool) -> None:
    text = " ".join(tool("classify", "--help").stdout.split())
    assert "any size" not in text
    assert f"at most {2**16 - 1} pixels a side and {2**27 // 10**6} million in all" in text


def test_version(tool, root) -> None:
    assert tool("--version").stdout == "googlenet 0.1.0\n"


def test_classify_uses_the_bundled_model(tool) -> None:
    lines = tool("classify", PICTURE).stdout.splitlines()
    assert lines[0] == PICTURE
    assert lines[1].split(maxsplit=2)[2] == "t-shirt"
    assert len(lines) == 6


def test_classify_within_a_memory_limit(tool) -> None:
    memory = json.loads(tool("info", MODEL, "--threads", 1, "--json").stdout)["memory"]
    limit = sum(memory[part] for part in ("weight_bytes", "arena_bytes", "scratch_bytes", "picture_bytes"))
    enough = -(-limit // 2**20) + 1
    arguments = ("classify", "--threads", 1, PICTURE, "--memory-limit")
    assert tool(*arguments, enough).stdout == tool(*arguments, 2**44 - 1).stdout
    assert f"the memory limit is {(enough - 3) * 2**20}" in tool(*arguments, enough - 3, status=1).stderr


def test_classify_json(tool) -> None:
    result = json.loads(tool("classify", "--model", MODEL, "--top", 20, "--threads", 1, "--json", PICTURE).stdout)
    assert result["threads"] == 1
    assert result["precision"] in ("float32", "int8")
    (image,) = result["images"]
    assert image["file"] == PICTURE
    predictions = image["predictions"]
    assert sorted(p["label"] for p in predictions) == LABELS
    assert [LABELS[p["class_index"]] for p in predictions] == [p["label"] for p in predictions]
    assert sum(p["probability"] for p in predictions) == pytest.approx(1, abs=1e-5)
    probabilities = [p["probability"] for p in predictions]
    assert probabilities == sorted(probabilities, reverse=True)


def test_classify_goes_on_after_a_bad_picture(tool, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"\xff\xd8\xff\xe0 not much more")
    done = tool("classify", bad, PICTURE, tmp_path / "missing.png", status=1)
    assert "t-shirt" in done.stdout
    assert str(bad) in done.stderr
    assert "missing.png" in done.stderr
    result = json.loads(tool("classify", "--json", bad, PICTURE, status=1).stdout)
    assert str(bad) in result["images"][0]["error"]
    assert result["images"][1]["predictions"]


def test_info(tool) -> None:
    result = json.loads(tool("info", MODEL, "--json").stdout)
    assert result["labels"] == LABELS
    assert result["classes"] == 10
    assert result["preprocessing"]["channel_order"] == "rgb"
    assert result["parameters"] == sum(layer["parameters"] for layer in result["layers"])
    assert result["multiply_adds"] == sum(layer["multiply_adds"] for layer in result["layers"])
    assert 1_400_000_000 < result["multiply_adds"] < 1_700_000_000
    text = tool("info").stdout
    assert "7x7/2" in text
    assert "112x112x64" in text
    assert all(layer["name"] in text for layer in result["layers"])


@pytest.mark.parametrize("weights", ["float32", "float16", "int8"])
def test_info_tells_how_weights_are_stored(tool, tmp_path: Path, weights: str) -> None:
    model = tmp_path / "model.gln"
    tool("convert", "Tests/frameworks/golden/graphdef-slim.pb", "--weights", weights, "-o", model)
    result = json.loads(tool("info", model, "--json").stdout)
    assert (result["weights"], result["precision"]) == (weights, "float32")
    assert re.search(rf"^weights +{weights}$", tool("info", model).stdout, re.MULTILINE)


def test_info_tells_memory(tool) -> None:
    memory = json.loads(tool("info", MODEL, "--threads", 1, "--max-isa", "portable", "--json").stdout)["memory"]
    assert (memory["isa"], memory["threads"]) == ("portable", 1)
    held = sum(memory[f"{part}_bytes"] for part in ("weight", "arena", "scratch", "picture"))
    assert memory["model_bytes"] == Path(tool.path).parents[2].joinpath(MODEL).stat().st_size
    assert held < memory["peak_bytes"] <= held + memory["model_bytes"] + 30_000_000
    assert held < memory["process_peak_bytes"]
    assert "at once" in tool("info", MODEL).stdout


def test_memory_of_the_process_is_as_told(tool) -> None:
    memory = json.loads(tool("info", MODEL, "--threads", 1, "--json").stdout)["memory"]
    # The tool itself, Swift's runtime in it and the C library take the rest.
    assert memory["process_peak_bytes"] < memory["peak_bytes"] + 30_000_000


def test_profile(tool) -> None:
    arguments = ["bench", MODEL, "--threads", 1, "--runs", 2, "--warmup", 0, "--profile"]
    result = json.loads(tool(*arguments, "--precision", "float32", "--json").stdout)
    operations = result["operations"]
    assert result["total_ms"] == pytest.approx(sum(operation["median_ms"] for operation in operations))
    assert result["peak_gflops"] > 1
    assert result["peak_int8_gops"] is None
    assert operations[0]["kind"] == "Input"
    info = json.loads(tool("info", MODEL, "--json").stdout)
    assert sum(operation["multiply_adds"] for operation in operations) == info["multiply_adds"]
    names = [name for operation in operations for name in operation["layers"]]
    assert len(names) == len(set(names))
    absent = {layer["kind"] for layer in info["layers"] if layer["name"] not in names}
    assert absent <= {"Concat", "Dropout"}
    assert max(len(operation["layers"]) for operation in operations) > 1
    for operation in operations:
        if operation["multiply_adds"]:
            assert operation["gops"] == pytest.approx(2e-6 * operation["multiply_adds"] / operation["median_ms"])
            assert operation["peak_share"] == pytest.approx(operation["gops"] / result["peak_gflops"])
            assert operation["reduced_peak_share"] <= operation["peak_share"]
        else:
            assert operation["gops"] is None
    text = tool(*arguments, "--precision", "float32").stdout
    assert "GFLOP/s" in text
    assert " + " in text
    assert "total" in text


def test_bench(tool) -> None:
    arguments = ["bench", MODEL, "--threads", 1, "--batch", 2, "--runs", 3, "--warmup", 0, "--max-isa", "portable"]
    result = json.loads(tool(*arguments, "--json").stdout)
    assert result["isa"] == "portable"
    assert result["threads"] == 1
    assert result["batch"] == 2
    assert 0 < result["min_ms"] <= result["median_ms"]
    assert result["images_per_second"] == pytest.approx(2000 / result["median_ms"])
    assert "images a second" in tool(*arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["classify"], 64, "images"),
        (["classify", "--top", "0", PICTURE], 64, "--top"),
        (["classify", "--max-isa", "mmx", PICTURE], 64, "avx2"),
        (["classify", "--threads", "1000", PICTURE], 64, "--threads"),
        (["classify", "--memory-limit", "0", PICTURE], 64, "--memory-limit"),
        (["classify", "--memory-limit", "lots", PICTURE], 64, "--memory-limit"),
        (["classify", "--memory-limit", "17592186044416", PICTURE], 64, "17592186044415"),
        (
            ["classify", "--memory-limit", "5", PICTURE],
            1,
            "the memory limit is 5242880\n           Where the command takes --memory-limit",
        ),
        (["bench", "--memory-limit", "5"], 1, "the memory limit is 5242880"),
        (["bench", "--batch", "0"], 64, "--batch"),
        (["convert", PICTURE], 64, "--output"),
        (["convert", PICTURE, "-o", "x.gln", "--mean", "1,x"], 64, "--mean"),
        (["convert", PICTURE, "-o", "x.gln", "--mean", "104", "117", "123"], 64, "commas: 104,117,123"),
        (["convert", "--scale", "1", "2", "3", PICTURE, "-o", "x.gln"], 64, "commas"),
        (["convert", PICTURE, "other.onnx", "-o", "x.gln"], 64, "other.onnx"),
        (["convert", PICTURE, "-o", "x.gln", "--input-size", "0"], 64, "--input-size"),
        (["info", "missing.gln"], 1, "missing.gln"),
        (["export", "missing.gln", "-o", "x.gln"], 1, "missing.gln"),
        (["export", MODEL, "-o", "missing/x.onnx"], 1, "missing/x.onnx"),
        (["export", MODEL, "-o", MODEL], 1, "--output"),
        (["info", PICTURE], 1, PICTURE),
        (["classify", "--model", "README.md", PICTURE], 1, "README.md"),
        (["convert", "missing.onnx", "-o", "x.gln"], 1, "missing.onnx"),
        (["convert", PICTURE, "-o", "x.gln"], 1, PICTURE),
    ],
)
def test_errors_name_what_was_wrong(tool, root, arguments, status, told) -> None:
    done = tool(*arguments, status=status)
    assert told in done.stderr
    assert done.stdout == ""
    assert not (root / "x.gln").exists()


def test_convert_keeps_the_trained_file(tool, tmp_path: Path) -> None:
    trained = tmp_path / "trained.onnx"
    trained.write_bytes(b"trained")
    (tmp_path / "link.gln").hardlink_to(trained)
    for output in (trained, tmp_path / "link.gln"):
        assert "--output" in tool("convert", trained, "-o", output, status=1).stderr
    assert trained.read_bytes() == b"trained"


def test_a_full_disk_is_told(tool, root) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([tool.path, "info", MODEL], stdout=full, stderr=subprocess.PIPE, text=True, cwd=root)
    assert done.returncode == 1
    assert "standard output" in done.stderr


def test_quiet_in_a_pipe(tool) -> None:
    assert tool("classify", PICTURE, PICTURE).stderr == ""
    assert tool("bench", "--runs", 2, "--warmup", 0).stderr == ""


def drawn(tool, columns: int, kind: str) -> list[str]:
    """The lines that the tool draws over each other on a terminal."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    arguments = [tool.path, "bench", "--runs", "60", "--warmup", "0", "--threads", "1"]
    process = subprocess.Popen(
        [str(a) for a in arguments], stdout=subprocess.DEVNULL, stderr=terminal, env=dict(os.environ, TERM=kind)
    )
    os.close(terminal)
    text = b""
    while True:
        try:
            part = os.read(master, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(master)
    assert process.wait() == 0
    assert text == b"" or text.endswith(b"\r\x1b[K")
    return [line.removesuffix("\x1b[K") for line in text.decode().split("\r") if line.removesuffix("\x1b[K")]


@pytest.mark.parametrize("columns", [4, 12, 20, 30, 40, 54, 80, 200])
def test_progress_fits_the_terminal(tool, columns: int) -> None:
    lines = drawn(tool, columns, "xterm")
    assert len(lines) > 2
    assert max(map(len, lines)) < columns
    if columns >= 12:
        assert all("/60" in line for line in lines)
    if columns >= 40:
        assert all(re.search(r"\[#*\.*\] ", line) for line in lines)
    if columns >= 54:
        assert any(re.search(r"\d/s, 0:\d\d left$", line) for line in lines)


def test_no_progress_where_lines_cannot_be_drawn_over(tool) -> None:
    assert drawn(tool, 80, "dumb") == []

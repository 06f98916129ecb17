"""What the tool writes to terminals and pipes: nothing that steers them, and no answer that is lost unseen."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
from gln_writer import Writer

# ESC, BEL, CSI of Latin-1, DEL, a line's end, marks that turn the direction of writing, and what cannot be seen.
EVIL = "\x1b[31m\a\x9b2J\x7f\r\nx\u202e\u2066\u200f\u2028\u200b\ufeff\U000e0041"
SEEN = r"\x1B[31m\x07\u009B2J\x7F\r\nx\u202E\u2066\u200F\u2028\u200B\uFEFF\U000E0041"
FORBIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


@pytest.fixture(scope="module")
def trained(golden: Path) -> Path:
    return golden / "keras2-sequential.h5"


@pytest.fixture(scope="module")
def evil_model(golden: Path, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with such a name, of which the file name has it too."""
    path = tmp_path_factory.mktemp("evil") / f"model{EVIL}.gln"
    arguments = ["convert", golden / "keras2-sequential.h5", "--name", f"name{EVIL}", "-o", path]
    arguments[2:2] = ["--metadata", f"key{EVIL}=text{EVIL}"]
    done = subprocess.run([root / "dist/bin/googlenet", *arguments], capture_output=True)
    assert done.returncode == 0
    check(done.stdout.decode())
    assert SEEN in done.stdout.decode()
    return path


def check(text: str) -> None:
    found = FORBIDDEN.search(text)
    assert found is None, repr(text[max(0, found.start() - 80) : found.start() + 80])


def run(tool, *arguments: object) -> subprocess.CompletedProcess:
    """Unlike `tool`, leaves line ends as they are."""
    done = subprocess.run([str(tool.path), *map(str, arguments)], capture_output=True)
    done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
    check(done.stdout)
    check(done.stderr)
    return done


def test_names_cannot_steer_a_terminal(tool, evil_model, root, tmp_path) -> None:
    picture = tmp_path / f"picture{EVIL}.png"
    picture.symlink_to(root / "models/tshirt.png")
    (tmp_path / "labels.txt").write_text("tshirt.png 0\n")
    commands = [
        ["info", evil_model],
        ["bench", evil_model, "--runs", 1, "--warmup", 0],
        ["bench", evil_model, "--runs", 1, "--warmup", 0, "--profile"],
        ["classify", "--model", evil_model, picture],
        ["export", evil_model, "-o", tmp_path / f"{EVIL}.onnx"],
        ["evaluate", evil_model, root / "models", "--labels", tmp_path / "labels.txt", "--against", evil_model],
    ]
    for command in commands:
        done = run(tool, *command)
        assert done.returncode == 0, done.stderr
        assert SEEN in done.stdout or command[:1] == ["evaluate"] or "--profile" in command
        for line in run(tool, *command, "--json").stdout.splitlines():
            json.loads(line)
    told = json.loads(run(tool, "info", evil_model, "--json").stdout)
    assert (told["name"], told["metadata"][f"key{EVIL}"]) == (f"name{EVIL}", f"text{EVIL}")


def test_labels_and_layers_cannot_steer_a_terminal(tool, root, tmp_path) -> None:
    writer = Writer(8, 8, labels=[f"label {number}{EVIL}" for number in range(2)])
    last = writer.convolution(f"layer{EVIL}", "data", np.ones((2, 3, 3, 3)), np.ones(2))
    writer.softmax(f"last{EVIL}", writer.pooling("pool", last, average=True, everything=True))
    path = tmp_path / "model.gln"
    path.write_bytes(writer.file())
    (tmp_path / "labels.txt").write_text("tshirt.png 1\n")
    for command in (
        ["info", path],
        ["classify", "--model", path, root / "models/tshirt.png"],
        ["bench", path, "--runs", 1, "--profile"],
        ["evaluate", path, root / "models", "--labels", tmp_path / "labels.txt"],
    ):
        assert SEEN in run(tool, *command).stdout
        json.loads(run(tool, *command, "--json").stdout)
    # In what the core says, too.
    writer.inner_product(f"bad{EVIL}", f"last{EVIL}", np.ones((2, 3)))
    path.write_bytes(writer.file())
    done = run(tool, "info", path)
    assert done.returncode == 1
    assert f"bad{SEEN}" in done.stderr


def test_errors_cannot_steer_a_terminal(tool, evil_model, tmp_path) -> None:
    for arguments in (
        ["info", EVIL],
        ["classify", EVIL],
        ["convert", EVIL, "-o", "x.gln"],
        ["convert", evil_model, "-o", tmp_path / "x.gln"],
        ["info", evil_model, "--precision", "int8"],
        ["export", evil_model, "-o", f"{EVIL}/x.onnx"],
        ["export", evil_model, "-o", evil_model],
        ["quantize", evil_model, "--calibration", EVIL, "-o", tmp_path / "x.gln"],
    ):
        done = run(tool, *arguments)
        assert done.returncode == 1, done.stderr
        assert "\\x1B[31m" in done.stderr
        assert done.stderr.count("\n") <= 2
    for arguments in (
        [EVIL],
        ["info", f"--{EVIL}"],
        ["info", "a", EVIL],
        ["bench", "--runs", EVIL],
        ["info", "--threads"],
    ):
        done = run(tool, *arguments)
        assert done.returncode == 64, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["help", "convert"],
        ["info", "--help"],
        ["info"],
        ["info", "--json"],
        ["classify", "models/tshirt.png"],
        ["classify", "--json", "models/tshirt.png"],
        ["bench", "--runs", "1", "--warmup", "0"],
        ["bench", "--runs", "1", "--warmup", "0", "--profile"],
        ["--generate-completion-script", "bash"],
    ],
)
def test_an_answer_that_cannot_be_written(tool, root, arguments) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([tool.path, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, cwd=root)
    assert (done.returncode, done.stderr) == (
        1,
        "googlenet: cannot write to standard output: No space left on device\n",
    )
    done = subprocess.run(
        ["sh", "-c", f"exec {tool.path} {' '.join(arguments)} >&-"], stderr=subprocess.PIPE, text=True, cwd=root
    )
    assert done.returncode == 1
    assert "cannot write to standard output" in done.stderr
    # A pipe that nobody reads ends it quietly, as it ends other programs.
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([tool.path, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, cwd=root)
    os.close(writing)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("clasify", "did you mean 'classify'?"),
        ("quantise", "did you mean 'quantize'?"),
        ("Info", "did you mean 'info'?"),
        ("ifno", "did you mean 'info'?"),
        ("exports", "did you mean 'export'?"),
        ("photo.jpg", "there are convert, info, classify, bench, quantize, evaluate, export"),
        ("x" * 100_000, "there are convert"),
    ],
)
def test_a_command_that_there_is_not(tool, word, told) -> None:
    for arguments in ([word], ["help", word]):
        done = tool(*arguments, status=64)
        assert told in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("option", ["--chanel-order rgb", "--labls x", "--memory-limt 5", "--weights=int8 --x"])
def test_an_option_that_there_is_not(tool, trained, option, tmp_path) -> None:
    done = tool("convert", trained, "-o", tmp_path / "x.gln", *option.split(), status=64)
    assert "Unknown option" in done.stderr

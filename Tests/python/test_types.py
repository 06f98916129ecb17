"""Package and programs are strictly typed: mypy and pyright (as PyPI has it: basedpyright) find nothing to say.

What a program gets wrong, they find.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bindings/python"
PROGRAM = '''
"""A program that uses what there is."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import googlenet


def answers(model: googlenet.Session, pixels: NDArray[np.uint8]) -> list[str]:
    """Labels for all kinds of pictures."""
    best: list[googlenet.Prediction] = model.classify(pixels, top=3)
    rows: NDArray[np.float32] = model.predict(pixels[np.newaxis], output="logits")
    features: NDArray[np.float32] = model.features(pixels, out=np.empty((1, 1024), np.float32))
    layer: NDArray[np.float32] = model.layer("conv1", [pixels, pixels])
    assert rows.shape[0] == features.shape[0] == layer.shape[0]
    listed: list[list[googlenet.Prediction]] = model.classify([Path("a.png"), pixels, googlenet.View(b"", fit="warp")])
    mixed: dict[str, NDArray[Any]] = model.run([pixels, "b.png"], ("features", "top-5"), out={"features": features})
    tensor: NDArray[np.float32] = model.transforms()(io.BytesIO())
    print(mixed["top-5"]["label"][0][0], model.normalize("a.png").shape, tensor.shape, listed[0][0].probability)
    print(model.predict((Path("a"), "b", Image.new("RGB", (3, 4)))).shape, model.preprocess([pixels]).dtype)
    print(model.preprocessing.mean[0] * 2, model.preprocessing.channel_order == "bgr", model.metadata.get("licence"))
    return [it.label for it in best]


def main(path: Path) -> None:
    """Everything else."""
    with googlenet.ThreadTeam(2) as team, googlenet.Model(path, precision="float32", team=team) as model:
        with model.session(threads=1, max_isa=None) as session:
            print(answers(session, np.zeros((8, 9, 3), np.uint8)), session.isa == "avx2", model.input_size[0])
        for layer in model.layers:
            print(layer.name, layer.channels * 2)
        for time in model.profile(np.zeros((1, 8, 9, 3), np.uint8)):
            print(time.nanoseconds + 1)
    print(googlenet.library_version().split("."), googlenet.Model().memory.peak_bytes)
'''
MISTAKES = """
import numpy as np

import googlenet

model = googlenet.Model(precision="fp16")  # mistake
model = googlenet.Model(backend="cuda")  # mistake
model.session(max_isa="sse9")  # mistake
model.predict(np.zeros((1, 8, 9, 3), np.uint8), output="softmax")  # mistake
model.predict(np.zeros((1, 8, 9, 3), np.uint8), out=np.zeros(3))  # mistake
model.classify(3)  # mistake
model.classify([3])  # mistake
googlenet.View("a.png", fit="crop")  # mistake
googlenet.View("a.png", box=(1, 2, 3))  # mistake
model.run("a.png", out={"features": 3})  # mistake
model.classify("a.png")[0][0].label  # mistake
"""


def checked(folder, name, text):
    """A program in a folder where type checkers find the package; its path."""
    path = folder / name
    path.write_text(text)
    return path


def run(folder, *command, **environment):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        env={"PATH": "/usr/bin:/bin"} | environment, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


def mypy(folder, *paths):
    options = ("--strict", "--no-error-summary", "--cache-dir", folder / "cache")
    return run(folder, "mypy", *options, *paths, MYPYPATH=str(PACKAGE))


def pyright(folder, *paths):
    """What pyright reports, as a list of (file, line counted from 1, message)."""
    settings = {
        "include": [str(path) for path in paths],
        "extraPaths": [str(PACKAGE)],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.10",
        # The package's modules know each other, and check what programs without types hand over.
        "reportPrivateUsage": False,
        "reportUnnecessaryIsInstance": False,
        "venvPath": str(Path(sys.prefix).parent),
        "venv": Path(sys.prefix).name,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = run(folder, "basedpyright", "--outputjson", "-p", folder)
    return [
        (it["file"], it["range"]["start"]["line"] + 1, it["message"])
        for it in json.loads(done.stdout)["generalDiagnostics"]
        if it["severity"] != "information"
    ]


def test_mypy(tmp_path):
    done = mypy(tmp_path, PACKAGE / "googlenet", checked(tmp_path, "program.py", PROGRAM))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyright(tmp_path):
    found = pyright(tmp_path, PACKAGE / "googlenet", checked(tmp_path, "program.py", PROGRAM))
    assert not found, "\n".join(map(str, found))


@pytest.fixture(scope="module")
def mistakes():
    return {number for number, line in enumerate(MISTAKES.splitlines(), 1) if line.endswith("# mistake")}


def test_mypy_finds_mistakes(tmp_path, mistakes):
    done = mypy(tmp_path, checked(tmp_path, "mistakes.py", MISTAKES))
    assert {int(number) for number in re.findall(r"^mistakes\.py:(\d+): error", done.stdout, re.MULTILINE)} == mistakes


def test_pyright_finds_mistakes(tmp_path, mistakes):
    path = checked(tmp_path, "mistakes.py", MISTAKES)
    assert {line for file, line, _ in pyright(tmp_path, path) if Path(file).name == path.name} == mistakes

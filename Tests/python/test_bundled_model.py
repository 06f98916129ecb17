"""Model() without a path is the model that comes with the package."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier

ROOT = Path(__file__).resolve().parents[2]
NAME = "import googlenet; print(googlenet.Model(threads=1).name)"


def run(folder, code, **environment):
    """Runs code with the package found in a folder; gives the finished process."""
    kept = {name: value for name, value in os.environ.items() if name != "GOOGLENET_MODEL"}
    return subprocess.run(
        [sys.executable, "-c", code], env=kept | {"PYTHONPATH": str(folder)} | environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def copy(tmp_path):
    """The package alone, in a repository that has no models."""
    folder = tmp_path / "repository/bindings/python"
    shutil.copytree(ROOT / "bindings/python/googlenet", folder / "googlenet", ignore=shutil.ignore_patterns("*.pyc"))
    return folder


@pytest.fixture
def other(tmp_path):
    """Another model's file."""
    path = tmp_path / "other.gln"
    path.write_bytes(small_classifier(np.random.default_rng(0)).file())
    return path


def test_in_the_repository(monkeypatch):
    monkeypatch.delenv("GOOGLENET_MODEL", raising=False)
    with googlenet.Model(threads=1) as model, googlenet.Model(ROOT / "models/clothing.gln", threads=1) as same:
        assert (model.name, model.class_count) == ("clothing", 10)
        pixels = np.zeros((1, *model.input_size, 3), np.uint8)
        assert np.array_equal(model.predict(pixels), same.predict(pixels))


@pytest.mark.parametrize("place", ["bindings/python/googlenet/clothing.gln", "models/clothing.gln"])
def test_beside_the_package_and_in_its_repository(copy, other, place):
    target = copy.parents[1] / place
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(other, target)
    assert run(copy, NAME).stdout == "written\n"


def test_beside_an_installed_library(copy, other, tmp_path, library):
    for source, target in ((library, "usr/lib/libgooglenet.so"), (other, "usr/share/googlenet/clothing.gln")):
        (tmp_path / target).parent.mkdir(parents=True)
        shutil.copyfile(source, tmp_path / target)
    assert run(copy, NAME, GOOGLENET_LIBRARY=str(tmp_path / "usr/lib/libgooglenet.so")).stdout == "written\n"


def test_the_environment_comes_first(copy, other):
    assert run(copy, NAME, GOOGLENET_MODEL=str(other)).stdout == "written\n"


def test_nowhere(copy, tmp_path):
    code = "import googlenet\ntry: googlenet.Model()\nexcept googlenet.MissingFileError as error: print(error)"
    done = run(copy, code)
    assert done.returncode == 0, done.stderr
    for place in (copy / "googlenet/clothing.gln", copy.parents[1] / "models/clothing.gln"):
        assert str(place) in done.stdout
    assert "name a model, or set GOOGLENET_MODEL to one" in done.stdout
    missing = tmp_path / "missing.gln"
    done = run(copy, code, GOOGLENET_MODEL=str(missing))
    assert done.stdout == f"GOOGLENET_MODEL says '{missing}': No such file or directory\n"

"""Where the library is looked for, and what is said where it is not there. Each in a process of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "googlenet"
LIBRARY = Path(os.environ.get("GOOGLENET_LIBRARY", PACKAGE.parents[2] / "dist/lib/libgooglenet.so"))


def run(folder, code, **environment):
    """Runs code with the package found in `folder`."""
    kept = {name: value for name, value in os.environ.items() if name != "GOOGLENET_LIBRARY"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=kept | {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])} | environment,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


PATH = "import googlenet; print(googlenet.library_path(), googlenet.library_version())"
FAILURE = """
import googlenet
try:
    googlenet.Model("x.gln")
except googlenet.LibraryNotFoundError as error:
    assert isinstance(error, ImportError) and isinstance(error, googlenet.Error)
    print(error)
"""


@pytest.fixture
def built():
    if not LIBRARY.is_file():
        pytest.fail(f"{LIBRARY} is missing: run make first", pytrace=False)
    return LIBRARY


@pytest.fixture
def copy(tmp_path):
    """The package alone, three folders deep as in the repository."""
    folder = tmp_path / "repository/bindings/python"
    shutil.copytree(PACKAGE, folder / "googlenet", ignore=shutil.ignore_patterns("*.so*", "__pycache__"))
    return folder


def test_environment_comes_first(copy, built):
    done = run(copy, PATH, GOOGLENET_LIBRARY=str(built))
    assert done.stdout.split()[0] == str(built.resolve()), done.stderr


@pytest.mark.parametrize("name", ["libgooglenet.so", "libgooglenet.so.0"])
@pytest.mark.parametrize("place", ["bindings/python/googlenet", "dist/lib"])
def test_beside_the_package_and_in_dist(copy, built, place, name):
    target = copy.parents[1] / place / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(built, target)
    done = run(copy, PATH)
    assert done.stdout.split()[0] == str(target), done.stderr


def test_nowhere(copy):
    done = run(copy, FAILURE)
    assert done.returncode == 0, done.stderr
    for place in ("GOOGLENET_LIBRARY", str(copy / "googlenet/libgooglenet.so"), str(copy.parents[1] / "dist/lib")):
        assert place in done.stdout
    assert "make" in done.stdout


def test_wrong_environment(copy, tmp_path):
    done = run(copy, FAILURE, GOOGLENET_LIBRARY="/nowhere/lib.so")
    assert "/nowhere/lib.so" in done.stdout
    text = tmp_path / "text.so"
    text.write_text("not a library")
    done = run(copy, FAILURE, GOOGLENET_LIBRARY=str(text))
    assert str(text) in done.stdout
    other = next(Path("/lib").glob("*/libm.so.6"), None)
    if other is not None:
        done = run(copy, FAILURE, GOOGLENET_LIBRARY=str(other))
        assert "gln_version_number" in done.stdout


def test_import_alone_needs_no_library(copy):
    assert run(copy, "import googlenet; googlenet.Model, googlenet.Error").returncode == 0

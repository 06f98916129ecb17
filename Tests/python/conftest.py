"""Where things are: the built library and tool in dist/, the shared folder; and conversion by the tool."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings/python"))
sys.path.insert(0, str(Path(__file__).resolve().parent))
LIBRARY = Path(os.environ.setdefault("GOOGLENET_LIBRARY", str(ROOT / "dist/lib/libgooglenet.so")))
TOOL = ROOT / "dist/bin/googlenet"
SHARED = Path(os.environ.get("GOOGLENET_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session", autouse=True)
def library():
    """The built library."""
    if not LIBRARY.is_file():
        pytest.fail(f"{LIBRARY} is missing: run make first", pytrace=False)
    return LIBRARY


@pytest.fixture(scope="session")
def tool():
    """Runs the tool and returns what it wrote; fails with its message where it fails."""
    if not TOOL.is_file():
        pytest.fail(f"{TOOL} is missing: run make first", pytrace=False)

    def run(*arguments):
        done = subprocess.run([str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"googlenet {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}"
        return done.stdout

    return run


@pytest.fixture(scope="session")
def convert(tool, tmp_path_factory):
    """Converts an onnx.ModelProto, or a file, to a .gln file, once for each name; gives its path."""
    folder = tmp_path_factory.mktemp("models")
    made = {}

    def run(name, source, *options):
        if name not in made:
            if not isinstance(source, (str, Path)):
                path = folder / f"{name}.onnx"
                path.write_bytes(source.SerializeToString())
                source = path
            target = folder / f"{name}.gln"
            tool("convert", source, "-o", target, *options)
            made[name] = target
        return made[name]

    return run


@pytest.fixture(scope="session")
def shared():
    """The folder of trained models and photos."""
    if not SHARED.is_dir():
        pytest.skip(f"there is no folder {SHARED}: set GOOGLENET_SHARED to run the tests with trained models")
    return SHARED

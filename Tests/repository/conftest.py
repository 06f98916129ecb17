"""Where things are, for tests of the built repository."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The writer of model files.
sys.path.insert(0, str(ROOT / "Tests/python"))


class Tool:
    """dist/bin/googlenet."""

    path = ROOT / "dist/bin/googlenet"

    def __call__(self, *arguments: object, status: int = 0) -> subprocess.CompletedProcess:
        done = subprocess.run([str(self.path), *map(str, arguments)], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == status, f"status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


@pytest.fixture(scope="session")
def tool() -> Tool:
    assert Tool.path.exists(), "dist/bin/googlenet is missing: run make"
    return Tool()


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


class FaultyCalls:
    """Runs the tool with one of its calls of the system failing, or waiting for ever; see faulty_calls.c."""

    def __init__(self, folder: Path) -> None:
        self.library = folder / "faulty_calls.so"
        self.mark = folder / "reached"
        source = ROOT / "Tests/repository/faulty_calls.c"
        command = ["cc", "-std=c99", "-Wall", "-Wextra", "-pedantic", "-Werror", "-shared", "-fPIC"]
        subprocess.run([*command, str(source), "-o", str(self.library), "-ldl"], check=True)

    def environment(self, fault: str) -> dict[str, str]:
        self.mark.unlink(missing_ok=True)
        return dict(os.environ, LD_PRELOAD=str(self.library), FAULT=fault, FAULT_MARK=str(self.mark))


@pytest.fixture(scope="session")
def faulty_calls(tmp_path_factory: pytest.TempPathFactory) -> FaultyCalls:
    return FaultyCalls(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def golden(root: Path) -> Path:
    """Small trained files."""
    return root / "Tests/frameworks/golden"


@pytest.fixture(scope="session")
def small_model(tool: Tool, golden: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "small.gln"
    tool("convert", golden / "keras2-sequential.h5", "-o", path)
    return path

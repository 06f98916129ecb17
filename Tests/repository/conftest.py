"""Where things are, for tests of the built repository."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


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

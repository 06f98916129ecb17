"""The README's examples do what they say: each is run exactly as it is printed."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FENCED = re.compile(r"^```(\w+)(?: ([\w.]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(root: Path) -> list[tuple[str, str, str]]:
    """Language, file name and text of each fenced block."""
    return FENCED.findall((root / "README.md").read_text())


def shared(root: Path) -> Path:
    return Path(os.environ.get("GOOGLENET_SHARED", root.parent / "shared"))


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """A folder that looks like the repository, with the blocks that are files in it."""
    for path in root.iterdir():
        if not path.name.startswith("."):
            (tmp_path / path.name).symlink_to(path)
    for _, name, text in blocks(root):
        if name:
            (tmp_path / name).write_text(text)
    return tmp_path


def run(folder: Path, root: Path, script: str) -> str:
    environment = dict(os.environ, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def shell_blocks(root: Path) -> list[str]:
    return [text for language, name, text in blocks(root) if language == "sh" and not name]


def test_make_targets_exist(root: Path) -> None:
    targets = re.findall(r"^make (\w+)", "".join(shell_blocks(root)), re.MULTILINE)
    assert targets == ["demo", "test"]
    for target in targets:
        assert re.search(rf"^{target}:", (root / "Makefile").read_text(), re.MULTILINE)


def test_code_is_short(root: Path) -> None:
    for language, name, text in blocks(root):
        assert len(text.splitlines()) <= 10, f"{language} {name}"


def test_commands_run_as_printed(root: Path, folder: Path) -> None:
    scripts = [text for text in shell_blocks(root) if not text.startswith("make ") and "bvlc" not in text]
    assert len(scripts) == 3
    output = run(folder, root, "\n".join(scripts))
    assert "t-shirt" in output
    assert "images a second" in output


def test_conversion_runs_as_printed(root: Path, folder: Path) -> None:
    bvlc = shared(root) / "models/bvlc_googlenet"
    if not bvlc.exists():
        pytest.skip(f"no trained weights in {bvlc}")
    for name in ("bvlc_googlenet.caffemodel", "synset_words.txt"):
        shutil.copy(bvlc / name, folder / name)
    (script,) = [text for text in shell_blocks(root) if "bvlc" in text]
    assert "jersey, T-shirt, tee shirt" in run(folder, root, script)


def test_paths_exist(root: Path) -> None:
    text = FENCED.sub("", (root / "README.md").read_text())
    for target in re.findall(r"\]\(([^):]+)\)", text):
        assert (root / target).exists(), target
    table = text[text.index("## Where to find what") : text.index("The library ships")]
    for names in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        parents = [root]
        for name in re.findall(r"`([^`]+)`", names):
            folders = [parent / name for parent in parents]
            assert any(path.exists() for path in folders), name
            parents.append((root / name).parent)

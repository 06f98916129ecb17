"""The virtual environment of the other engines, and what machine this is."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
TOOL = ROOT / "dist/bin/googlenet"
LIBRARY = ROOT / "dist/lib/libgooglenet.so"
WORK = ROOT / ".build-benchmarks"
PYTHON = WORK / "venv/bin/python"
REQUIREMENTS = FOLDER / "requirements.txt"
# Of its dependencies (all of PyTorch) the program in it needs none.
ALONE = "pnnx==20261020"
ENGINES = ("openvino", "onnxruntime", "ncnn")


def enter() -> None:
    """Starts this program anew in the virtual environment, made if need be, unless it runs there already."""
    if Path(sys.prefix) == WORK / "venv":
        return
    wanted = f"{REQUIREMENTS.read_text()}{ALONE}\n"
    done = WORK / "venv/installed.txt"
    if not done.exists() or done.read_text() != wanted:
        print(f"Installing the engines to compare with into {WORK / 'venv'} (about 800 MB)", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", WORK / "venv"], check=True)
        _install()
        done.write_text(wanted)
    os.execv(PYTHON, [str(PYTHON), *sys.argv])


def _install() -> None:
    """All at once; or, where that fails, each by itself: an engine that cannot be installed is left out later."""
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-r", REQUIREMENTS]).returncode != 0:
        for requirement in REQUIREMENTS.read_text().split():
            if subprocess.run([*pip, requirement]).returncode != 0:
                print(f"{requirement} cannot be installed here: what needs it is left out", file=sys.stderr)
    if subprocess.run([*pip, "--no-deps", ALONE]).returncode != 0:
        print(f"{ALONE} cannot be installed here: ncnn is left out", file=sys.stderr)


def machine() -> dict[str, object]:
    """What the figures depend on."""
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
    }


def versions(ours: str) -> dict[str, str]:
    """The versions of the engines that are installed."""
    found = {"googlenet": ours}
    for name in ENGINES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found

"""Each call of the system that the tool makes fails in turn: it ends with a message, and output is old or new."""

import errno
import subprocess
from pathlib import Path

import pytest

CALLS = ("open", "read", "pread", "write", "rename", "fsync", "fchmod", "close", "mmap", "mremap", "fork")
ERRORS = {"mmap": (errno.ENOMEM,), "mremap": (errno.ENOMEM,), "fork": (errno.EAGAIN,)}
OLD = b"old"


@pytest.fixture(scope="module")
def commands(root: Path, golden: Path, small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    photos = tmp_path_factory.mktemp("photos")
    for number in range(16):
        (photos / f"{number}.png").symlink_to(root / "models/tshirt.png")
    return {
        "convert": ["convert", golden / "torch-plain.pth", "-o"],
        "convert-hdf5": ["convert", golden / "keras2-sequential.h5", "-o"],
        "convert-pipe": ["convert", "-", "-o"],
        "export": ["export", small_model, "-o"],
        "info": ["info", small_model],
        "classify": ["classify", "--model", small_model, "--threads", 1, root / "models/tshirt.png"],
        "quantize": ["quantize", small_model, "--calibration", photos, "--threads", 1, "-o"],
    }


def run(tool, arguments: list, output: Path, environment: dict | None, stdin: Path) -> tuple[int, str, str, bytes]:
    for path in output.parent.iterdir():
        path.unlink()
    output.write_bytes(OLD)
    if arguments[-1] == "-o":
        arguments = [*arguments, output]
    with subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE) as pipe:
        done = subprocess.run(
            [str(tool.path), *map(str, arguments)],
            stdin=pipe.stdout,
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )
        pipe.stdout.close()
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    return done.returncode, done.stdout, done.stderr, output.read_bytes()


def without_time(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("time"))


@pytest.mark.parametrize("name", ["convert", "convert-hdf5", "convert-pipe", "export", "info", "classify", "quantize"])
def test_each_call_fails(tool, golden, faulty_calls, commands, tmp_path, name: str) -> None:
    stdin = golden / "torch-plain.pth"
    output = tmp_path / "out" / "model.gln"
    output.parent.mkdir()
    status, right, _, whole = run(tool, commands[name], output, None, stdin)
    assert status == 0
    assert (whole == OLD) == (name in ("info", "classify"))
    reached = []
    for call in CALLS:
        for error in ERRORS.get(call, (errno.EIO, errno.EINTR)):
            for number in range(100):
                fault = f"{call} {number} {error}"
                environment = faulty_calls.environment(fault)
                status, answer, message, content = run(tool, commands[name], output, environment, stdin)
                if not faulty_calls.mark.exists():
                    break
                reached.append(call)
                if status == 0:
                    assert (without_time(answer), content) == (without_time(right), whole), fault
                else:
                    assert status == 1, (fault, message)
                    assert message.startswith("googlenet: "), (fault, message)
                    # Only what comes after the file is complete may fail then: telling of it.
                    assert content == OLD or (content == whole and "standard output" in message), (fault, message)
            else:
                pytest.fail(f"{call}: no end of calls")
    assert {"open", "close", "write", "mmap"} <= set(reached)
    if whole != OLD:
        assert {"rename", "fsync", "fchmod"} <= set(reached)


def test_unfinished_writes_are_continued(tool, golden, tmp_path) -> None:
    """Through a pipe, of which a write takes no more than what it has room for."""
    tool("convert", golden / "torch-plain.pth", "-o", tmp_path / "model.gln")
    arguments = [str(tool.path), "convert", str(golden / "torch-plain.pth"), "-o", "-"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        content = b"".join(iter(lambda: process.stdout.read(1000), b""))
    assert content == (tmp_path / "model.gln").read_bytes()

"""What the tool reads: names of any bytes, pipes, standard input."""

import json
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest

NAME = b"na\xefve \xff\xf4\x8f\xbe\x80.gln"


@pytest.fixture(scope="module")
def trained(golden: Path) -> Path:
    return golden / "keras2-sequential.h5"


def answer(tool, *arguments: object, stdin: Path | None = None) -> dict:
    """The JSON that the tool answers with, where standard input is what comes through a pipe from `stdin`."""
    command = [str(tool.path), *map(str, arguments), "--json"]
    if stdin is None:
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    with subprocess.Popen(["cat", stdin], stdout=subprocess.PIPE) as pipe:
        done = subprocess.run(command, stdin=pipe.stdout, capture_output=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_names_that_are_not_utf_8(tool, trained, small_model, root, tmp_path) -> None:
    folder = os.fsencode(tmp_path)
    model, photos, picture = folder + b"/" + NAME, folder + b"/photos\xfe", folder + b"/photos\xfe/\xfd.png"
    command = [os.fsencode(tool.path)]
    done = subprocess.run([*command, b"convert", os.fsencode(trained), b"-o", model], check=True, capture_output=True)
    # Each byte that is not text, and each scalar that could stand for one.
    assert b"na\\xEFve \\xFF\\xF4\\x8F\\xBE\\x80.gln" in done.stdout
    assert done.stdout.isascii()
    assert os.listdir(folder) == [NAME]
    with open(model, "rb") as file:
        assert file.read() == small_model.read_bytes()
    report = json.loads(subprocess.run([*command, b"info", b"--json", model], check=True, capture_output=True).stdout)
    assert os.fsencode(report["path"]) == model
    os.mkdir(photos)
    os.symlink(root / "models/tshirt.png", picture)
    (tmp_path / "labels.txt").write_bytes(b"\xfd.png 1\n")
    done = subprocess.run([*command, b"classify", b"--model", model, picture], check=True, capture_output=True)
    assert done.stdout.splitlines()[0].endswith(b"photos\\xFE/\\xFD.png")
    labels = os.fsencode(tmp_path / "labels.txt")
    evaluated = [*command, b"evaluate", model, photos, b"--labels", labels, b"--json"]
    assert json.loads(subprocess.run(evaluated, check=True, capture_output=True).stdout)["pictures"] == 1
    done = subprocess.run([*command, b"quantize", model, b"--calibration", photos, b"-o", b"x"], capture_output=True)
    assert b"has 1 JPEG and PNG files" in done.stderr
    done = subprocess.run([*command, b"info", b"nothing\xff"], capture_output=True)
    assert done.stderr == b"googlenet: cannot open 'nothing\\xFF': No such file or directory\n"


def test_only_files_may_have_such_names(tool, trained, tmp_path) -> None:
    arguments = [tool.path, b"convert", trained, b"--name", b"\xff", b"-o", tmp_path / "x.gln"]
    done = subprocess.run(arguments, capture_output=True)
    assert done.returncode == 64
    assert b"--name '\\xFF' is not UTF-8 text" in done.stderr


def test_models_from_standard_input(tool, small_model, root, tmp_path) -> None:
    picture = root / "models/tshirt.png"
    expected = answer(tool, "info", small_model)
    for name in ("-", "/dev/stdin"):
        report = answer(tool, "info", name, stdin=small_model)
        assert report.pop("path") == "/dev/stdin"
        assert report["file_bytes"] == small_model.stat().st_size
        report.pop("memory")
        assert report == {key: value for key, value in expected.items() if key not in ("path", "memory")}
    expected = answer(tool, "classify", "--model", small_model, picture)
    assert answer(tool, "classify", "--model", "-", picture, stdin=small_model) == expected
    assert answer(tool, "bench", "-", "--runs", 1, "--profile", stdin=small_model)["operations"]
    tool("export", small_model, "-o", tmp_path / "expected.onnx")
    answer(tool, "export", "-", "-o", tmp_path / "found.onnx", stdin=small_model)
    assert (tmp_path / "found.onnx").read_bytes() == (tmp_path / "expected.onnx").read_bytes()
    # Led in from a file, whatever has been read of it.
    with open(small_model, "rb") as file:
        file.seek(10)
        assert subprocess.run([tool.path, "info", "-"], stdin=file, capture_output=True).returncode == 0


def test_trained_files_from_standard_input(tool, trained, small_model, tmp_path) -> None:
    answer(tool, "convert", "-", "-o", tmp_path / "model.gln", stdin=trained)
    assert (tmp_path / "model.gln").read_bytes() == small_model.read_bytes()


def test_pictures_from_standard_input(tool, root) -> None:
    picture = root / "models/tshirt.png"
    (expected,) = answer(tool, "classify", picture)["images"]
    (found,) = answer(tool, "classify", "-", stdin=picture)["images"]
    assert found["predictions"] == expected["predictions"]


def test_process_substitution(tool, trained, small_model, golden, tmp_path) -> None:
    (tmp_path / "labels.txt").write_text("".join(f"class {index}\n" for index in range(26)))
    commands = [
        f"convert <(cat {trained}) -o {tmp_path}/one.gln",
        f"convert {trained} -o >(cat > {tmp_path}/two.gln)",
        f"info <(cat {small_model})",
        f"convert {golden}/caffe-larger.caffemodel --prototxt <(cat {golden}/caffe-larger-deploy.prototxt) "
        f"--labels <(cat {tmp_path}/labels.txt) -o {tmp_path}/three.gln",
    ]
    for command in commands:
        # cat may end after the tool.
        subprocess.run(["bash", "-c", f"{tool.path} {command}; wait $!"], check=True, capture_output=True)
    assert (tmp_path / "one.gln").read_bytes() == (tmp_path / "two.gln").read_bytes() == small_model.read_bytes()


def test_a_pipe_waits_for_who_writes_to_it(tool, small_model, tmp_path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    process = subprocess.Popen([tool.path, "info", fifo], stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    content = small_model.read_bytes()
    # In two parts, of which the second comes late.
    with open(fifo, "wb", buffering=0) as writer:
        writer.write(content[:1000])
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
        writer.write(content[1000:])
    assert b"sequential" in process.communicate(timeout=60)[0]
    assert process.returncode == 0


@pytest.mark.parametrize("blocking", [True, False])
def test_a_socket_as_standard_input(tool, small_model, blocking: bool) -> None:
    """As programs made with Node.js start others."""
    here, there = socket.socketpair()
    there.setblocking(blocking)
    process = subprocess.Popen([tool.path, "info", "-"], stdin=there, stdout=subprocess.PIPE)
    there.close()
    writer = threading.Thread(target=lambda: (here.sendall(small_model.read_bytes()), here.close()))
    writer.start()
    assert b"sequential" in process.communicate(timeout=60)[0]
    writer.join()


def test_what_gives_nothing(tool) -> None:
    for stdin in (subprocess.DEVNULL, None):
        command = f"exec {tool.path} info -" + (" <&-" if stdin is None else "")
        done = subprocess.run(["sh", "-c", command], stdin=stdin, capture_output=True, text=True)
        assert done.returncode == 1
        assert "googlenet: cannot open '/dev/stdin': not a regular file" in done.stderr
    with subprocess.Popen(["true"], stdout=subprocess.PIPE) as pipe:
        done = subprocess.run([tool.path, "info", "-"], stdin=pipe.stdout, capture_output=True, text=True)
    assert done.returncode == 1
    assert "/dev/stdin" in done.stderr


def test_hdf5_is_loaded_when_it_is_needed(tool, trained, small_model, golden, tmp_path) -> None:
    linked = subprocess.run(["ldd", tool.path], check=True, capture_output=True, text=True).stdout
    assert "libpng" in linked
    assert not any(name in linked for name in ("hdf5", "curl", "ssl", "krb5", "ldap"))
    # Where it is not installed, for which files stand that are no libraries.
    for version in ("_serial.so.103", ".so.103", ".so.200", "_serial.so.310", ".so.310"):
        (tmp_path / f"libhdf5{version}").write_bytes(b"")
    environment = dict(os.environ, LD_LIBRARY_PATH=str(tmp_path))
    arguments = [tool.path, "convert", trained, "-o", tmp_path / "x.gln"]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert "apt-get install libhdf5-103-1" in done.stderr
    arguments[2] = golden / "torch-plain.pth"
    assert subprocess.run(arguments, env=environment, capture_output=True).returncode == 0

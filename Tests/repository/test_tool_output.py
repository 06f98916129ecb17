"""What the tool makes of --output: new files, old ones, links, pipes, devices, and the end by a signal."""

import os
import resource
import shutil
import signal
import socket
import stat
import subprocess
import threading
import time
from pathlib import Path

import pytest

OLD = b"old"


@pytest.fixture(scope="module")
def trained(golden: Path) -> Path:
    return golden / "keras2-sequential.h5"


@pytest.fixture(scope="module")
def right(small_model: Path) -> bytes:
    return small_model.read_bytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o777])
def test_new_files_follow_the_umask(tool, trained, right, folder, mask: int) -> None:
    output = folder / "new.gln"
    subprocess.run([tool.path, "convert", trained, "-o", output], umask=mask, check=True, capture_output=True)
    assert stat.S_IMODE(output.stat().st_mode) == 0o666 & ~mask
    output.chmod(0o600)
    assert output.read_bytes() == right


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660, 0o755])
def test_an_older_file_keeps_its_mode(tool, trained, right, folder, mode: int) -> None:
    output = folder / "old.gln"
    output.write_bytes(OLD)
    output.chmod(mode)
    if os.geteuid() == 0:
        os.chown(output, 1234, 4321)
    owner = output.stat().st_uid, output.stat().st_gid
    tool("convert", trained, "-o", output)
    assert stat.S_IMODE(output.stat().st_mode) == mode
    assert (output.stat().st_uid, output.stat().st_gid) == owner
    assert output.read_bytes() == right
    assert names(folder) == ["old.gln"]


@pytest.mark.parametrize("is_there", [True, False])
def test_links_stay(tool, trained, right, folder, is_there: bool) -> None:
    (folder / "deep").mkdir()
    target = folder / "deep" / "model.gln"
    if is_there:
        target.write_bytes(OLD)
    (folder / "second").symlink_to("deep/model.gln")
    (folder / "first").symlink_to(folder / "second")
    tool("convert", trained, "-o", folder / "first")
    assert (folder / "first").readlink() == folder / "second"
    assert (folder / "second").readlink() == Path("deep/model.gln")
    assert target.read_bytes() == right
    assert (names(folder), names(target.parent)) == (["deep", "first", "second"], ["model.gln"])


def test_links_in_a_circle(tool, trained, folder) -> None:
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    assert "symbolic links" in tool("convert", trained, "-o", folder / "one", status=1).stderr


def test_a_pipe_is_written_to(tool, trained, right, folder) -> None:
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    received = []
    reader = threading.Thread(target=lambda: received.append(fifo.read_bytes()))
    reader.start()
    assert str(fifo) in tool("convert", trained, "-o", fifo).stdout
    reader.join()
    assert received == [right]
    assert stat.S_ISFIFO(fifo.lstat().st_mode)
    assert names(folder) == ["fifo"]


@pytest.mark.parametrize("through_link", [False, True])
def test_a_device_is_written_to(tool, trained, folder, through_link: bool) -> None:
    device = folder / "null"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_bytes(b"nothing")
    except PermissionError:
        pytest.skip("devices can be made by root only")
    output = device
    if through_link:
        output = folder / "link"
        output.symlink_to(device)
    tool("convert", trained, "-o", output)
    assert stat.S_ISCHR(device.lstat().st_mode)
    assert output.is_symlink() == through_link


def test_a_device_for_blocks_is_refused(tool, trained, folder) -> None:
    try:
        # No such device: nothing can happen to it.
        os.mknod(folder / "disk", 0o600 | stat.S_IFBLK, os.makedev(240, 77))
    except PermissionError:
        pytest.skip("devices can be made by root only")
    assert "neither a file" in tool("convert", trained, "-o", folder / "disk", status=1).stderr
    assert stat.S_ISBLK((folder / "disk").lstat().st_mode)


def test_sockets_and_folders_are_refused(tool, trained, folder) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "socket"))
        assert "neither a file" in tool("convert", trained, "-o", folder / "socket", status=1).stderr
    assert "it is a folder" in tool("convert", trained, "-o", folder, status=1).stderr
    for output in (f"{folder}/", f"{folder}/missing/", ""):
        assert "a file's name is needed" in tool("convert", trained, "-o", output, status=1).stderr
    assert "No such file or directory" in tool("convert", trained, "-o", folder / "no/x.gln", status=1).stderr


@pytest.mark.parametrize("output", ["-", "/dev/stdout", "/dev/fd/1", "link"])
def test_standard_output(tool, trained, right, folder, output: str) -> None:
    """The model goes there, the report to standard error."""
    if output == "link":
        output = str(folder / "link")
        Path(output).symlink_to("/dev/stdout")
    arguments = [tool.path, "convert", trained, "-o", output]
    done = subprocess.run(arguments, check=True, capture_output=True)
    assert done.stdout == right
    assert done.stderr.startswith(b"source ")
    # Led into a file, whose own name is not looked for.
    with open(folder / "file", "wb") as file:
        file.write(b"before ")
        file.flush()
        subprocess.run(arguments, check=True, stdout=file, stderr=subprocess.DEVNULL)
    assert (folder / "file").read_bytes() == b"before " + right


def test_standard_output_of_the_other_commands(tool, small_model, tmp_path) -> None:
    tool("export", small_model, "-o", tmp_path / "model.onnx")
    done = subprocess.run([tool.path, "export", small_model, "--json", "-o", "-"], check=True, capture_output=True)
    assert done.stdout == (tmp_path / "model.onnx").read_bytes()
    assert done.stderr.startswith(b"{")


def test_another_descriptor(tool, trained, right, folder) -> None:
    """As >(…) makes one."""
    with open(folder / "file", "w+b") as file:
        descriptor = file.fileno()
        arguments = [tool.path, "convert", trained, "-o", f"/dev/fd/{descriptor}"]
        assert b"source" in subprocess.run(arguments, pass_fds=[descriptor], check=True, capture_output=True).stdout
    assert (folder / "file").read_bytes() == right


def test_no_model_on_a_terminal(tool, trained) -> None:
    master, terminal = os.openpty()
    done = subprocess.run([tool.path, "convert", trained, "-o", "-"], stdout=terminal, stderr=subprocess.PIPE)
    os.close(terminal)
    os.close(master)
    assert done.returncode == 1
    assert b"is a terminal" in done.stderr


def test_what_it_is_made_from_stays(tool, golden, small_model, tmp_path) -> None:
    caffe, prototxt = tmp_path / "weights.caffemodel", tmp_path / "deploy.prototxt"
    caffe.write_bytes((golden / "caffe-larger.caffemodel").read_bytes())
    prototxt.write_bytes((golden / "caffe-larger-deploy.prototxt").read_bytes())
    (tmp_path / "link").symlink_to(prototxt)
    for output in (caffe, prototxt, tmp_path / "link"):
        before = output.read_bytes()
        done = tool("convert", caffe, "--prototxt", prototxt, "-o", output, status=1)
        assert "--output" in done.stderr
        assert output.read_bytes() == before
    with open(small_model, "rb") as model:
        done = subprocess.run([tool.path, "export", "-", "-o", small_model], stdin=model, capture_output=True)
    assert done.returncode == 1
    assert b"--output" in done.stderr
    with open(caffe, "ab") as itself:
        before = caffe.read_bytes()
        done = subprocess.run([tool.path, "convert", caffe, "-o", "-"], stdout=itself, stderr=subprocess.PIPE)
    assert done.returncode == 1
    assert b"--output" in done.stderr
    assert caffe.read_bytes() == before


@pytest.mark.parametrize(
    "part", ["saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"]
)
def test_what_a_model_refers_to_stays(tool, golden, tmp_path, part: str) -> None:
    model = tmp_path / "model"
    shutil.copytree(golden / "savedmodel-session", model)
    before = (model / part).read_bytes()
    done = tool("convert", model, "-o", model / part, status=1)
    assert "--output" in done.stderr
    assert (model / part).read_bytes() == before
    tool("convert", model, "-o", model / "new.gln")


def limit_file_size() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


@pytest.mark.parametrize("exists", [True, False])
def test_a_full_disk(tool, trained, folder, exists: bool) -> None:
    """A limit on file sizes stands for it."""
    output = folder / "model.gln"
    if exists:
        output.write_bytes(OLD)
    arguments = [tool.path, "convert", trained, "-o", output]
    done = subprocess.run(arguments, preexec_fn=limit_file_size, capture_output=True, text=True)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert str(output) in done.stderr
    assert names(folder) == (["model.gln"] if exists else [])
    if exists:
        assert output.read_bytes() == OLD


def drop_rights() -> None:
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)


@pytest.mark.parametrize("what", ["folder", "file"])
def test_no_permission(tool, trained, tmp_path_factory, what: str) -> None:
    folder = tmp_path_factory.mktemp("rights")
    output = folder / "model.gln"
    output.write_bytes(OLD)
    if os.geteuid() == 0:
        os.chown(folder, 65534, 65534)
        for parent in list(folder.parents)[:2]:
            parent.chmod(0o755)
    output.chmod(0o444 if what == "file" else 0o666)
    folder.chmod(0o555 if what == "folder" else 0o755)
    arguments = [tool.path, "convert", trained, "-o", output]
    done = subprocess.run(arguments, preexec_fn=drop_rights, capture_output=True, text=True)
    folder.chmod(0o755)
    assert done.returncode == 1, done.stderr
    assert "Permission denied" in done.stderr
    assert str(output) in done.stderr
    assert output.read_bytes() == OLD
    assert names(folder) == ["model.gln"]


def wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGXCPU])
def test_signals_leave_nothing_behind(tool, trained, faulty_calls, folder, number: signal.Signals) -> None:
    output = folder / "model.gln"
    output.write_bytes(OLD)
    # While it makes sure that the file is on the disk.
    process = subprocess.Popen(
        [tool.path, "convert", trained, "-o", output],
        env=faulty_calls.environment("fsync 0 wait"),
        stdout=subprocess.DEVNULL,
        # The tests may run in the background, where some are ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    wait_for(faulty_calls.mark.exists)
    assert len(names(folder)) == 2
    process.send_signal(number)
    assert process.wait(60) == -number
    assert names(folder) == ["model.gln"]
    assert output.read_bytes() == OLD


def test_an_ignored_signal_stays_ignored(tool, trained, faulty_calls, folder) -> None:
    """As nohup ignores SIGHUP."""
    process = subprocess.Popen(
        ["nohup", tool.path, "convert", trained, "-o", folder / "model.gln"],
        env=faulty_calls.environment("fsync 0 wait"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    wait_for(faulty_calls.mark.exists)
    process.send_signal(signal.SIGHUP)
    time.sleep(0.2)
    assert process.poll() is None
    process.terminate()
    assert process.wait(60) == -signal.SIGTERM
    assert names(folder) == []


def test_a_closed_standard_output_gets_into_no_file(tool, trained, right, folder) -> None:
    output = folder / "model.gln"
    command = f"exec '{tool.path}' convert '{trained}' -o '{output}' >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert "cannot write to standard output" in done.stderr
    assert output.read_bytes() == right

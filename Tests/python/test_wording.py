"""One wording for one error: in C, from the tool and from Python."""

import ctypes
import subprocess

import googlenet
import numpy as np
import pytest
from conftest import ROOT, TOOL
from gln_writer import small_classifier
from googlenet._library import last_message, library

PICTURE = ROOT / "models/tshirt.png"


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "small.gln"
    path.write_bytes(small_classifier(np.random.default_rng(0)).file())
    return path


def by_python(call):
    with pytest.raises(googlenet.Error) as raised:
        call()
    return str(raised.value)


def by_tool(*arguments):
    """The first thing that the tool says, without its name and what it calls the option."""
    done = subprocess.run([str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    return done.stderr.splitlines()[0].removeprefix("googlenet: ").removeprefix("Error: ").removeprefix("--")


def by_c(function, *arguments):
    assert getattr(library(), function)(*arguments) != 0
    return last_message()


@pytest.fixture
def options():
    made = ctypes.c_void_p()
    assert library().gln_session_options_create(ctypes.byref(made)) == 0
    yield made
    library().gln_session_options_free(made)


def test_files(path, tool):
    handle = ctypes.c_void_p()
    for broken in (path.parent / "nothing.gln", path.parent, PICTURE):
        want = by_c("gln_model_read_file", str(broken).encode(), ctypes.byref(handle))
        assert by_python(lambda broken=broken: googlenet.Model(broken)) == want
        assert by_tool("classify", "--model", broken, PICTURE) == want


def test_what_a_model_is_not(path, tool):
    """Precision and layers are asked of the library alone."""
    want = by_python(lambda: googlenet.Model(path, precision="int8"))
    assert by_tool("classify", "--model", path, "--precision", "int8", PICTURE) == want


def test_threads(path, tool, options):
    want = by_c("gln_session_options_set_threads", options, 300)
    assert want == "threads is 300: use 1 to 256, or 0 for the allowed CPUs"
    assert by_python(lambda: googlenet.Model(path, threads=300)) == want.replace("or 0 for", "or None for")
    assert by_tool("classify", "--threads", 300, PICTURE) == want


def test_top(path, tool):
    """What is more than there is gives all of it, in each of them."""
    picture = np.zeros((30, 30, 3), np.uint8)
    with googlenet.Model(path) as model:
        want = by_python(lambda: model.classify(picture, top=0))
        assert len(model.classify(picture, top=1000)) == 4
    assert want == "top is 0: at least 1 is needed"
    assert by_tool("classify", "--top", 0, PICTURE) == want
    assert len(tool("classify", "--model", path, "--top", 1000, PICTURE).splitlines()) == 1 + 4

"""One wording for one error: in C, from the tool and from Python."""

import ctypes
import subprocess

import googlenet
import numpy as np
import pytest
from conftest import ROOT, TOOL
from gln_writer import small_classifier
from googlenet import _declarations as c
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


def asked_of_c(model, picture, **request):
    """What the C library says of a request, and of a picture, that are wrong."""
    size = ctypes.c_float()
    seen = c.CPicture(
        ctypes.sizeof(c.CPicture), (picture.ctypes.data, None, None), width=picture.shape[1], height=picture.shape[0]
    )
    view = c.CView(ctypes.sizeof(c.CView), ctypes.pointer(seen))
    asked = c.CRequest(ctypes.sizeof(c.CRequest), values=ctypes.addressof(size), capacity=1, **request)

    def run(session):
        assert library().gln_session_run(session, ctypes.byref(view), 1, ctypes.byref(asked), 1) != 0
        return last_message()

    return model._run(run)


def test_pictures(path):
    with googlenet.Model(path) as model:
        tall = np.zeros((65536, 1, 3), np.uint8)
        want = asked_of_c(model, tall, kind=c.REQUEST_FEATURES).removeprefix("views[0].picture->")
        assert by_python(lambda: model.classify(tall)) == f"image: {want}"
        picture = np.zeros((30, 40, 3), np.uint8)
        view = googlenet.View(picture, (1, 2, 40, 3))
        assert "40 x 30 pixels" in by_python(lambda: model.classify(view))


def test_top(path, tool):
    """What is more than there is gives all of it, in each of them."""
    picture = np.zeros((30, 30, 3), np.uint8)
    with googlenet.Model(path) as model:
        want = by_python(lambda: model.classify(picture, top=0))
        assert len(model.classify(picture, top=1000)) == 4
    assert want == "top is 0: at least 1 is needed"
    assert by_tool("classify", "--top", 0, PICTURE) == want
    with googlenet.Model(path) as model:
        assert asked_of_c(model, picture, kind=c.REQUEST_TOP) == f"requests[0].{want}"
    assert len(tool("classify", "--model", path, "--top", 1000, PICTURE).splitlines()) == 1 + 4

"""Whatever goes wrong is a googlenet.Error that keeps its cause, and the built-in exception that fits."""

import copy
import errno
import io
import os
import pickle
import resource
import warnings

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier
from PIL import Image

PIXELS = np.zeros((1, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def model():
    with googlenet.Model(small_classifier(np.random.default_rng(0)).file(), threads=1) as it:
        yield it


@pytest.fixture
def little_memory():
    """20 MB more than the process has now."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (20 << 20), before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.mark.parametrize("open_it", [googlenet.Model, "classify"])
def test_missing_files(model, tmp_path, open_it):
    path = tmp_path / "nothing"
    with pytest.raises(googlenet.MissingFileError, match="nothing") as raised:
        (model.classify if open_it == "classify" else open_it)(path)
    assert isinstance(raised.value, FileNotFoundError)
    assert isinstance(raised.value, googlenet.FileError)
    assert (raised.value.errno, raised.value.filename, raised.value.status) == (errno.ENOENT, str(path), 3)
    assert isinstance(raised.value.__cause__, FileNotFoundError)


def test_other_files(model, tmp_path):
    for open_it in (googlenet.Model, model.classify):
        with pytest.raises(googlenet.FileError) as raised:
            open_it(tmp_path)
        assert not isinstance(raised.value, FileNotFoundError)
        assert raised.value.filename == str(tmp_path)
    with pytest.raises(googlenet.FileError) as raised:
        googlenet.Model("/dev/zero")
    assert (raised.value.filename, raised.value.errno) == ("/dev/zero", None)


def test_names_that_are_not_unicode(model):
    for open_it in (googlenet.Model, model.classify):
        with pytest.raises(googlenet.MissingFileError) as raised:
            open_it("nothing \udcff")
        assert raised.value.filename == "nothing \udcff"
        with pytest.raises(googlenet.InvalidArgumentError, match="name of a file") as raised:
            open_it("nothing \ud800")
        assert isinstance(raised.value.__cause__, UnicodeEncodeError)
    with pytest.raises(googlenet.InvalidArgumentError, match="Unicode"):
        model.layer("\ud800", PIXELS)


def test_pictures_that_were_opened_before(model, tmp_path):
    path = tmp_path / "cut.jpg"
    content = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99, 3), np.uint8)).save(content, "JPEG")
    path.write_bytes(content.getvalue()[:1500])
    with Image.open(path) as cut:
        with pytest.raises(googlenet.FileError, match=r"cut\.jpg") as raised:
            model.classify(cut)
        assert raised.value.filename == str(path)
        assert isinstance(raised.value.__cause__, OSError)
    path.write_bytes(content.getvalue())
    closed = Image.open(path)
    closed.close()
    with pytest.raises(googlenet.FileError, match="PIL image") as raised:
        model.classify(closed)
    assert isinstance(raised.value.__cause__, ValueError)
    with pytest.raises(googlenet.Error):
        model.classify(Image.new("RGB", (0, 0)))


def test_warnings_that_a_program_has_raised(model, tmp_path):
    path = tmp_path / "large.png"
    Image.new("RGB", (300, 300)).save(path)
    for limit, cause in ((60_000, Image.DecompressionBombWarning), (10_000, Image.DecompressionBombError)):
        with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
            warnings.simplefilter("error")
            patch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
            with pytest.raises(googlenet.FileError, match=r"large\.png") as raised:
                model.classify(path)
        assert isinstance(raised.value.__cause__, cause)
        assert raised.value.filename == str(path)


def test_no_memory(model, little_memory):
    for call in (model.predict, model.features, model.profile, lambda batch: model.layer("conv1", batch)):
        with pytest.raises(googlenet.OutOfMemoryError, match="no memory for a batch") as raised:
            call(np.broadcast_to(PIXELS, (10**6, *PIXELS.shape[1:])))
        assert isinstance(raised.value, MemoryError)
        assert isinstance(raised.value.__cause__, MemoryError)
    for call in (model.classify, model.preprocess):
        with pytest.raises(googlenet.OutOfMemoryError, match="no memory for a picture"):
            call(np.broadcast_to(PIXELS[0, :1, :1], (20000, 20000, 3)))


def test_models_are_not_pickled(model):
    for call in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(googlenet.UnsupportedError, match="another one"):
            call(model)


def test_paths_that_raise(model):
    class Path:
        def __fspath__(self):
            raise KeyError("no path")

    os.PathLike.register(Path)
    with pytest.raises(googlenet.InvalidArgumentError, match="image cannot be the name of a file: 'no path'"):
        model.classify(Path())

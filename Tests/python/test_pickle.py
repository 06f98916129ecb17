"""Models of files go to other processes by their path and settings; what cannot says so."""

import copy
import multiprocessing
import os
import pickle
import sys

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier

PATIENCE = 120
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 20, 24, 3), np.uint8)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a model é.gln"
    path.write_bytes(small_classifier(np.random.default_rng(0)).file())
    return path


def test_settings_come_along(path):
    with googlenet.Model(
        path, 3, "float32", max_isa="portable", algorithm="direct", input_size=(25, 31), memory_limit=10**8
    ) as model:
        pixels = np.zeros((1, 25, 31, 3), np.uint8)
        with pickle.loads(pickle.dumps(model)) as again:
            assert type(again) is googlenet.Model
            assert (again.threads, again.isa, again.input_size) == (3, "portable", (25, 31))
            assert again._settings.arguments == model._settings.arguments
            assert np.array_equal(again.predict(pixels), model.predict(pixels))
            model.close()
            assert again.predict(pixels).shape == (1, 4)
    with pytest.raises(googlenet.ClosedError):
        pickle.dumps(model)


def test_copies(path):
    with googlenet.Model(path, threads=1) as model:
        for call in (copy.copy, copy.deepcopy):
            with call(model) as again:
                assert again is not model
                assert np.array_equal(again.predict(PIXELS), model.predict(PIXELS))


def test_relative_paths(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    with googlenet.Model(path.name, threads=1) as model:
        monkeypatch.chdir("/")
        pickled = pickle.dumps(model)
    pickle.loads(pickled).close()
    path.unlink()
    with pytest.raises(googlenet.MissingFileError) as raised:
        pickle.loads(pickled)
    assert raised.value.filename == str(path)


def test_the_bundled_model(monkeypatch, path):
    """It is the one that is bundled there where it is unpickled."""
    with googlenet.Model(threads=1) as model:
        pickled = pickle.dumps(model)
    monkeypatch.setenv("GOOGLENET_MODEL", str(path))
    with pickle.loads(pickled) as again:
        assert again.name == "written"


def test_what_cannot_be_pickled(path):
    whole = path.read_bytes()
    for content in (whole, bytearray(whole), memoryview(whole)):
        with (
            googlenet.Model(content) as model,
            pytest.raises(googlenet.UnsupportedError, match=r"a Model of bytes .* make it of a file's path"),
        ):
            pickle.dumps(model)
    with googlenet.ThreadTeam(2) as team:
        with googlenet.Model(path, team=team) as model, pytest.raises(googlenet.UnsupportedError, match="ThreadTeam"):
            pickle.dumps(model)
        with pytest.raises(googlenet.UnsupportedError, match="ThreadTeam"):
            pickle.dumps(team)


def test_the_bundled_model_that_the_environment_named_stays_it(path, monkeypatch):
    monkeypatch.setenv("GOOGLENET_MODEL", str(path))
    with googlenet.Model(threads=1) as model:
        pickled, name = pickle.dumps(model), model.name
    monkeypatch.delenv("GOOGLENET_MODEL")
    with pickle.loads(pickled) as again:
        assert again.name == name != "clothing"


def predict(work):
    model, index = work
    return os.getpid(), model.predict(PIXELS[index : index + 1])


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_pools(path, method, monkeypatch):
    # What a fresh process must import.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    with googlenet.Model(path, threads=1) as model:
        want = model.predict(PIXELS)
        with multiprocessing.get_context(method).Pool(2) as pool:
            answers = pool.map_async(predict, [(model, index) for index in range(3)]).get(PATIENCE)
            rows = pool.map_async(model.predict, [PIXELS[:1], PIXELS[1:]]).get(PATIENCE)
    assert all(process != os.getpid() for process, _ in answers)
    assert np.array_equal(np.concatenate([row for _, row in answers]), want)
    assert np.array_equal(np.concatenate(rows), want)

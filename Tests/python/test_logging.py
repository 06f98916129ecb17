"""What the library tells of a session that it makes goes to the logger "googlenet"."""

import logging
import subprocess
import sys
from pathlib import Path

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0)).file()


def test_lines(written, caplog):
    with caplog.at_level(logging.INFO, logger="googlenet"), googlenet.Model(written, threads=2) as model:
        lines = [record.getMessage() for record in caplog.records]
        assert {(record.name, record.levelno) for record in caplog.records} == {("googlenet", logging.INFO)}
        assert any(model.isa in line for line in lines)
        assert any("2 threads" in line for line in lines)
        assert any(str(model.weight_bytes) in line for line in lines)
        caplog.clear()
        model.session(threads=1).close()
        assert any("1 threads" in record.getMessage() for record in caplog.records)


def test_nobody_listens(written, caplog):
    with caplog.at_level(logging.WARNING, logger="googlenet"), googlenet.Model(written):
        assert not caplog.records


def test_a_handler_that_fails(written):
    """What a handler raises comes out of the call, and nothing is left behind."""

    class Failing(logging.Handler):
        def emit(self, record):
            raise KeyboardInterrupt

    logger, handler = logging.getLogger("googlenet"), Failing()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        with pytest.raises(KeyboardInterrupt):
            googlenet.Model(written)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    googlenet.Model(written).close()


def test_import_is_lazy(written, tmp_path):
    """Neither logging nor Pillow is imported for a model and an array, nor what batches and files need."""
    path = tmp_path / "model.gln"
    path.write_bytes(written)
    code = """
import sys, numpy
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import googlenet
googlenet.Model(sys.argv[2]).classify(numpy.zeros((40, 50, 3), numpy.uint8))
print(*sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "bindings/python"), str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    imported = set(done.stdout.split())
    assert "googlenet._picture" in imported
    others = {"PIL", "PIL.Image", "logging", "pathlib", "numpy.typing"}
    assert not (others | {"googlenet._pil", "googlenet._exif", "googlenet._batch", "googlenet._outputs"}) & imported

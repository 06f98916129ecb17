"""Forks of a process that holds models and sessions, as servers make them."""

import concurrent.futures
import ctypes
import os
import signal
import sys
import threading

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier
from googlenet._declarations import CBatch
from googlenet._library import library

PATIENCE = 30
CLASSES = 4
WRONG_PROCESS = 12
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0)).file()


def survives(work):
    """Whether a forked child does its work without an exception, within a while."""
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            work()
        except BaseException as error:
            os.write(2, f"in the child: {error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


def predict(session):
    """The status and the row of a C session's gln_session_predict for one image."""
    row = np.zeros(CLASSES, np.float32)
    batch = CBatch(kind=0, format=0, data=PIXELS.ctypes.data, count=1)
    return library().gln_session_predict(session, ctypes.byref(batch), 0, row.ctypes.data, row.size), row


def test_session_of_the_parent_is_refused(written):
    c, model, session, again = library(), ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    assert c.gln_model_load_memory(written, len(written), 0, ctypes.byref(model)) == 0
    assert c.gln_session_create(model, None, ctypes.byref(session)) == 0
    status, want = predict(session)
    assert status == 0

    def work():
        assert predict(session)[0] == WRONG_PROCESS
        assert b"make a new one" in c.gln_last_error_message()
        assert c.gln_session_threads(session) > 0
        assert c.gln_session_create(model, None, ctypes.byref(again)) == 0
        status, row = predict(again)
        assert status == 0
        assert np.array_equal(row, want)
        for one in (session, again):
            c.gln_session_free(one)
        c.gln_model_free(model)

    assert survives(work)
    assert np.array_equal(predict(session)[1], want)
    c.gln_session_free(session)
    c.gln_model_free(model)


def test_forks_while_a_thread_runs_and_opens_models(written):
    done = threading.Event()

    def keep_busy():
        while not done.is_set():
            with googlenet.Model(written, threads=2) as other:
                other.predict(PIXELS)

    with googlenet.Model(written, threads=2) as model:
        want = model.predict(PIXELS)

        def work():
            assert np.array_equal(model.predict(PIXELS), want)
            assert survives(lambda: model.predict(PIXELS))
            model.close()

        thread = threading.Thread(target=keep_busy)
        thread.start()
        try:
            assert all(survives(work) for _ in range(30))
        finally:
            done.set()
            thread.join()
        assert np.array_equal(model.predict(PIXELS), want)


def test_a_child_needs_no_file(written, tmp_path):
    path = tmp_path / "model.gln"
    path.write_bytes(written)
    with googlenet.Model(path, threads=2) as model:
        want = model.predict(PIXELS)
        path.unlink()

        def work():
            assert np.array_equal(model.predict(PIXELS), want)
            assert survives(lambda: model.predict(PIXELS))

        assert survives(work)
        assert np.array_equal(model.predict(PIXELS), want)


def test_threads_of_a_child_share_a_model(written):
    interval = sys.getswitchinterval()
    with googlenet.Model(written, threads=1) as model:
        want = model.predict(PIXELS)

        def work():
            sys.setswitchinterval(1e-6)
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                rows = list(pool.map(lambda _: model.predict(PIXELS), range(16)))
            assert all(np.array_equal(row, want) for row in rows)

        assert all(survives(work) for _ in range(40))
    assert sys.getswitchinterval() == interval

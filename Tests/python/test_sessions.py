"""Sessions that share a Model's weights: settings, closing in any order, threads, forks."""

import concurrent.futures
import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
import threading
from pathlib import Path

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0)).file()


@pytest.fixture
def model(written):
    with googlenet.Model(written, threads=1) as it:
        yield it


def test_a_session_answers_as_its_model(model):
    with model.session() as session:
        assert isinstance(session, googlenet.Session)
        assert not isinstance(session, googlenet.Model)
        assert isinstance(model, googlenet.Session)
        assert np.array_equal(session.predict(PIXELS), model.predict(PIXELS))
        assert np.array_equal(session.features(PIXELS), model.features(PIXELS))
        assert session.classify(PIXELS[0]) == model.classify(PIXELS[0])
        assert (session.name, session.labels, session.layers) == (model.name, model.labels, model.layers)
        assert "Session 'written'" in repr(session)
    assert repr(session) == "<googlenet.Session, closed>"


def test_settings_are_the_models_unless_given(written):
    with googlenet.Model(written, threads=2, max_isa="portable", algorithm="direct", input_size=(25, 31)) as model:
        with model.session() as same:
            assert (same.threads, same.isa, same.input_size) == (2, "portable", (25, 31))
        with model.session(threads=3, input_size=None) as other:
            assert (other.threads, other.isa, other.input_size) == (3, "portable", (20, 24))
            with other.session(max_isa=None) as third:
                assert (third.threads, third.isa) == (3, googlenet.cpu_isa())
        with googlenet.ThreadTeam(2) as team, model.session(team=team) as joined:
            assert joined.threads == 2
            assert np.array_equal(joined.predict(np.zeros((1, 25, 31, 3), np.uint8)),
                                  model.predict(np.zeros((1, 25, 31, 3), np.uint8)))  # fmt: skip


def test_close_in_any_order(written):
    model = googlenet.Model(written)
    want = model.predict(PIXELS)
    first, second = model.session(), model.session()
    model.close()
    with pytest.raises(googlenet.ClosedError, match="the model is closed"):
        model.session()
    first.close()
    first.close()
    with pytest.raises(googlenet.ClosedError, match="the session is closed"):
        first.predict(PIXELS)
    assert np.array_equal(second.predict(PIXELS), want)
    assert second.labels == ["square", "circle", "triangle", "star"]
    third = second.session()
    second.close()
    del model, first, second
    gc.collect()
    assert np.array_equal(third.predict(PIXELS), want)
    third.close()


def test_a_session_that_nobody_uses_is_not_there_twice(written, tmp_path):
    """The first Session of a Model takes over the model's own, which comes back when it is closed."""
    path = tmp_path / "model.gln"
    path.write_bytes(written)
    with googlenet.Model(path, threads=3) as model:
        threads = len(os.listdir("/proc/self/task"))
        first = model.session()
        assert len(os.listdir("/proc/self/task")) == threads
        assert model.isa == first.isa
        want = first.predict(PIXELS)
        assert np.array_equal(model.predict(PIXELS), want)
        first.close()
        with model.session(), model.session():
            pass
    model = googlenet.Model(path, threads=1)
    second = model.session().session()
    path.unlink()
    # The packed weights outlive the session that has them, as long as the model is open.
    second.close()
    assert np.array_equal(model.predict(PIXELS), want)
    third = model.session(threads=2).session().session()
    third.close()
    assert np.array_equal(model.predict(PIXELS), want)
    model.close()


def test_a_lost_model_leaves_its_sessions(written):
    session = googlenet.Model(bytes(bytearray(written))).session()
    gc.collect()
    junk = [bytes([i % 256]) * len(written) for i in range(50)]
    with googlenet.Model(written) as model:
        assert np.array_equal(session.predict(PIXELS), model.predict(PIXELS))
        assert np.array_equal(session.layer("conv2", PIXELS), model.layer("conv2", PIXELS))
    assert len(junk) == 50


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": 0}, ValueError, "threads is 0: use 1 to 256, or None"),
        ({"precision": "int8"}, googlenet.UnsupportedError, "int8"),
        ({"precision": None}, TypeError, "precision is a NoneType"),
        ({"max_isa": "sse9"}, ValueError, "max_isa is 'sse9'"),
        ({"team": 3}, TypeError, "team is a int"),
    ],
)
def test_what_is_refused(model, options, error, message):
    with pytest.raises(error, match=message) as raised:
        model.session(**options)
    assert isinstance(raised.value, googlenet.Error)


def test_what_is_no_model():
    for wrong in (None, "a.gln", 3):
        with pytest.raises(googlenet.ArgumentTypeError, match="model is a"):
            googlenet.Session(wrong)


def test_sessions_are_not_pickled(model):
    for call in (pickle.dumps, copy.copy):
        with pytest.raises(googlenet.UnsupportedError, match="a Session cannot be pickled or copied"):
            call(model.session())


def test_a_thread_each(model):
    want = model.predict(PIXELS)
    sessions = [model.session() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        rows = list(pool.map(lambda number: sessions[number % 4].predict(PIXELS), range(80)))
    assert all(np.array_equal(row, want) for row in rows)


def test_forked_child_goes_on_without_the_model(written):
    model = googlenet.Model(written, threads=2)
    session = model.session()
    want = session.predict(PIXELS)
    model.close()
    child = os.fork()
    if child == 0:
        signal.alarm(PATIENCE)
        try:
            assert np.array_equal(session.predict(PIXELS), want)
            with session.session(threads=1) as another:
                assert np.array_equal(another.predict(PIXELS), want)
            session.close()
        except BaseException as error:
            os.write(2, f"in the child: {error!r}\n".encode())
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert np.array_equal(session.predict(PIXELS), want)
    session.close()


def test_within_a_call_of_the_same_thread(model):
    """A signal handler that uses or closes the session whose call it interrupts hangs on nothing."""
    answers = []

    def handle(*_):
        for use in (lambda: model.predict(PIXELS), model.close):
            try:
                use()
            except googlenet.BusyError as error:
                answers.append(str(error))

    def work(_):
        signal.raise_signal(signal.SIGUSR1)
        return "done"

    before = signal.signal(signal.SIGUSR1, handle)
    try:
        assert model._run(work) == "done"
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(answers) == 2
    assert "call of this thread" in answers[0]
    assert model.predict(PIXELS).shape == (3, 4)


def test_closing_waits_for_a_call(written):
    session = googlenet.Model(written).session()
    started, go_on, ended = threading.Event(), threading.Event(), []

    def work(_):
        started.set()
        go_on.wait(PATIENCE)
        ended.append("call")

    caller = threading.Thread(target=lambda: session._run(work))
    caller.start()
    started.wait(PATIENCE)
    closer = threading.Thread(target=lambda: (session.close(), ended.append("close")))
    closer.start()
    go_on.set()
    caller.join()
    closer.join()
    assert ended == ["call", "close"]


MEMORY = """
import sys, numpy as np

def private():
    with open("/proc/self/smaps_rollup") as file:
        sizes = dict(line.split(":") for line in file if ":" in line and line.endswith("kB\\n"))
    return int(sizes["Pss"].split()[0]) / 1024

before = private()
import googlenet
model = googlenet.Model(sys.argv[1], threads=1, precision="float32")
sessions = [model.session() for _ in range(4)]
picture = np.zeros((300, 400, 3), np.uint8)
for session in sessions:
    session.classify(picture)
print(private() - before)
"""


def test_memory_of_four_sessions(convert, shared):
    """Four sessions of BVLC's network hold what packed weights take once, and activations."""
    path = convert("bvlc", shared / "models/bvlc_googlenet/bvlc_googlenet.caffemodel")
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, path],
        env=os.environ | {"PYTHONPATH": str(ROOT / "bindings/python")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) <= 80


def test_a_session_is_made_while_the_model_runs(model):
    class Waiting:
        """A picture that is read when a session has been made in another thread."""

        def read(self):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                made.append(pool.submit(model.session).result(PATIENCE))
            raise OSError("enough")

    made = []
    with pytest.raises(googlenet.FileError):
        model.classify([PIXELS[0], Waiting()])
    with made[0] as session:
        assert np.array_equal(session.predict(PIXELS), model.predict(PIXELS))

"""Ctrl-C and cancel() end a long call soon, and leave a session that answers right."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import googlenet
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60
# A batch that takes many seconds, begun by the line "running".
PROGRAM = """
import sys, signal
import numpy as np, googlenet
{handler}
model = googlenet.Model(threads=1, precision="float32", max_isa="portable")
image = np.zeros((1, *model.input_size, 3), np.uint8)
images = np.zeros((300, *model.input_size, 3), np.uint8)
want = model.predict(image)
print("running", flush=True)
try:
    {call}
except KeyboardInterrupt:
    assert np.array_equal(model.predict(image), want)
    model.close()
    print("interrupted", flush=True)
"""
CALLS = {
    "predict": "model.predict(images)",
    "features": "model.features(images)",
    "layer": "model.layer('conv1', images)",
    "profile": "model.profile(images)",
    "classify": "model.classify([images[0]] * 3000)",
    "run": "model.run([googlenet.View(it) for it in images], ('features', 'top-3'))",
}


def interrupted(program, *signals):
    """Sends signals to a program while it runs; its output and how long it went on after them."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "bindings/python")}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "running\n", process.stderr.read()
            time.sleep(0.5)
            for number in signals:
                process.send_signal(number)
                time.sleep(0.2)
            begin = time.monotonic()
            output, errors = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
    return output, errors, time.monotonic() - begin


@pytest.mark.parametrize("name", CALLS)
def test_ctrl_c(name):
    output, errors, seconds = interrupted(PROGRAM.format(handler="", call=CALLS[name]), signal.SIGINT)
    assert output == "interrupted\n", errors
    assert errors == ""
    assert seconds < 1


def test_other_handlers_run_meanwhile():
    """A handler that raises nothing does not end the call."""
    handler = "signal.signal(signal.SIGUSR1, lambda *_: print('handled', flush=True))"
    output, errors, _ = interrupted(
        PROGRAM.format(handler=handler, call=CALLS["predict"]), signal.SIGUSR1, signal.SIGUSR1, signal.SIGINT
    )
    assert output == "handled\nhandled\ninterrupted\n", errors


def alarm(*_):
    raise KeyboardInterrupt


@pytest.fixture
def large():
    """A model whose input is so large that an image takes seconds, and a blank image."""
    with googlenet.Model(threads=1, precision="float32", max_isa="portable", input_size=768) as model:
        yield model, np.zeros((1, *model.input_size, 3), np.uint8)


def untouched(model):
    return np.full((1, model.class_count), 42, np.float32)


def test_within_an_image(large):
    """What is being computed is not finished."""
    model, image = large
    begin = time.monotonic()
    want = model.predict(image)
    seconds = time.monotonic() - begin
    out = untouched(model)
    before = signal.signal(signal.SIGALRM, alarm)
    try:
        # Another one comes while the call ends.
        signal.setitimer(signal.ITIMER_REAL, seconds / 4, 0.005)
        with pytest.raises(KeyboardInterrupt):
            model.predict(image, out=out)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (out == 42).all()
    assert np.array_equal(model.predict(image), want)


def test_while_another_thread_runs(large):
    """Who waits for a turn leaves at once; the other call goes on."""
    model, image = large
    want = model.predict(image)
    images = np.repeat(image, 4, axis=0)
    answers = []
    other = threading.Thread(target=lambda: answers.append(model.predict(images)))
    before = signal.signal(signal.SIGALRM, alarm)
    other.start()
    try:
        while not model._handles.is_running:
            time.sleep(0.001)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(KeyboardInterrupt):
            model.predict(image)
        assert other.is_alive()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        other.join()
    assert np.array_equal(answers[0], np.repeat(want, 4, axis=0))
    assert np.array_equal(model.predict(image), want)


def test_errors_of_long_calls_are_raised(large):
    model, _ = large
    with pytest.raises(googlenet.FileError, match="absent"):
        model.classify("absent.png")
    with pytest.raises(googlenet.NotFiniteError):
        model.predict(np.full((1, 3, *model.input_size), 1e38, np.float32))


def test_cancel(large):
    """From another thread, until the call has ended; where none runs it does nothing."""
    model, image = large
    model.cancel()
    want = model.predict(image)
    ended = threading.Event()

    def cancel():
        while not ended.wait(0.01):
            model.cancel()

    thread = threading.Thread(target=cancel)
    thread.start()
    out = untouched(model)
    try:
        with pytest.raises(googlenet.CancelledError, match="0 of 1"):
            model.predict(image, out=out)
    finally:
        ended.set()
        thread.join()
    assert (out == 42).all()
    assert np.array_equal(model.predict(image), want)
    model.close()
    model.cancel()


def test_cancel_in_a_signal_handler():
    """It comes between two calls of the C library, in the thread that makes them."""
    with googlenet.Model(threads=1, max_isa="portable") as model:
        images = np.zeros((300, *model.input_size, 3), np.uint8)
        want = model.predict(images[:1])
        views = [googlenet.View(it) for it in images]
        before = signal.signal(signal.SIGALRM, lambda *_: model.cancel())
        try:
            for call in (model.predict, model.features, model.profile):
                signal.setitimer(signal.ITIMER_REAL, 0.1)
                with pytest.raises(googlenet.CancelledError, match=r"^the call was cancelled after \d+ of 300 images$"):
                    call(images)
            out = np.full((300, model.class_count), 42, np.float32)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(googlenet.CancelledError, match="of 300 images") as caught:
                model.run(views, out={"probabilities": out})
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        done = int(str(caught.value).split()[5])
        assert (out[:done] == want).all()
        assert (out[done:] == 42).all()
        assert np.array_equal(model.predict(images[:1]), want)


def test_cancel_while_sessions_come_and_go():
    with googlenet.Model(threads=1) as model:
        sessions = [model.session()]
        ended = threading.Event()

        def cancel():
            while not ended.is_set():
                sessions[-1].cancel()

        thread = threading.Thread(target=cancel)
        thread.start()
        try:
            for _ in range(50):
                sessions.append(model.session())
                sessions[-2].close()
        finally:
            ended.set()
            thread.join()

"""Ctrl-C ends a long batch soon, and leaves a session that answers right."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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

"""The Model object: properties, closing, threads, forks, and where its bytes come from."""

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import googlenet
import numpy as np
import pytest
from gln_writer import Writer, small_classifier

ROOT = Path(__file__).resolve().parents[2]
PIXELS = np.random.default_rng(5).integers(0, 256, (3, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0)).file()


def test_description(written):
    with googlenet.Model(written, threads=3, max_isa="portable") as model:
        assert model.name == "written"
        assert model.producer == "Tests/python"
        assert model.labels == ["square", "circle", "triangle", "star"]
        assert (model.class_count, model.feature_count, model.input_channels) == (4, 13, 3)
        assert model.input_size == (20, 24)
        assert (model.isa, model.threads, model.precision, model.backend) == ("portable", 3, "float32", "native")
        assert model.weight_bytes > 0
        assert model.activation_bytes > 0
        layers = model.layers
        assert [layer.name for layer in layers] == [
            "conv1", "relu1", "pool1", "norm1", "conv2", "relu2", "pool2", "fc", "prob"
        ]  # fmt: skip
        assert layers[0] == ("conv1", "Convolution", 9, 10, 12, 9 * 27 + 9, 9 * 27 * 120)
        assert sum(layer.parameter_count for layer in layers) == model.parameter_count
        assert sum(layer.multiply_add_count for layer in layers) == model.multiply_add_count
        # Convolutions and inner products are multiply-adds.
        windows = {"conv1": 0, "conv2": 0, "fc": 0, "pool1": 3 * 3, "norm1": 5, "pool2": 5 * 6}
        outputs = {layer.name: layer.channels * layer.height * layer.width for layer in layers}
        others = sum(count * windows.get(name, 1) for name, count in outputs.items())
        assert model.work_count == model.multiply_add_count + others
        for layer in layers:
            assert model.layer_shape(layer.name) == (layer.channels, layer.height, layer.width)
            assert model.layer(layer.name, PIXELS).shape == (3, layer.channels, layer.height, layer.width)
        assert "written" in repr(model)


def test_memory(written):
    with googlenet.Model(written, threads=1) as model:
        memory = model.memory
        assert memory.model_bytes == len(written)
        assert memory.weight_bytes == model.weight_bytes
        assert memory.arena_bytes + memory.scratch_bytes == model.activation_bytes
        assert memory.picture_bytes == 20 * 24 * 3
        assert memory.peak_bytes >= sum(memory[:-1])


def test_profile(written):
    with googlenet.Model(written, threads=2) as model:
        times = model.profile(PIXELS)
        assert [time.image for time in times] == sorted(time.image for time in times)
        assert sum(time.multiply_add_count for time in times) == 3 * model.multiply_add_count
        first = [time for time in times if time.image == 0]
        assert (first[0].layers, first[0].kind, first[0].channels) == ((), "Input", 3)
        names = [name for time in first for name in time.layers]
        assert names == [layer.name for layer in model.layers]
        assert first[1].layers == ("conv1", "relu1")
        assert (first[1].kind, first[1].kernel, first[1].precision) == ("Convolution", "direct", "float32")
        assert all(0 <= time.nanoseconds < 10**10 for time in times)
    with pytest.raises(googlenet.ClosedError):
        model.profile(PIXELS)


def test_without_labels():
    with googlenet.Model(small_classifier(np.random.default_rng(0), labels=()).file()) as model:
        assert model.labels == [""] * 4
        assert model.classify(PIXELS[0], top=1)[0].label == ""


def test_library():
    assert googlenet.library_version() == googlenet.__version__
    assert Path(googlenet.library_path()).is_file()
    assert googlenet.cpu_isa() in ("portable", "avx2", "avx-vnni", "avx512", "avx512-vnni")


def test_environment_lowers_the_tier(written, tmp_path):
    path = tmp_path / "model.gln"
    path.write_bytes(written)
    code = "import sys, googlenet; print(googlenet.Model(sys.argv[1], max_isa=sys.argv[2]).isa)"

    def tier(environment, option):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path), option],
            env=os.environ | {"PYTHONPATH": str(ROOT / "bindings/python"), "GOOGLENET_MAX_ISA": environment},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.strip() or done.stderr

    assert tier("portable", "best") == "portable"
    assert tier("best", "portable") == "portable"
    assert tier("avx512-vnni", "portable") == "portable"
    if googlenet.cpu_isa() != "portable":
        assert tier("avx2", "avx512") == "avx2"
        assert tier("avx512", "avx2") == "avx2"
    wrong = tier("sse4", "best")
    assert "GOOGLENET_MAX_ISA" in wrong or wrong == tier("", "best")


def test_sources_of_bytes_agree(written, tmp_path):
    path = tmp_path / "a model é.gln"
    path.write_bytes(written)
    shifted = b"x" + written
    rows = []
    for source in (path, str(path), written, bytearray(written), memoryview(shifted)[1:]):
        with googlenet.Model(source) as model:
            rows.append(model.predict(PIXELS))
    assert all(np.array_equal(row, rows[0]) for row in rows)


def test_borrowed_bytes_live_as_long_as_the_model():
    model = googlenet.Model(small_classifier(np.random.default_rng(1)).file())
    want = model.predict(PIXELS)
    gc.collect()
    junk = [bytes([i % 256]) * 20_000 for i in range(500)]
    assert np.array_equal(model.predict(PIXELS), want)
    assert model.layer("conv1", PIXELS).shape[1] == 9
    assert len(junk) == 500
    model.close()


def test_out(written):
    with googlenet.Model(written) as model:
        for call, shape in (
            (model.predict, (3, 4)),
            (model.features, (3, 13)),
            (lambda *batch, **out: model.layer("conv2", *batch, **out), (3, *model.layer_shape("conv2"))),
        ):
            want = call(PIXELS)
            out = np.empty((5, *shape[1:]), np.float32)
            assert call(PIXELS, out=out[1:4]).base is out
            assert np.array_equal(out[1:4], want)


def test_close(written):
    model = googlenet.Model(written)
    labels = model.labels
    best = model.classify(PIXELS[0], top=1)
    model.close()
    model.close()
    assert best[0].label in labels
    assert repr(model) == "<googlenet.Model, closed>"
    for use in (
        lambda: model.predict(PIXELS),
        lambda: model.classify(PIXELS[0]),
        lambda: model.features(PIXELS),
        lambda: model.layer("fc", PIXELS),
        lambda: model.preprocess(PIXELS[0]),
        lambda: model.layers,
        lambda: model.labels,
        lambda: model.isa,
        model.__enter__,
    ):
        with pytest.raises(googlenet.ClosedError, match="closed"):
            use()
    with googlenet.Model(written) as model:
        model.close()


def test_garbage_collection_frees(written):
    def memory():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    for _ in range(20):
        googlenet.Model(written, threads=2).predict(PIXELS)
    before = memory()
    threads = len(os.listdir("/proc/self/task"))
    for _ in range(300):
        googlenet.Model(written, threads=2).predict(PIXELS)
    assert len(os.listdir("/proc/self/task")) == threads
    assert memory() - before < 20e6


def test_one_model_from_many_threads(written):
    with googlenet.Model(written, threads=2) as model:
        want = model.predict(PIXELS)
        layer = model.layer("conv2", PIXELS)
        best = model.classify(PIXELS[0], top=4)
        faults = []

        def use(index):
            try:
                for round_number in range(30):
                    match (index + round_number) % 3:
                        case 0:
                            assert np.array_equal(model.predict(PIXELS), want)
                        case 1:
                            assert np.array_equal(model.layer("conv2", PIXELS), layer)
                        case 2:
                            assert model.classify(PIXELS[0], top=4) == best
            except BaseException as fault:
                faults.append(fault)

        workers = [threading.Thread(target=use, args=(index,)) for index in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert not faults


def test_closing_while_others_use_it(written):
    for _ in range(20):
        model = googlenet.Model(written, threads=2)
        started = threading.Barrier(4)
        faults = []

        def use(model=model, started=started, faults=faults):
            started.wait()
            try:
                while True:
                    model.predict(PIXELS)
            except googlenet.ClosedError:
                pass
            except BaseException as fault:
                faults.append(fault)

        workers = [threading.Thread(target=use) for _ in range(3)]
        for worker in workers:
            worker.start()
        started.wait()
        model.close()
        for worker in workers:
            worker.join()
        assert not faults


def test_python_runs_while_the_network_does():
    """The GIL is released: another thread of Python goes on during one long call."""
    rng = np.random.default_rng(0)
    writer = Writer(height=64, width=64)
    last = writer.convolution("c0", "data", rng.normal(0, 0.1, (64, 3, 3, 3)), padding=(1,) * 4)
    for index in range(6):
        last = writer.convolution(f"c{index + 1}", last, rng.normal(0, 0.05, (64, 64, 3, 3)), padding=(1,) * 4)
    writer.pooling("pooled", last, average=True, everything=True)
    writer.inner_product("fc", "pooled", rng.normal(0, 1, (4, 64)))
    writer.softmax("prob", "fc")
    batch = np.zeros((16, 64, 64, 3), np.uint8)
    with googlenet.Model(writer.file(), threads=1, max_isa="portable") as model:
        done, ticks = threading.Event(), []

        def tick():
            while not done.wait(0.001):
                ticks.append(None)

        ticker = threading.Thread(target=tick)
        ticker.start()
        before = len(ticks)
        model.predict(batch)
        during = len(ticks) - before
        done.set()
        ticker.join()
    # A call that held the GIL would let at most one tick through, on the way in.
    assert during > 3


def run_in_child(model, connection):
    row = model.predict(PIXELS)
    again = model.classify(PIXELS[0], top=1)
    model.close()
    connection.send((row, again))


def test_forked_child_goes_on(written):
    with googlenet.Model(written, threads=2) as model:
        want, best = model.predict(PIXELS), model.classify(PIXELS[0], top=1)
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        child = context.Process(target=run_in_child, args=(model, theirs))
        child.start()
        assert ours.poll(60)
        row, again = ours.recv()
        child.join(60)
        assert child.exitcode == 0
        assert np.array_equal(row, want)
        assert again == best
        assert np.array_equal(model.predict(PIXELS), want)


def test_example(written, tmp_path):
    from PIL import Image

    model, picture = tmp_path / "model.gln", tmp_path / "picture.png"
    model.write_bytes(written)
    Image.fromarray(PIXELS[0]).save(picture)
    example = ROOT / "bindings/python/examples/classify.py"

    def run(*arguments):
        return subprocess.run([sys.executable, example, *arguments], capture_output=True, text=True, check=False)

    with googlenet.Model(written) as opened:
        lines = [f"{p.probability:.3f} {p.label}" for p in opened.classify(picture, top=4)]
    done = run(model, picture)
    assert done.stdout.splitlines() == lines
    assert done.returncode == 0
    done = run(model, tmp_path / "none.png")
    assert done.returncode == 1
    assert "none.png" in done.stderr
    assert "Traceback" not in done.stderr

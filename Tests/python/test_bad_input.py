"""What is wrong is refused with the fitting exception and a message that names it; nothing crashes."""

import errno
import os
import struct

import googlenet
import numpy as np
import pytest
from gln_writer import Writer, small_classifier
from wire import data, number, varint

PIXELS = np.zeros((2, 20, 24, 3), np.uint8)


@pytest.fixture(scope="module")
def written():
    return small_classifier(np.random.default_rng(0))


@pytest.fixture(scope="module")
def model(written):
    with googlenet.Model(written.file()) as opened:
        yield opened


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (None, "batch is a NoneType"),
        ("picture\0.png", "batch contains a NUL"),
        (7, "batch is a int"),
        ({}, "batch is a dict"),
        ([], "batch is empty"),
        ([None], r"batch\[0\] is a NoneType"),
        ([PIXELS[0], PIXELS[0, :5]], r"batch\[1\] is an array of uint8 of shape \(5, 24, 3\)"),
        ([PIXELS[0], PIXELS[0].astype(np.float32)], r"batch\[1\]"),
        ([PIXELS], r"batch\[0\]"),
        (PIXELS[:0], "batch is empty"),
        (PIXELS[:, :19], r"shape \(2, 19, 24, 3\)"),
        (PIXELS[:, :, :23], r"N×20×24×3"),
        (PIXELS[..., :1], "batch is an array"),
        (PIXELS[..., [0, 1, 2, 2]], "batch is an array"),
        (PIXELS.transpose(0, 3, 1, 2), "batch is an array"),
        (PIXELS.transpose(0, 2, 1, 3), "batch is an array"),
        (PIXELS[0, 0, 0], r"shape \(3,\)"),
        (PIXELS[None], "batch is an array"),
        (np.uint8(3), "batch"),
        (PIXELS.astype(np.float32), "N×3×20×24 of float32"),
        (PIXELS.astype(np.float64), "array of float64"),
        (PIXELS.astype(np.float16), "array of float16"),
        (PIXELS.astype(np.int8), "array of int8"),
        (PIXELS.astype(np.int64), "array of int64"),
        (PIXELS.astype(bool), "array of bool"),
        (PIXELS.astype(object), "array of object"),
        (PIXELS.astype("complex64"), "array of complex64"),
        (PIXELS.astype("S1"), "batch is an array"),
    ],
)
def test_batches(model, batch, message):
    for call in (model.predict, model.features, lambda b: model.layer("fc", b)):
        with pytest.raises(googlenet.InvalidArgumentError, match=message) as raised:
            call(batch)
        assert isinstance(raised.value, ValueError)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (None, "image is a NoneType"),
        (3, "image is a int"),
        ([[1, 2]], r"image\[0\] is a list"),
        ([], "image is empty"),
        (PIXELS, r"shape \(2, 20, 24, 3\)"),
        (PIXELS[0, 0, 0], r"shape \(3,\)"),
        (np.uint8(4), "image"),
        (PIXELS[0][..., :2], r"shape \(20, 24, 2\)"),
        (PIXELS[0][..., [0, 1, 2, 0, 1]], r"shape \(20, 24, 5\)"),
        (PIXELS[0][..., :0], r"shape \(20, 24, 0\)"),
        (PIXELS[0][:0], "height is 0: it must be 1 to 65535"),
        (PIXELS[0][:, :0], "width is 0: it must be 1 to 65535"),
        (np.zeros((1, 65536, 3), np.uint8), "image: width is 65536: it must be 1 to 65535"),
        (np.zeros((65536, 1), np.uint8), "image: height is 65536: it must be 1 to 65535"),
        (np.full((30, 30, 3), np.inf, np.float32), "infinite or NaN"),
        (PIXELS[0].astype(bool), "array of bool"),
        (PIXELS[0].astype(np.uint16), "array of uint16"),
        ("\0", "NUL"),
    ],
)
def test_images(model, image, message):
    for call in (model.classify, model.preprocess):
        with pytest.raises(googlenet.InvalidArgumentError, match=message):
            call(image)


@pytest.mark.parametrize("top", [0, -1, -(10**30)])
def test_top_out_of_range(model, top):
    with pytest.raises(googlenet.InvalidArgumentError, match=f"top is {top}: at least 1 is needed"):
        model.classify(PIXELS[0], top=top)


@pytest.mark.parametrize("top", [4, 5, 10**30])
def test_top_beyond_the_classes_gives_all(model, top):
    assert len(model.classify(PIXELS[0], top=top)) == 4


@pytest.mark.parametrize("top", [1.5, "3", True])
def test_top_of_another_type(model, top):
    with pytest.raises(TypeError, match="top is a"):
        model.classify(PIXELS[0], top=top)


def test_errors_count_the_images_of_the_batch(model):
    tensors = np.zeros((90, 3, 20, 24), np.float32)
    tensors[71, 0, 0, 5] = np.nan
    rows = np.full((90, 4), 7, np.float32)
    with pytest.raises(googlenet.InvalidArgumentError, match=r"value 5 of image 71 is NaN"):
        model.predict(tensors, out=rows)
    assert not (rows[:71] == 7).any()
    assert (rows[71:] == 7).all()
    tensors[71, 0, 0, 5] = 3e38
    tensors[71, 1] = 3e38
    for call in (model.predict, model.features, model.profile, lambda it: model.layer("prob", it)):
        with pytest.raises(googlenet.NotFiniteError, match=r"^image 71: layer 'conv1'"):
            call(tensors)


@pytest.mark.parametrize(
    ("out", "kind", "message"),
    [
        ([1.0], TypeError, "out is a list: an array is needed"),
        (np.zeros((2, 4)), ValueError, r"out is an array of float64 of shape \(2, 4\): float32 of shape \(2, 4\)"),
        (np.zeros((2, 4), ">f4"), ValueError, r"out is an array of >f4"),
        (np.zeros((4, 2), np.float32), ValueError, r"shape \(4, 2\): float32 of shape \(2, 4\) is needed"),
        (np.zeros((3, 4), np.float32), ValueError, r"out is an array of float32 of shape \(3, 4\)"),
        (np.zeros(8, np.float32), ValueError, r"shape \(8,\)"),
        (np.zeros((4, 2), np.float32).T, ValueError, "out is an array that is not C-contiguous"),
        (np.zeros((2, 8), np.float32)[:, ::2], ValueError, "C-contiguous"),
        (np.frombuffer(bytes(32), np.float32).reshape(2, 4), ValueError, "writeable"),
        (np.frombuffer(bytearray(33), np.float32, 8, 1).reshape(2, 4), ValueError, "aligned"),
    ],
)
def test_where_results_go(model, out, kind, message):
    with pytest.raises(kind, match=message) as raised:
        model.predict(PIXELS, out=out)
    assert isinstance(raised.value, googlenet.Error)


def test_results_may_not_lie_on_the_images(model):
    tensors = np.zeros((2, 3, 20, 24), np.float32)
    with pytest.raises(googlenet.InvalidArgumentError, match="out shares memory with the images"):
        model.predict(tensors, out=tensors.reshape(-1)[:8].reshape(2, 4))


def test_outputs_and_layers(model):
    with pytest.raises(googlenet.InvalidArgumentError, match="output is 'softmax': one of probabilities, logits"):
        model.predict(PIXELS, output="softmax")
    with pytest.raises(TypeError, match="output"):
        model.predict(PIXELS, output=1)
    for name in ("conv9", "", "Conv1", "conv1 ", "data", "x" * 5000, "é\u4e2d"):
        with pytest.raises(googlenet.NotFoundError) as raised:
            model.layer(name, PIXELS)
        assert isinstance(raised.value, KeyError)
        assert name[:100] in str(raised.value)
    with pytest.raises(ValueError, match="NUL"):
        model.layer("conv1\0", PIXELS)
    with pytest.raises(ValueError, match="Unicode"):
        model.layer("\ud800", PIXELS)
    with pytest.raises(TypeError, match="name is a NoneType"):
        model.layer(None, PIXELS)
    with pytest.raises(TypeError, match="name is a bytes"):
        model.layer_shape(b"conv1")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": 0}, ValueError, "threads is 0: use 1 to 256, or None for the allowed CPUs"),
        ({"threads": 257}, ValueError, "threads"),
        ({"threads": -1}, ValueError, "threads"),
        ({"threads": 2**40}, ValueError, "threads"),
        ({"threads": 1.0}, TypeError, "threads"),
        ({"threads": "2"}, TypeError, "threads"),
        ({"precision": "fp16"}, ValueError, "precision is 'fp16'"),
        ({"precision": None}, TypeError, "precision"),
        ({"precision": "int8"}, googlenet.UnsupportedError, "int8"),
        ({"max_isa": "sse9"}, ValueError, "max_isa is 'sse9'.*avx512"),
        ({"max_isa": 2}, TypeError, "max_isa"),
        ({"backend": "cuda"}, ValueError, "backend is 'cuda': one of native, openblas"),
        ({"algorithm": "fft"}, ValueError, "algorithm"),
        ({"input_size": 0}, ValueError, "input_size is 0: use 1 to 8192"),
        ({"input_size": 8193}, ValueError, "input_size"),
        ({"input_size": (1, 2, 3)}, ValueError, "input_size has 3 numbers"),
        ({"input_size": (32, -4)}, ValueError, "input_size is -4"),
        ({"input_size": 3.5}, TypeError, "input_size"),
        ({"input_size": "224"}, TypeError, "input_size"),
        ({"input_size": (1, 1)}, googlenet.UnsupportedError, "pool1"),
    ],
)
def test_options(written, options, error, message):
    with pytest.raises(error, match=message) as raised:
        googlenet.Model(written.file(), **options)
    assert isinstance(raised.value, googlenet.Error)


def test_model_arguments(tmp_path):
    for wrong in (3, ["a.gln"], np.zeros(3)):
        with pytest.raises(googlenet.ArgumentTypeError, match="model is a"):
            googlenet.Model(wrong)
    with pytest.raises(ValueError, match="NUL"):
        googlenet.Model("a\0.gln")
    with pytest.raises(googlenet.FileError, match="nothing.gln") as raised:
        googlenet.Model(tmp_path / "nothing.gln")
    assert isinstance(raised.value, OSError)
    assert raised.value.status == 3
    with pytest.raises(googlenet.FileError, match=str(tmp_path)) as raised:
        googlenet.Model(tmp_path)
    assert raised.value.errno == errno.EISDIR
    assert isinstance(raised.value.__cause__, IsADirectoryError)

    class Path:
        def __fspath__(self):
            raise KeyError("no path")

    os.PathLike.register(Path)
    with pytest.raises(googlenet.InvalidArgumentError, match="no path") as raised:
        googlenet.Model(Path())
    assert isinstance(raised.value.__cause__, KeyError)
    for content in (b"", b"x", bytes(1000), b"\x08\x01", bytearray(b"abc"), memoryview(b"abcdef")[::2]):
        with pytest.raises(googlenet.InvalidModelError):
            googlenet.Model(content)
    path = tmp_path / "empty.gln"
    path.write_bytes(b"")
    with pytest.raises(googlenet.InvalidModelError, match="empty.gln"):
        googlenet.Model(path)


def test_truncated_files(written, tmp_path):
    whole = written.file()
    path = tmp_path / "cut.gln"
    rng = np.random.default_rng(1)
    for size in [*range(0, 200), *rng.integers(200, len(whole), 200).tolist(), len(whole) - 1]:
        with pytest.raises(googlenet.InvalidModelError):
            googlenet.Model(whole[:size])
        if size % 5 == 0:
            path.write_bytes(whole[:size])
            with pytest.raises(googlenet.InvalidModelError, match=r"cut\.gln"):
                googlenet.Model(path)


def test_flipped_bits(written):
    whole = written.file()
    rng = np.random.default_rng(2)
    for bit in rng.integers(0, 8 * len(whole), 1500).tolist():
        spoilt = bytearray(whole)
        spoilt[bit // 8] ^= 1 << bit % 8
        with pytest.raises((googlenet.InvalidModelError, googlenet.UnsupportedVersionError)):
            googlenet.Model(spoilt)


def convolution(**changes):
    """The fields of a 1x1 convolution of stride 1, some changed."""
    fields = {3: 1, 4: 1, 5: 0, 6: 0, 7: 0, 8: 0, 9: 1, 10: 1, 11: 1} | {int(k[1:]): v for k, v in changes.items()}
    return b"".join(number(field, value) for field, value in fields.items())


def hostile(name):
    """A model file with a right checksum and one thing wrong, as bytes, and what the message must name."""
    rng = np.random.default_rng(0)
    w = Writer()
    weights = rng.normal(0, 1, (5, 3, 1, 1))

    def finish(source="conv", channels=5):
        w.pooling("pooled", source, average=True, everything=True)
        w.inner_product("fc", "pooled", rng.normal(0, 1, (4, channels)))
        w.softmax("prob", "fc")
        return w.file()

    def tensor(dims, offset=0, length=None, kind=0):
        count = int(np.prod([int(d) for d in dims], dtype=object))
        length = 4 * count if length is None else length
        message = data(1, b"".join(varint(int(d)) for d in dims)) + number(2, kind)
        return data(1, message + number(4, offset) + number(5, length & (1 << 64) - 1))

    def with_convolution(weights_field, **changes):
        w.weights += bytes(4096)
        w.layer("conv", "data", 16, weights_field + convolution(**changes))
        return finish()

    cases = {
        "cycle": lambda: (w.convolution("conv", "relu", weights), w.relu("relu", "conv"), finish("relu"))[-1],
        "itself": lambda: (w.relu("conv", "conv"), finish())[-1],
        "missing input": lambda: (w.convolution("conv", "nowhere", weights), finish())[-1],
        "no input": lambda: (w.layer("conv", [], 20), finish())[-1],
        "two inputs": lambda: (w.layer("conv", ["data", "data"], 20), finish("conv", 3))[-1],
        "same name twice": lambda: (
            w.convolution("conv", "data", weights), w.convolution("conv", "data", weights), finish())[-1],
        "name of the input": lambda: (w.convolution("data", "data", weights), finish("data"))[-1],
        "unknown operation": lambda: (w.layer("conv", "data", 99), finish("conv", 3))[-1],
        "no operation": lambda: (w.layers.append(data(1, "conv") + data(2, "data")), finish("conv", 3))[-1],
        "no layers": w.file,
        "five dims": lambda: with_convolution(tensor((5, 3, 1, 1, 1))),
        "no dims": lambda: with_convolution(tensor(())),
        "zero dim": lambda: with_convolution(tensor((0, 3, 1, 1))),
        "huge dims": lambda: with_convolution(tensor((2**31, 2**31, 2**31, 2**31), length=64)),
        "dims that overflow to the length": lambda: with_convolution(tensor((2**32 - 1, 2**32 - 1, 1, 1), length=4)),
        "other channels": lambda: with_convolution(tensor((5, 4, 1, 1))),
        "short tensor": lambda: with_convolution(tensor((5, 3, 1, 1), length=56)),
        "long tensor": lambda: with_convolution(tensor((5, 3, 1, 1), length=64)),
        "offset beyond the end": lambda: with_convolution(tensor((5, 3, 1, 1), offset=1 << 40)),
        "offset that wraps": lambda: with_convolution(tensor((5, 3, 1, 1), offset=(1 << 64) - 64)),
        "unknown element type": lambda: with_convolution(tensor((5, 3, 1, 1), kind=9)),
        "int8 without scales": lambda: with_convolution(tensor((5, 3, 1, 1), kind=2, length=15)),
        "no weights": lambda: with_convolution(b""),
        "stride 0": lambda: with_convolution(tensor((5, 3, 1, 1)), f3=0),
        "huge stride": lambda: with_convolution(tensor((5, 3, 1, 1)), f4=2**32 - 1),
        "dilation 0": lambda: with_convolution(tensor((5, 3, 1, 1)), f9=0),
        "huge dilation": lambda: with_convolution(tensor((5, 3, 2, 2)), f9=2**31, f10=2**31),
        "huge padding": lambda: with_convolution(tensor((5, 3, 1, 1)), f5=2**32 - 1, f7=2**32 - 1),
        "groups 0": lambda: with_convolution(tensor((5, 3, 1, 1)), f11=0),
        "groups 2": lambda: with_convolution(tensor((5, 3, 1, 1)), f11=2),
        "kernel larger than the input": lambda: with_convolution(tensor((1, 3, 25, 1))),
        "nan weights": lambda: (w.convolution("conv", "data", np.full((5, 3, 1, 1), np.nan)), finish())[-1],
        "infinite bias": lambda: (w.convolution("conv", "data", weights, np.full(5, np.inf)), finish())[-1],
        "bias of another length": lambda: (w.convolution("conv", "data", weights, np.zeros(4)), finish())[-1],
        "even LRN size": lambda: (w.normalization("conv", "data", size=4), finish("conv", 3))[-1],
        "LRN size 0": lambda: (w.normalization("conv", "data", size=0), finish("conv", 3))[-1],
        "LRN alpha nan": lambda: (w.normalization("conv", "data", alpha=float("nan")), finish("conv", 3))[-1],
        "LRN k 0": lambda: (w.normalization("conv", "data", k=0.0), finish("conv", 3))[-1],
        "pool kernel 0": lambda: (w.pooling("conv", "data", kernel=(0, 1)), finish("conv", 3))[-1],
        "pool stride 0": lambda: (w.pooling("conv", "data", stride=(1, 0)), finish("conv", 3))[-1],
        "pool padding of a kernel": lambda: (
            w.pooling("conv", "data", kernel=(2, 2), padding=(2, 0, 0, 0)), finish("conv", 3))[-1],
        "pool method 7": lambda: (w.layer("conv", "data", 17, number(1, 7) + number(2, 1)), finish("conv", 3))[-1],
        "concat of different sizes": lambda: (
            w.pooling("conv", "data", kernel=(2, 2)), w.concat("join", ["conv", "data"]), finish("join", 6))[-1],
        "mean without variance": lambda: (w.batch_normalization("conv", "data", mean=[0, 0, 0]), finish("conv", 3))[-1],
        "negative variance": lambda: (
            w.batch_normalization("conv", "data", mean=[0, 0, 0], variance=[1, -1, 1]), finish("conv", 3))[-1],
        "two values for three channels": lambda: (
            w.batch_normalization("conv", "data", scale=[1, 1]), finish("conv", 3))[-1],
        "fc of another length": lambda: (w.convolution("conv", "data", weights), finish("conv", 6))[-1],
    }  # fmt: skip
    return cases if name is None else cases[name]()


@pytest.mark.parametrize("name", hostile(None))
def test_hostile_files(name):
    with pytest.raises((googlenet.InvalidModelError, googlenet.UnsupportedError)) as raised:
        googlenet.Model(hostile(name))
    if name != "no layers":
        assert any(layer in str(raised.value) for layer in ("'conv'", "'join'", "'fc'", "'data'", "'relu'")), (
            raised.value
        )


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("labels", {"labels": ("one", "two", "three")}),
        ("labels", {"labels": tuple("abcde")}),
        ("mean", {"mean": [0.0, 0.0]}),
        ("mean", {"mean": [0.0, float("nan"), 0.0]}),
        ("scale", {"scale": [1.0, 1.0, 1.0, 1.0]}),
        ("scale", {"scale": [float("inf")] * 3}),
        ("input", {"height": 0}),
        ("input", {"width": 100000}),
        ("short_side", {"short_side": 19, "height": 20, "width": 20}),
        ("channel_order", {"order": 9}),
    ],
)
def test_wrong_descriptions(field, change):
    with pytest.raises((googlenet.InvalidModelError, googlenet.UnsupportedError), match=f"(?i){field}"):
        googlenet.Model(small_classifier(np.random.default_rng(0), **change).file())


def test_newer_format():
    with pytest.raises(googlenet.UnsupportedVersionError, match="has format version 4"):
        googlenet.Model(small_classifier(np.random.default_rng(0), major=4).file())


def test_unknown_fields_are_skipped(written):
    extra = data(900, b"from the future") + number(901, 5) + varint(902 << 3 | 5) + bytes(4)
    extra += varint(903 << 3 | 1) + bytes(8)
    with googlenet.Model(written.file(written.structure() + extra)) as model, googlenet.Model(written.file()) as same:
        assert np.array_equal(model.predict(PIXELS), same.predict(PIXELS))


def test_garbage_with_a_right_checksum(written):
    """Random changes of the structure behind a right checksum: refused, or a model that runs."""
    structure = written.structure()
    rng = np.random.default_rng(3)
    loaded, messages = 0, []
    for _ in range(3000):
        spoilt = bytearray(structure)
        for _ in range(int(rng.integers(1, 4))):
            place = int(rng.integers(len(spoilt)))
            match int(rng.integers(4)):
                case 0:
                    spoilt[place] = int(rng.integers(256))
                case 1:
                    del spoilt[place : place + int(rng.integers(1, 6))]
                case 2:
                    spoilt[place:place] = rng.integers(0, 256, int(rng.integers(1, 6)), np.uint8).tobytes()
                case 3:
                    spoilt[place : place + 4] = struct.pack("<I", int(rng.choice([0, 1, 2**31, 2**32 - 1, 0x7FC00000])))
        try:
            with googlenet.Model(written.file(bytes(spoilt)), threads=1, input_size=(20, 24)) as model:
                loaded += 1
                if model.multiply_add_count < 10**7 and model.input_channels == 3:
                    model.predict(PIXELS)
        except googlenet.Error as error:
            messages.append(str(error))
    assert loaded > 0
    assert all(messages)


def test_deep_nesting():
    """Groups within groups, which a recursive parser would follow down the stack."""
    for tag in (3, 10 << 3 | 3):
        with pytest.raises(googlenet.InvalidModelError):
            googlenet.Model(varint(tag) * 1_000_000)
    nested = b""
    for _ in range(2000):
        nested = data(7, nested)
    with pytest.raises(googlenet.InvalidModelError):
        googlenet.Model(nested)


def test_many_layers():
    """A chain of a thousand layers is a network like any other."""
    writer = Writer()
    last = "data"
    for index in range(1_000):
        last = writer.relu(f"relu{index}", last)
    writer.pooling("pooled", last, average=True, everything=True)
    writer.inner_product("fc", "pooled", np.ones((4, 3)))
    writer.softmax("prob", "fc")
    with googlenet.Model(writer.file(), threads=1) as model:
        np.testing.assert_allclose(model.predict(PIXELS), 0.25)


def test_file_permissions(written, tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    path = tmp_path / "secret.gln"
    path.write_bytes(written.file())
    path.chmod(0)
    with pytest.raises(googlenet.FileError, match=r"secret\.gln"):
        googlenet.Model(path)

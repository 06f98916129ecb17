"""Pictures of every kind, one or a list of them, in every call that takes pictures; and what is refused."""

import io
import sys

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier
from PIL import Image

SIZE = (20, 24)
RNG = np.random.default_rng(7)
PICTURE = RNG.integers(0, 256, (37, 53, 3), np.uint8)
EXACT = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
TENSOR = RNG.normal(0, 50, (3, *SIZE)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    writer = small_classifier(np.random.default_rng(0), mean=[100.0, 110.0, 120.0], scale=[0.02] * 3, order=1)
    with googlenet.Model(writer.file(), threads=1) as opened:
        yield opened


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "a picture é.png"
    Image.fromarray(PICTURE).save(path)
    return path


CALLS = {
    "predict": lambda model, it, **options: model.predict(it, **options),
    "logits": lambda model, it, **options: model.predict(it, "logits", **options),
    "features": lambda model, it, **options: model.features(it, **options),
    "layer": lambda model, it, **options: model.layer("conv2", it, **options),
}


def kinds(path):
    """The same picture in every form."""
    content = path.read_bytes()
    rgba = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 9, np.uint8)])
    return {
        "path": path,
        "str": str(path),
        "bytes": content,
        "bytearray": bytearray(content),
        "memoryview": memoryview(b"x" + content)[1:],
        "memoryview with gaps": memoryview(bytes(np.repeat(np.frombuffer(content, np.uint8), 2)))[::2],
        "BytesIO": io.BytesIO(content),
        "file": open(path, "rb"),  # noqa: SIM115
        "PIL": Image.open(path),
        "array": PICTURE,
        "RGBA": rgba,
        "RGB of RGBA": rgba[..., :3],
        "BGR": PICTURE[..., ::-1].copy()[..., ::-1],
        "float32": PICTURE / np.float32(255),
        "float64": PICTURE / 255,
        "RGBA floats": rgba / 255,
        "Fortran": np.asfortranarray(PICTURE),
        "flipped": PICTURE[::-1, ::-1].copy()[::-1, ::-1],
        "transposed": PICTURE.transpose(1, 0, 2).copy().transpose(1, 0, 2),
        "read-only": np.frombuffer(PICTURE.tobytes(), np.uint8).reshape(PICTURE.shape),
        "View": googlenet.View(PICTURE),
        "View of a path": googlenet.View(path, (0, 0, 53, 37)),
    }


def test_every_kind_is_the_same_picture(model, path):
    want = model.predict(model.preprocess(PICTURE))
    best = model.classify(PICTURE)
    for name, it in kinds(path).items():
        np.testing.assert_array_equal(model.predict(it), want, err_msg=name)
    for name, it in kinds(path).items():
        assert model.classify(it) == best, name
        assert model.classify([it] * 2 if name not in ("file", "BytesIO") else [kinds(path)[name]]) in (
            [best, best],
            [best],
        ), name
    for name, it in kinds(path).items():
        np.testing.assert_array_equal(model.preprocess(it), model.preprocess(PICTURE), err_msg=name)


@pytest.mark.parametrize("channels", [3, 1])
def test_gray(channels):
    gray = np.ascontiguousarray(PICTURE[..., 0])
    with googlenet.Model(small_classifier(np.random.default_rng(0), channels=channels).file()) as model:
        want = model.predict(model.preprocess(gray))
        rgb = np.dstack([gray] * 3)
        for it in (gray, gray[..., np.newaxis], gray / 255, gray.T.copy().T, Image.fromarray(gray), rgb):
            np.testing.assert_array_equal(model.predict(it), want)
            np.testing.assert_array_equal(model.preprocess(it), model.preprocess(gray))


@pytest.mark.parametrize("name", CALLS)
def test_pictures_and_what_preprocess_makes_of_them(model, path, name):
    call = CALLS[name]
    pictures = [PICTURE, path, PICTURE[:30, 10:40], googlenet.View(EXACT)]
    pixels = model.preprocess(pictures)
    assert pixels.shape == (4, *SIZE, 3)
    want = call(model, pixels)
    np.testing.assert_array_equal(call(model, pictures), want)
    np.testing.assert_array_equal(call(model, tuple(pictures)), want)
    np.testing.assert_array_equal(call(model, PICTURE), want[:1])
    out = np.full_like(want, 7)
    assert call(model, pictures, out=out) is out
    np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("name", CALLS)
def test_what_is_exactly_of_the_networks_size_is_taken_as_it_is(model, name):
    call = CALLS[name]
    for batch in (EXACT, TENSOR):
        want = call(model, batch[np.newaxis])
        np.testing.assert_array_equal(call(model, batch), want)
        np.testing.assert_array_equal(call(model, [batch, batch])[:1], want)
    # A View says that it is a picture: its short side becomes the model's, here the longer one of the input.
    assert not np.array_equal(call(model, googlenet.View(EXACT)), call(model, EXACT))
    np.testing.assert_array_equal(call(model, googlenet.View(EXACT)), call(model, model.preprocess(EXACT)))


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ([EXACT, PICTURE], r"batch\[1\] is an array of uint8 of shape \(37, 53, 3\), a picture .* batch\[0\] an array"),
        ([PICTURE, EXACT], r"batch\[0\] is an array .* batch\[1\] an array of exactly the network's size"),
        (["a.png", EXACT], r"batch\[0\] is a str, a picture to be resized"),
        ([googlenet.View(EXACT), EXACT], r"batch\[0\] is a View"),
        (EXACT / 255, r"batch is an array of float64 of shape \(20, 24, 3\), of the network's size, but not 20×24×3"),
        (EXACT[..., 0], r"shape \(20, 24\), of the network's size"),
        (np.zeros((*SIZE, 4), np.uint8), r"shape \(20, 24, 4\), of the network's size"),
        ([EXACT / np.float32(255)], r"batch\[0\] is an array of float32"),
        (TENSOR.astype(np.float64), r"array of float64 of shape \(3, 20, 24\): N×20×24×3"),
        ([PICTURE, PICTURE[np.newaxis]], r"batch\[1\] is an array of uint8 of shape \(1, 37, 53, 3\)"),
        ([PICTURE, None], r"batch\[1\] is a NoneType: a path, a PIL image"),
        ([PICTURE, [PICTURE]], r"batch\[1\] is a list"),
        (PICTURE[np.newaxis], r"batch is an array of uint8 of shape \(1, 37, 53, 3\)"),
        (object(), "batch is a object: a path, a PIL image"),
    ],
)
def test_what_is_ambiguous_or_no_picture(model, batch, message):
    for call in CALLS.values():
        with pytest.raises(googlenet.InvalidArgumentError, match=message):
            call(model, batch)


@pytest.mark.parametrize(
    ("picture", "kind", "message"),
    [
        (b"not a picture", googlenet.FileError, "is a bytes, 13 bytes that are no picture file"),
        (io.StringIO("text"), TypeError, "is a StringIO that reads str: one that reads bytes is needed"),
        (np.full((30, 30, 3), np.nan), ValueError, "infinite or NaN"),
        (np.full((30, 30, 3), 1e300), ValueError, "infinite or NaN"),
        (PICTURE.astype(np.int32), TypeError, "is an array of int32: uint8"),
        (PICTURE[..., :2], ValueError, r"shape \(37, 53, 2\)"),
        (np.zeros((65536, 1), np.uint8), ValueError, "height is 65536: it must be 1 to 65535"),
        (googlenet.View(PICTURE, (50, 0, 4, 10)), ValueError, "50.* 53 x 37 pixels"),
        (googlenet.View("\0"), ValueError, "NUL"),
    ],
)
def test_errors_name_the_picture(model, picture, kind, message):
    def rewound():
        if hasattr(picture, "seek"):
            picture.seek(0)
        return picture

    for call, single, listed in (
        (model.classify, "image ?", r"image\[1\]"),
        (model.preprocess, "image ?", r"image\[1\]"),
        (model.run, "pictures ?", r"pictures\[1\]"),
        (model.normalize, "pictures ?", r"pictures\[1\]"),
    ):
        with pytest.raises(kind, match=f"^{single}.*{message}") as raised:
            call(rewound())
        assert isinstance(raised.value, googlenet.Error)
        with pytest.raises(kind, match=f"^{listed}.*{message}"):
            call([PICTURE, rewound()])


def test_files_that_cannot_be_read(model, tmp_path):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("the line is down")

    with pytest.raises(googlenet.FileError, match="image is a Broken that cannot be read: the line is down"):
        model.classify(Broken())
    with pytest.raises(googlenet.MissingFileError, match="nothing"):
        model.predict([PICTURE, tmp_path / "nothing.png"])
    content = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (99, 99, 3), np.uint8)).save(content, "JPEG")
    with pytest.raises(googlenet.FileError, match=r"image\[0\] is a bytes that cannot be read"):
        model.classify([content.getvalue()[:1500]])


def test_files_are_read_from_where_they_are(model, path):
    file = io.BytesIO(b"head" + path.read_bytes())
    file.seek(4)
    assert model.classify(file) == model.classify(path)
    with pytest.raises(googlenet.FileError, match="0 bytes that are no picture file"):
        model.classify(file)
    # One that is looked at several times is read once.
    file.seek(4)
    views = [googlenet.View(file), path, googlenet.View(file, mirrored=True)]
    np.testing.assert_array_equal(
        model.predict(views), model.predict([PICTURE, PICTURE, googlenet.View(PICTURE, mirrored=True)])
    )


def test_rows_before_an_error_are_written(model, tmp_path):
    out = np.full((3, 4), 7, np.float32)
    with pytest.raises(googlenet.MissingFileError):
        model.predict([PICTURE, PICTURE, tmp_path / "nothing.png"], out=out)
    np.testing.assert_array_equal(out[:2], model.predict([PICTURE, PICTURE]))
    assert (out[2] == 7).all()
    with pytest.raises(TypeError, match=r"batch\[1\]"):
        model.predict([tmp_path / "nothing.png", None])
    shared = np.zeros((37, 53, 3), np.float32)
    with pytest.raises(googlenet.InvalidArgumentError, match="out shares memory"):
        model.predict(shared, out=shared.reshape(-1)[:4].reshape(1, 4))


def test_lists_of_pictures(model):
    best = model.classify([PICTURE, PICTURE[::-1]], top=2)
    assert best == [model.classify(PICTURE, 2), model.classify(PICTURE[::-1], 2)]
    assert model.classify((PICTURE,), top=99) == [model.classify(PICTURE)]
    for call in (model.classify, model.preprocess, model.run, model.normalize):
        with pytest.raises(googlenet.InvalidArgumentError, match="is empty: at least one picture is needed"):
            call([])


def test_normalize(model):
    pixels = model.preprocess([PICTURE, PICTURE[:20]])
    tensors = model.normalize([PICTURE, PICTURE[:20]])
    assert tensors.shape == (2, 3, *SIZE)
    assert tensors.dtype == np.float32
    want = (pixels[..., ::-1].astype(np.float32) - np.array([100, 110, 120], np.float32)) * np.float32(0.02)
    np.testing.assert_array_equal(tensors, want.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(model.normalize(PICTURE), tensors[:1])
    np.testing.assert_array_equal(model.predict(tensors), model.predict(pixels))


def test_where_pillow_is_missing(model, path, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    for picture in (path, path.read_bytes(), io.BytesIO(b"x")):
        with pytest.raises(googlenet.UnsupportedError, match="Pillow.* is not installed"):
            model.classify(picture)
    assert model.classify(PICTURE)


def test_tensors_of_either_byte_order_alone_and_in_lists(model):
    want = model.predict(TENSOR[None])
    swapped = TENSOR.astype(">f4")
    for batch in (swapped, swapped[None], [swapped]):
        np.testing.assert_array_equal(model.predict(batch), want)


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_a_picture(model):
    gray = RNG.integers(0, 256, (31, 29), np.uint8)
    want = model.classify(gray / np.float32(255))
    assert model.classify(np.matrix(gray / np.float32(255))) == want

"""classify() and preprocess(): the same pixels as Pillow, whatever the picture's size, mode and memory layout."""

import io

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier
from PIL import Image

NETWORK = {"height": 20, "width": 24, "short_side": 28}
SIZES = [
    (28, 28), (24, 20), (56, 56), (57, 55), (640, 480), (480, 640), (1000, 31), (31, 1000), (29, 27), (7, 5), (5, 300),
    (1, 1), (2, 1), (1, 3), (3, 2), (513, 512), (512, 515), (100, 99), (333, 101), (28, 29), (29, 28), (1999, 1501),
    (3001, 4003),
]  # fmt: skip


def pillow(image, height, width, short_side):
    """Short side to `short_side` with Pillow's bilinear filter, then the centre.

    Rows first and columns then, in two calls: in one, Pillow 13 takes the columns of tall pictures first, which older
    ones do not, and which changes bytes by one.
    """
    scale = short_side / min(image.size)
    size = round(image.width * scale), round(image.height * scale)
    image = image.resize((size[0], image.height), Image.BILINEAR).resize(size, Image.BILINEAR)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return np.asarray(image.crop((left, top, left + width, top + height)))


def noise(width, height, channels, seed=0):
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed + width * 7 + height).integers(0, 256, shape, np.uint8)


@pytest.fixture(scope="module")
def model():
    with googlenet.Model(small_classifier(np.random.default_rng(0), **NETWORK).file()) as opened:
        yield opened


@pytest.fixture(scope="module")
def gray_model():
    with googlenet.Model(small_classifier(np.random.default_rng(0), channels=1, **NETWORK).file()) as opened:
        yield opened


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_same_pixels_as_pillow(model, width, height):
    array = noise(width, height, 3)
    want = pillow(Image.fromarray(array), **NETWORK)
    np.testing.assert_array_equal(model.preprocess(array), want)
    np.testing.assert_array_equal(model.preprocess(Image.fromarray(array)), want)


def test_same_pixels_as_pillow_at_random_sizes(model):
    rng = np.random.default_rng(11)
    for _ in range(150):
        width, height = (int(2 ** rng.uniform(0, 10)) for _ in range(2))
        array = noise(width, height, 3)
        got, want = model.preprocess(array), pillow(Image.fromarray(array), **NETWORK)
        assert np.array_equal(got, want), f"{width} x {height}: {(got != want).mean():.2%} of the bytes differ"


def test_extreme_values(model):
    for value in (0, 255):
        array = np.full((77, 91, 3), value, np.uint8)
        assert (model.preprocess(array) == value).all()
    array = np.zeros((300, 400, 3), np.uint8)
    array[::2, ::2] = 255
    array[:, 200:] ^= 255
    np.testing.assert_array_equal(model.preprocess(array), pillow(Image.fromarray(array), **NETWORK))


@pytest.mark.parametrize(("width", "height"), [(40, 30), (31, 90), (1, 1), (500, 333)])
def test_formats(model, gray_model, width, height):
    rgba = noise(width, height, 4)
    rgb = np.ascontiguousarray(rgba[..., :3])
    want = pillow(Image.fromarray(rgb), **NETWORK)
    # Alpha is ignored, not multiplied in.
    np.testing.assert_array_equal(model.preprocess(rgba), want)
    np.testing.assert_array_equal(model.preprocess(Image.fromarray(rgba)), want)

    gray = noise(width, height, 1)
    want = pillow(Image.fromarray(gray), **NETWORK)
    for picture in (gray, gray[..., None], Image.fromarray(gray)):
        np.testing.assert_array_equal(model.preprocess(picture), np.repeat(want[..., None], 3, 2))
        np.testing.assert_array_equal(gray_model.preprocess(picture), want[..., None])
    want = pillow(Image.fromarray(rgb).convert("L"), **NETWORK)
    np.testing.assert_array_equal(gray_model.preprocess(rgb), want[..., None])


def test_memory_layouts(model):
    big = noise(90, 70, 4)
    views = {
        "columns of a wider array": big[:, 10:60, :3],
        "rows backwards": big[::-1, :, :3],
        "columns backwards": big[:, ::-1, :3],
        "every other row": big[::2],
        "every other column": big[:, ::2],
        "channels backwards": big[..., 2::-1],
        "transposed": big[..., :3].transpose(1, 0, 2),
        "planes": np.ascontiguousarray(big[..., :3].transpose(2, 0, 1)).transpose(1, 2, 0),
        "Fortran order": np.asfortranarray(big),
        "one row": big[3:4],
        "one column": big[:, 3:4, :3],
        "gray out of colour": big[..., 1],
        "the same row again": np.broadcast_to(big[:1, :, :3], (40, 90, 3)),
        "one pixel everywhere": np.broadcast_to(big[:1, :1, :3], (40, 50, 3)),
    }
    for name, view in views.items():
        before = view.copy()
        got = model.preprocess(view)
        assert np.array_equal(got, model.preprocess(np.array(view, order="C"))), name
        assert np.array_equal(view, before), name
    read_only = big[..., :3].copy()
    read_only.flags.writeable = False
    model.preprocess(read_only)


def test_pil_modes(model):
    picture = Image.fromarray(noise(60, 50, 3))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "PA"):
        converted = picture.convert("P").convert("PA") if mode == "PA" else picture.convert(mode)
        as_rgb = converted if mode in ("RGBA", "L") else converted.convert("RGB")
        np.testing.assert_array_equal(model.preprocess(converted), model.preprocess(np.asarray(as_rgb)), err_msg=mode)
    deep = noise(60, 50, 1).astype(np.uint16) * 256 + 77
    np.testing.assert_array_equal(
        model.preprocess(Image.fromarray(deep)), model.preprocess((deep >> 8).astype(np.uint8))
    )
    with pytest.raises(googlenet.UnsupportedError, match="mode F"):
        model.preprocess(Image.new("F", (30, 30)))
    with pytest.raises(googlenet.UnsupportedError, match="mode La"):
        model.preprocess(Image.new("La", (30, 30)))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "GIF", "WEBP"])
def test_files(model, tmp_path, kind):
    path = tmp_path / f"a picture.{kind.lower()}"
    Image.fromarray(noise(70, 45, 3)).save(path, kind)
    want = model.classify(np.asarray(Image.open(path).convert("RGB")), top=4)
    assert model.classify(path, top=4) == want
    assert model.classify(str(path), top=4) == want
    assert model.classify(Image.open(path), top=4) == want


def test_classify_is_predict_of_preprocess(model):
    array = noise(101, 67, 3)
    row = model.predict(model.preprocess(array))[0]
    order = np.argsort(-row, kind="stable")
    for top in (1, 2, 3, 4):
        best = model.classify(array, top=top)
        assert [p.class_index for p in best] == order[:top].tolist()
        assert [p.probability for p in best] == row[order[:top]].tolist()
        assert [p.label for p in best] == [model.labels[i] for i in order[:top]]
    assert model.classify(array) == model.classify(array, top=4)
    label, probability, index = model.classify(array)[0]
    assert isinstance(label, str)
    assert isinstance(probability, float)
    assert isinstance(index, int)


def test_ties_go_to_the_lower_index():
    writer = small_classifier(np.random.default_rng(0))
    writer.layers = []
    writer.pooling("pooled", "data", average=True, everything=True)
    writer.inner_product("fc", "pooled", np.zeros((4, 3)), [0, 1, 0, 1])
    writer.softmax("prob", "fc")
    with googlenet.Model(writer.file()) as model:
        assert [p.class_index for p in model.classify(noise(30, 30, 3), top=4)] == [1, 3, 0, 2]


def test_other_input_size():
    """At another input size the short side grows or shrinks in proportion."""
    writer = small_classifier(np.random.default_rng(0), height=32, width=32, short_side=40)
    array = noise(200, 150, 3)
    for size in (16, 32, 64, 128):
        with googlenet.Model(writer.file(), input_size=size) as model:
            want = pillow(Image.fromarray(array), size, size, round(40 * size / 32))
            np.testing.assert_array_equal(model.preprocess(array), want)


def test_damaged_files(model, tmp_path):
    good = io.BytesIO()
    Image.fromarray(noise(64, 64, 3)).save(good, "PNG")
    for name, content in {
        "empty.png": b"",
        "text.png": b"not a picture",
        "cut.png": good.getvalue()[: len(good.getvalue()) // 2],
        "cut in the header.png": good.getvalue()[:20],
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(googlenet.FileError, match=name):
            model.classify(path)
    with pytest.raises(OSError, match="missing.png"):
        model.classify(tmp_path / "missing.png")
    with pytest.raises(googlenet.FileError):
        model.classify(tmp_path)

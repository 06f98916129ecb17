"""run(): several outputs of one pass, for pictures and Views of them."""

import multiprocessing
import os
import pickle
import sys

import googlenet
import numpy as np
import onnx
import pytest
from gln_writer import Writer, small_classifier
from onnx_networks import Network
from PIL import Image

SIZE = (20, 24)
RNG = np.random.default_rng(11)
PICTURE = RNG.integers(0, 256, (61, 83, 3), np.uint8)
OTHER = RNG.integers(0, 256, (44, 30, 3), np.uint8)
MEAN = np.array([100, 110, 120])
PATIENCE = 120


@pytest.fixture(scope="module")
def model_path(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.gln"
    path.write_bytes(small_classifier(np.random.default_rng(0), mean=MEAN.astype(float), scale=[0.02] * 3).file())
    return path


@pytest.fixture(scope="module")
def model(model_path):
    with googlenet.Model(model_path, threads=1) as opened:
        yield opened


def test_outputs(model):
    pictures = [PICTURE, OTHER]
    result = model.run(pictures, ("logits", "top-2", "conv2", "features", "probabilities", "conv2"), top=9)
    assert list(result) == ["logits", "top-2", "conv2", "features", "probabilities", "top-9"]
    np.testing.assert_array_equal(result["probabilities"], model.predict(pictures))
    np.testing.assert_array_equal(result["logits"], model.predict(pictures, output="logits"))
    np.testing.assert_array_equal(result["features"], model.features(pictures))
    np.testing.assert_array_equal(result["conv2"], model.layer("conv2", pictures))
    for name, top in (("top-2", 2), ("top-9", 4)):
        best = result[name]
        assert best.shape == (2, top)
        assert best.dtype.names == ("class_index", "probability", "label")
        for row, predictions in zip(best, model.classify(pictures, top=top), strict=True):
            assert row["label"].tolist() == [it.label for it in predictions]
            assert row["class_index"].tolist() == [it.class_index for it in predictions]
            assert row["probability"].tolist() == [it.probability for it in predictions]
    single = model.run(PICTURE)
    assert list(single) == ["probabilities"]
    np.testing.assert_array_equal(single["probabilities"], result["probabilities"][:1])
    np.testing.assert_array_equal(model.run(PICTURE, "features")["features"], result["features"][:1])
    assert model.run(PICTURE, [], top=1)["top-1"].shape == (1, 1)


def test_out(model):
    features, conv1 = np.empty((2, 13), np.float32), np.empty((2, 9, 10, 12), np.float32)
    result = model.run([PICTURE, OTHER], ("features", "logits", "conv1"), out={"features": features, "conv1": conv1})
    assert result["features"] is features
    assert result["conv1"] is conv1
    np.testing.assert_array_equal(features, model.features([PICTURE, OTHER]))


def test_outs_must_not_share_memory(model):
    rows = np.empty((1, 4), np.float32)
    with pytest.raises(googlenet.InvalidArgumentError, match=r"out\['logits'\] shares memory with .* another result"):
        model.run(PICTURE, ("probabilities", "logits"), out={"probabilities": rows, "logits": rows})


def test_arrays_are_pictures_whatever_their_size(model):
    exact = RNG.integers(0, 256, (*SIZE, 3), np.uint8)
    np.testing.assert_array_equal(model.run(exact)["probabilities"], model.predict(googlenet.View(exact)))


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"outputs": ()}, ValueError, "outputs is empty"),
        ({"outputs": 3}, TypeError, "outputs is a int"),
        ({"outputs": {"features"}}, TypeError, "outputs is a set"),
        ({"outputs": ("features", 3)}, TypeError, r"outputs\[1\] is a int: a str is needed"),
        ({"outputs": ("a\0",)}, ValueError, r"outputs\[0\] contains a NUL"),
        ({"outputs": "\ud800"}, ValueError, "outputs is not valid Unicode"),
        ({"outputs": "conv9"}, KeyError, "conv9"),
        ({"outputs": "top-0"}, ValueError, "top is 0: at least 1 is needed"),
        ({"outputs": "top-x"}, KeyError, "top-x"),
        ({"top": 0}, ValueError, "top is 0"),
        ({"top": 1.5}, TypeError, "top is a float"),
        ({"out": {"features": np.zeros((1, 13), np.float32)}}, ValueError, "out has 'features'"),
        ({"out": {"probabilities": np.zeros((2, 4), np.float32)}}, ValueError, r"out\['probabilities'\] is an array"),
        ({"outputs": "top-2", "out": {"top-2": np.zeros((1, 2), np.float32)}}, ValueError, "out has 'top-2'"),
        ({"out": 3}, TypeError, "out is a int"),
    ],
)
def test_what_is_refused(model, options, kind, message):
    with pytest.raises(kind, match=message) as raised:
        model.run(PICTURE, **options)
    assert isinstance(raised.value, googlenet.Error)


def test_many_outputs(model):
    layers = [layer.name for layer in model.layers]
    names = ["probabilities", "logits", "features", *layers, *(f"top-{number + 1}" for number in range(50))]
    result = model.run(PICTURE, names)
    assert list(result) == names
    for name in layers:
        np.testing.assert_array_equal(result[name], model.layer(name, PICTURE))
    with pytest.raises(googlenet.InvalidArgumentError, match="1024"):
        model.run(PICTURE, [f"top-{number + 1}" for number in range(1025)])


def shown(model, view):
    """What the network sees of a View, as an RGB picture of its input's size: by a layer that changes nothing."""
    return np.rint(model.layer("data2", view)[0].transpose(1, 2, 0) / 0.02 + MEAN).astype(int)


@pytest.fixture(scope="module")
def seeing():
    """A model with a layer that shows its input: a convolution of one by one with the weight 1."""
    writer = small_classifier(np.random.default_rng(0), mean=MEAN.astype(float), scale=[0.02] * 3)
    writer.layers.clear()
    writer.weights.clear()
    last = writer.convolution("data2", "data", np.eye(3).reshape(3, 3, 1, 1))
    last = writer.pooling("pool", last, average=True, everything=True)
    writer.inner_product("fc", last, RNG.normal(0, 1, (4, 3)))
    writer.softmax("prob", "fc")
    with googlenet.Model(writer.file(), threads=1) as opened:
        yield opened


BOXES = [
    (0, 0, 83, 61),
    (10, 7, 30, 40),
    (0, 0, 1, 1),
    (82, 60, 1, 1),
    (0, 21, 83, 40),
    (53, 0, 30, 61),
    (3, 50, 70, 11),
]


@pytest.mark.parametrize("box", BOXES)
def test_boxes_are_seen_as_if_cut_out(seeing, box):
    left, top, width, height = box
    part = PICTURE[top : top + height, left : left + width]
    want = seeing.preprocess(part)
    np.testing.assert_array_equal(shown(seeing, googlenet.View(PICTURE, box)), want)
    np.testing.assert_array_equal(shown(seeing, googlenet.View(PICTURE, box, mirrored=True)), want[:, ::-1])
    for fit in ("model", "warp", "aspect"):
        view = googlenet.View(PICTURE, box, mirrored=True, fit=fit)
        np.testing.assert_array_equal(seeing.preprocess(view), shown(seeing, view))
        np.testing.assert_array_equal(seeing.predict(seeing.normalize(view)), seeing.predict(view))


@pytest.mark.parametrize("box", [*BOXES, None])
def test_warp_is_a_stretched_box(seeing, box):
    left, top, width, height = box or BOXES[0]
    part = Image.fromarray(PICTURE[top : top + height, left : left + width])
    want = np.asarray(part.resize((SIZE[1], SIZE[0]), Image.BILINEAR)).astype(int)
    seen = shown(seeing, googlenet.View(PICTURE, box, fit="warp"))
    assert abs(seen - want).max() <= 1
    np.testing.assert_array_equal(shown(seeing, googlenet.View(PICTURE, box, fit="warp", mirrored=True)), seen[:, ::-1])


def test_aspect_is_kept_and_the_rest_is_the_mean(seeing):
    seen = shown(seeing, googlenet.View(np.full((60, 30, 3), 255, np.uint8), fit="aspect"))
    columns = (seen == 255).all(axis=(0, 2))
    assert columns.sum() == 10
    assert columns[7:17].all()
    np.testing.assert_array_equal(seen[:, ~columns], np.broadcast_to(MEAN, (20, 14, 3)))


@pytest.mark.parametrize("fit", ["warp", "aspect"])
def test_context_shows_what_lies_around_the_box(seeing, fit):
    picture = np.zeros((100, 120, 3), np.uint8)
    picture[30:70, 40:80] = 255
    seen = shown(seeing, googlenet.View(picture, (40, 30, 40, 40), fit=fit, context=3))
    assert (seen[8:12, 8:16] == 255).all()
    assert (seen[0] == 0).all()
    beyond = shown(seeing, googlenet.View(picture[30:70, 40:80], fit=fit, context=3))
    np.testing.assert_array_equal(beyond[0], np.broadcast_to(MEAN, (24, 3)))


def test_boxes_count_in_the_picture_as_it_is_seen(seeing, tmp_path):
    path = tmp_path / "turned.jpg"
    turned = Image.fromarray(np.kron(RNG.integers(0, 256, (6, 8, 3), np.uint8), np.ones((8, 8, 1), np.uint8)))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(path, exif=exif, quality=95, subsampling=0)
    upright = np.asarray(Image.open(path)).transpose(1, 0, 2)[:, ::-1]
    assert upright.shape == (64, 48, 3)
    box = (4, 40, 40, 20)
    for fit in ("model", "warp", "aspect"):
        view = googlenet.View(upright.copy(), box, fit=fit)
        np.testing.assert_array_equal(shown(seeing, googlenet.View(path, box, fit=fit)), shown(seeing, view))
    with pytest.raises(googlenet.InvalidArgumentError, match="48 x 64"):
        seeing.classify(googlenet.View(path, (0, 0, 64, 48)))
    assert seeing.run(googlenet.View(path, (0, 0, 64, 48)), exif_orientation=False)


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "message"),
    [
        (([PICTURE],), {}, TypeError, "picture is a list: a single picture is needed"),
        ((googlenet.View(PICTURE),), {}, TypeError, "picture is a View"),
        ((PICTURE, 3), {}, TypeError, "box is a int: left, top, width and height are needed"),
        ((PICTURE, (1, 2, 3)), {}, ValueError, "box has 3 numbers"),
        ((PICTURE, (-1, 2, 3, 4)), {}, ValueError, "box.left is -1: use 0 to 65535"),
        ((PICTURE, (1, 2, 0, 4)), {}, ValueError, "box.width is 0: use 1 to 65535"),
        ((PICTURE, (1, 2, 3, 1.5)), {}, TypeError, "box.height is a float"),
        ((PICTURE,), {"mirrored": 1}, TypeError, "mirrored is 1: True or False is needed"),
        ((PICTURE,), {"fit": "crop"}, ValueError, "fit is 'crop': one of model, warp, aspect"),
        ((PICTURE,), {"context": -1, "fit": "warp"}, ValueError, "context is -1: use 0 to 65535"),
        ((PICTURE,), {"context": 2}, ValueError, 'context is 2: it must be 0 with fit "model"'),
    ],
)
def test_wrong_views(arguments, options, kind, message):
    with pytest.raises(kind, match=message) as raised:
        googlenet.View(*arguments, **options)
    assert isinstance(raised.value, googlenet.Error)


def test_views_that_do_not_fit(model):
    with pytest.raises(googlenet.InvalidArgumentError, match=r"pictures\[1\]: context is 10"):
        model.run([PICTURE, googlenet.View(PICTURE, fit="warp", context=10)])
    with pytest.raises(googlenet.InvalidArgumentError, match="image: context is 10"):
        model.preprocess(googlenet.View(PICTURE, fit="aspect", context=10))


def test_a_view_tells_what_it_is():
    view = googlenet.View("a.png", (1, 2, 3, 4), mirrored=True, fit="aspect", context=5)
    assert (view.picture, view.box, view.mirrored, view.fit, view.context) == ("a.png", (1, 2, 3, 4), True, "aspect", 5)
    assert repr(view) == "googlenet.View('a.png', box=(1, 2, 3, 4), mirrored=True, fit='aspect', context=5)"
    with pytest.raises(AttributeError):
        view.box = None
    again = pickle.loads(pickle.dumps(view))
    assert repr(again) == repr(view)


def test_values_that_are_not_finite_name_the_picture():
    writer = Writer(*SIZE)
    writer.convolution("conv", "data", np.full((3, 3, 1, 1), 3e38))
    writer.pooling("pool", "conv", average=True, everything=True)
    writer.inner_product("fc", "pool", np.ones((4, 3)))
    writer.softmax("prob", "fc")
    with (
        googlenet.Model(writer.file()) as model,
        pytest.raises(googlenet.NotFiniteError, match=r"^image\[1\]: layer 'conv' has values that are infinite or NaN"),
    ):
        model.classify([np.zeros((30, 30, 3), np.uint8), PICTURE])


def test_transforms(model, model_path):
    transforms = model.transforms()
    np.testing.assert_array_equal(transforms(PICTURE), model.normalize(PICTURE)[0])
    assert transforms(PICTURE).shape == (3, *SIZE)
    assert "small" in repr(transforms) or "written" in repr(transforms)
    with pytest.raises(googlenet.ArgumentTypeError, match="picture is a list"):
        transforms([PICTURE])
    with pytest.raises(googlenet.ArgumentTypeError, match="picture is a int"):
        transforms(3)
    with pytest.raises(googlenet.ArgumentTypeError, match="session is a str"):
        googlenet.Transforms("a.gln")
    again = pickle.loads(pickle.dumps(transforms))
    np.testing.assert_array_equal(again(PICTURE), transforms(PICTURE))
    with googlenet.Model(model_path.read_bytes()) as of_bytes, pytest.raises(googlenet.UnsupportedError, match="bytes"):
        pickle.dumps(of_bytes.transforms())


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_transforms_in_workers(model, method, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    with multiprocessing.get_context(method).Pool(2) as pool:
        tensors = pool.map_async(model.transforms(), [PICTURE, OTHER]).get(PATIENCE)
    np.testing.assert_array_equal(np.stack(tensors), model.normalize([PICTURE, OTHER]))


def test_preprocessing(model):
    it = model.preprocessing
    assert (it.channel_order, it.channels, it.input_height, it.input_width) == ("rgb", 3, *SIZE)
    assert (it.short_side, it.resize_rule) == (24, "short-side")
    assert it.mean == tuple(MEAN)
    assert it.scale == pytest.approx((0.02,) * 3)
    with pytest.raises(AttributeError):
        it.mean = ()
    writer = small_classifier(np.random.default_rng(0), channels=1, short_side=99, resize_rule=5)
    with googlenet.Model(writer.file()) as gray, gray.session() as session:
        it = session.preprocessing
        assert (it.channel_order, it.channels, it.mean, it.scale) == ("gray", 1, (0.0,), (1.0,))
        assert (it.short_side, it.resize_rule) == (99, "square-plain")
    with pytest.raises(googlenet.ClosedError):
        session.preprocessing  # noqa: B018


def test_metadata(tool, tmp_path):
    network = Network(24, 24, seed=3)
    network.classifier(network.relu(network.conv("data", 8, (3, 3), pads=(1, 1, 1, 1))))
    onnx.save(network.model(), tmp_path / "x.onnx")
    texts = {"licence": "CC0 1.0", "source": "Tests/python é", "accuracy": "top-1: 12 %\n"}
    options = [it for key, value in texts.items() for it in ("--metadata", f"{key}={value}")]
    tool("convert", tmp_path / "x.onnx", "-o", tmp_path / "x.gln", *options)
    with googlenet.Model(tmp_path / "x.gln") as model, model.session() as session:
        assert model.metadata.items() >= texts.items()
        assert session.metadata == model.metadata
    with googlenet.Model(small_classifier(np.random.default_rng(0)).file()) as model:
        assert model.metadata == {}
    with pytest.raises(googlenet.ClosedError):
        model.metadata  # noqa: B018

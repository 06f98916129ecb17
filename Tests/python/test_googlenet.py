"""Whole GoogLeNets: one of random weights, and the trained ones of the shared folder."""

import googlenet
import numpy as np
import onnx
import pytest
from comparison import assert_close
from onnx_networks import Network, run_all
from PIL import Image

# Output channels of each inception module (the paper's table 1): 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, projection.
MODULES = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64), "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64), "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128), "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
SETTINGS = {
    "default": {},
    "portable": {"max_isa": "portable"},
    "avx2": {"max_isa": "avx2"},
    "avx512": {"max_isa": "avx512"},
    "openblas": {"backend": "openblas"},
    "direct": {"algorithm": "direct"},
    "one thread": {"threads": 1},
    "two threads": {"threads": 2},
}
PHOTOS = 10


def random_googlenet(size, divisor):
    """GoogLeNet with random weights and a part of its channels."""
    network = Network(size, size, seed=divisor)

    def conv(source, outputs, kernel, stride=1):
        pad = kernel // 2
        outputs = -(-outputs // divisor)
        return network.relu(network.conv(source, outputs, (kernel, kernel), (stride, stride), (pad,) * 4))

    def pool(source, stride=2, pad=0):
        return network.max_pool(source, (3, 3), (stride, stride), (pad,) * 4, ceil=True)

    last = network.lrn(pool(conv("data", 64, 7, 2)), 5)
    last = pool(network.lrn(conv(conv(last, 64, 1), 192, 3), 5))
    for name, (one, reduce3, three, reduce5, five, projection) in MODULES.items():
        branches = [conv(last, one, 1), conv(conv(last, reduce3, 1), three, 3), conv(conv(last, reduce5, 1), five, 5)]
        last = network.concat([*branches, conv(pool(last, 1, 1), projection, 1)])
        if name in ("3b", "4e"):
            last = pool(last)
    network.classifier(last, 21)
    return network


@pytest.mark.parametrize(("size", "divisor"), [(224, 5), (97, 3)])
def test_random_googlenet(convert, size, divisor):
    network = random_googlenet(size, divisor)
    proto = network.model()
    tensors = network.noise(2)
    want = run_all(proto, tensors)
    path = convert(f"googlenet-{size}", proto)
    for name, settings in SETTINGS.items():
        with googlenet.Model(path, **settings) as model:
            np.testing.assert_allclose(
                model.predict(tensors), want[proto.graph.output[0].name], atol=1e-5, err_msg=name
            )
    with googlenet.Model(path) as model:
        layers = [layer.name for layer in model.layers if layer.name in want]
        assert len(layers) > 130
        for layer in layers:
            assert_close(model.layer(layer, tensors[:1]), want[layer][:1], f"layer {layer}")


@pytest.fixture(scope="module")
def photos(shared):
    """The central 224x224 of photos: short side 256 with Pillow's bilinear filter."""
    folder = shared / "images/imagenet_sample"
    lines = [line.split() for line in (folder / "labels.txt").read_text().splitlines() if line]
    images = []
    for name, _ in lines[:: len(lines) // PHOTOS][:PHOTOS]:
        image = Image.open(folder / name).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        images.append(np.asarray(image.crop((left, top, left + 224, top + 224))))
    return np.stack(images)


@pytest.fixture(scope="module")
def bvlc(shared, photos):
    """What ONNX Runtime makes of the photos with the trained BVLC network: every tensor."""
    tensors = photos[..., ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)
    tensors = np.ascontiguousarray(tensors.transpose(0, 3, 1, 2))
    return tensors, run_all(onnx.load(shared / "models/bvlc_googlenet/bvlc_googlenet.onnx"), tensors)


@pytest.mark.parametrize("suffix", ["caffemodel", "onnx"])
def test_bvlc(convert, shared, photos, bvlc, suffix):
    _, want = bvlc
    path = convert(f"bvlc-{suffix}", shared / f"models/bvlc_googlenet/bvlc_googlenet.{suffix}")
    for name, settings in SETTINGS.items():
        with googlenet.Model(path, **settings) as model:
            got = model.predict(photos)
            assert (got.argmax(1) == want["prob"].argmax(1)).all(), name
            np.testing.assert_allclose(got, want["prob"], rtol=0, atol=1e-5, err_msg=name)
            assert np.array_equal(model.predict(photos[:2]), got[:2]), name


@pytest.mark.parametrize(
    ("suffix", "settings", "step"),
    [("caffemodel", "default", 1), ("onnx", "default", 1), ("onnx", "direct", 1)]
    + [("caffemodel", settings, 4) for settings in ("portable", "avx2", "direct", "openblas")],
)
def test_bvlc_layers(convert, shared, photos, bvlc, suffix, settings, step):
    """Each layer by default and by direct convolution; every fourth where only the kernels differ."""
    tensors, want = bvlc
    # Winograd convolution errs in proportion to the sums' terms, not to a small sum of them.
    floor = 0.1 if settings in ("direct", "openblas") else 1
    path = convert(f"bvlc-{suffix}", shared / f"models/bvlc_googlenet/bvlc_googlenet.{suffix}")
    with googlenet.Model(path, **SETTINGS[settings]) as model:
        layers = [layer.name for layer in model.layers if layer.name in want]
        # Each of the network's tensors, but for the flattened one.
        assert set(want) - set(layers) <= {"pool5/flat"}
        for layer in layers[::step]:
            assert_close(model.layer(layer, tensors[:1]), want[layer][:1], f"layer {layer}", floor=floor)
        assert_close(model.features(photos[:2]), want["pool5/7x7_s1"][:2, :, 0, 0], "features")


def test_bvlc_labels(convert, shared):
    folder = shared / "models/bvlc_googlenet"
    path = convert("bvlc-labelled", folder / "bvlc_googlenet.caffemodel", "--labels", folder / "synset_words.txt")
    with googlenet.Model(path) as model:
        assert len(model.labels) == model.class_count == 1000
        photo = next((shared / "images/imagenet_sample").glob("*tench*"))
        best = model.classify(photo, top=1)[0]
        assert best.class_index == 0
        assert "tench" in best.label


def test_clothing(convert, shared):
    golden = np.load(shared / "models/clothing/golden.npz")
    path = convert("clothing", shared / "models/clothing/clothing.pt")
    exponentials = np.exp(golden["logits"] - golden["logits"].max(1, keepdims=True))
    want = exponentials / exponentials.sum(1, keepdims=True)
    for name, settings in SETTINGS.items():
        with googlenet.Model(path, **settings) as model:
            for batch in (golden["input"], golden["images"]):
                assert_close(model.predict(batch, output="logits"), golden["logits"], f"{name} logits")
                np.testing.assert_allclose(model.predict(batch), want, rtol=0, atol=1e-5, err_msg=name)


def test_clothing_picture(convert, shared):
    path = convert("clothing", shared / "models/clothing/clothing.pt")
    with googlenet.Model(path) as model:
        assert model.labels[-1] == "t-shirt"
        best = model.classify(shared / "models/clothing/tshirt.png")
    assert [p.label for p in best][:2] == ["t-shirt", "longsleeve"]
    # The model's card; its third place shares 0.017 with another class.
    found = {p.label: p.probability for p in best}
    np.testing.assert_allclose(
        [found[label] for label in ("t-shirt", "longsleeve", "pants")], [0.850, 0.032, 0.017], atol=0.001
    )

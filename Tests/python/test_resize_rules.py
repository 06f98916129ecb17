"""Resize rules: the sides and cuts of torchvision, Caffe's tools and Pillow, and the same values up to rounding."""

import json

import cv2
import googlenet
import numpy as np
import onnx
import pytest
from gln_writer import small_classifier
from onnx_networks import Network
from PIL import Image

RULES = ["short-side", "short-side-plain", "torchvision", "torchvision-plain", "square", "square-plain"]
HEIGHT, WIDTH, SHORT = 21, 24, 29


def sizes(count):
    """Odd sizes, a few of them extreme."""
    rng = np.random.default_rng(17)
    few = [(1, 1), (1, 2), (3, 1), (29, 29), (24, 21), (30, 29), (29, 30), (57, 59), (1201, 19), (17, 999)]
    return few + [tuple(int(side) for side in 2 ** rng.uniform(2, 9.5, 2)) for _ in range(count - len(few))]


def geometry(rule, width, height, short_side, crop_width, crop_height):
    """What a picture is resized to, and the left and the top edge of the cut; in Python's own arithmetic."""
    short, long = sorted((width, height))
    if rule.startswith("square"):
        resized_long = short_side
    elif rule.startswith("torchvision"):
        resized_long = int(short_side * long / short)
    else:
        resized_long = round(long * (short_side / short))
    size = (short_side, resized_long) if width <= height else (resized_long, short_side)
    over = size[0] - crop_width, size[1] - crop_height
    if rule.startswith("torchvision"):
        return size, int(round(over[0] / 2.0)), int(round(over[1] / 2.0))
    return size, over[0] // 2, over[1] // 2


def resized(pixels, size, plain):
    if plain:
        return cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(Image.fromarray(pixels).resize(size, Image.BILINEAR))


def cut(pixels, rule, width=WIDTH, height=HEIGHT, short_side=SHORT, longer=0, shift=(0, 0)):
    """What the network is to get; or nearly so, with a longer side or another cut."""
    size, left, top = geometry(rule, pixels.shape[1], pixels.shape[0], short_side, width, height)
    size = size[0] + longer * (size[0] > size[1]), size[1] + longer * (size[1] > size[0])
    left, top = left + shift[0], top + shift[1]
    return resized(pixels, size, rule.endswith("-plain"))[top : top + height, left : left + width]


def noise(width, height, seed=0):
    return np.random.default_rng(seed + width * 7 + height).integers(0, 256, (height, width, 3), np.uint8)


def model_of(rule, **options):
    options = {"height": HEIGHT, "width": WIDTH, "short_side": SHORT} | options
    return small_classifier(np.random.default_rng(0), resize_rule=RULES.index(rule), **options).file()


@pytest.fixture(scope="module")
def models():
    opened = {rule: googlenet.Model(model_of(rule), threads=1) for rule in RULES}
    yield opened
    for model in opened.values():
        model.close()


@pytest.mark.parametrize("rule", RULES)
def test_values(models, rule):
    """OpenCV's weights have 11 bits, and Pillow 13 starts vertically where a picture is tall: both round otherwise."""
    for width, height in sizes(100):
        pixels = noise(width, height)
        got, want = models[rule].preprocess(pixels), cut(pixels, rule)
        assert got.shape == want.shape
        far = np.abs(got.astype(int) - want).max()
        assert far <= 1, f"{width} x {height}: {far}"
        if min(width, height) <= 8:
            continue
        size, _, _ = geometry(rule, width, height, SHORT, WIDTH, HEIGHT)
        changes = [{"shift": (1, 0)}, {"shift": (0, 1)}, {"shift": (-1, 0)}, {"shift": (0, -1)}]
        for change in changes + [{"longer": 1}] * (size[0] != size[1]):
            other = cut(pixels, rule, **change)
            assert np.abs(got.astype(int) - other).max() > 1, f"{width} x {height} cannot tell {change}"


def test_rules_differ(models):
    """The 100 sizes tell all six apart."""
    for index, one in enumerate(RULES):
        for other in RULES[index + 1 :]:
            assert any(
                (models[one].preprocess(noise(*size)) != models[other].preprocess(noise(*size))).any()
                for size in sizes(100)
            ), (one, other)


@pytest.mark.parametrize("rule", RULES)
def test_other_input_sizes(rule):
    for size in (12, 48):
        with googlenet.Model(model_of(rule, height=24, width=24, short_side=30), input_size=size) as model:
            pixels = noise(101, 77)
            want = cut(pixels, rule, size, size, 30 * size // 24)
            assert np.abs(model.preprocess(pixels).astype(int) - want).max() <= 1


def test_torchvision_on_real_sizes():
    """At the usual 256 and 224, for every short side that photos have."""
    rng = np.random.default_rng(5)
    with googlenet.Model(model_of("torchvision", height=224, width=224, short_side=256), threads=1) as model:
        for short in (224, 333, 335, 375, 427, 480, 683):
            for long in (500, 640, 1024):
                for width, height in ((short, long), (long, short)):
                    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
                    want = cut(pixels, "torchvision", 224, 224, 256)
                    assert np.abs(model.preprocess(pixels).astype(int) - want).max() <= 1, f"{width} x {height}"


@pytest.mark.parametrize("rule", RULES)
def test_converted_files_say_the_rule(tool, tmp_path, rule):
    network = Network(24, 24, seed=3)
    network.classifier(network.relu(network.conv("data", 8, (3, 3), pads=(1, 1, 1, 1))))
    onnx.save(network.model(), tmp_path / "x.onnx")
    target = tmp_path / "x.gln"
    told = tool("convert", tmp_path / "x.onnx", "-o", target, "--resize-rule", rule)
    report = json.loads(tool("info", "--json", target))
    assert report["preprocessing"]["resize_rule"] == rule
    for text in (told, tool("info", target)):
        assert f"by the rule {rule} (bilinear{'' if rule.endswith('plain') else ', antialiased'})" in text
    # Behind the magic number the format version, which libraries that know one rule only read first.
    assert target.read_bytes()[10:12] == bytes([1 << 3, 1 if rule == "short-side" else 2])
    pixels = noise(131, 67)
    with googlenet.Model(target) as model:
        want = cut(pixels, rule, 24, 24, report["preprocessing"]["short_side"])
        assert np.abs(model.preprocess(pixels).astype(int) - want).max() <= 1


def test_a_quantized_model_keeps_the_rule(tool, tmp_path):
    network = Network(24, 24, seed=3)
    last = network.relu(network.conv("data", 8, (3, 3), pads=(1, 1, 1, 1)))
    network.classifier(network.max_pool(last, (2, 2), (2, 2)))
    onnx.save(network.model(), tmp_path / "x.onnx")
    for number in range(24):
        Image.fromarray(noise(31, 40, seed=number)).save(tmp_path / f"{number}.png")
    tool(
        "convert", tmp_path / "x.onnx", "-o", tmp_path / "x.gln", "--resize-rule", "square-plain",
        "--mean", 128, "--scale", 0.01,
    )  # fmt: skip
    tool("quantize", tmp_path / "x.gln", "--calibration", tmp_path, "-o", tmp_path / "q.gln")
    assert json.loads(tool("info", "--json", tmp_path / "q.gln"))["preprocessing"]["resize_rule"] == "square-plain"


def test_photos(convert, shared):
    """BVLC's network sees photos as torchvision and as OpenCV hand them over."""
    photos = sorted((shared / "images/imagenet_sample").glob("*.jpg"))[::25]
    assert len(photos) == 20
    source = shared / "models/bvlc_googlenet/bvlc_googlenet.caffemodel"
    for rule in ("torchvision", "square-plain"):
        with googlenet.Model(convert(f"bvlc-{rule}", source, "--resize-rule", rule), threads=1) as model:
            for photo in photos:
                pixels = np.asarray(Image.open(photo).convert("RGB"))
                got, want = model.preprocess(pixels), cut(pixels, rule, 224, 224, 256)
                assert np.abs(got.astype(int) - want).max() <= 1, photo
                same = model.predict(np.stack([got, want]))
                assert np.abs(same[0] - same[1]).max() < 0.02, photo

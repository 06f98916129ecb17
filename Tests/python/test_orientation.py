"""Pictures are seen as their EXIF says, the same by the tool and from Python, unless that is turned off."""

import json
import struct
import zlib

import googlenet
import numpy as np
import onnx
import pytest
from gln_writer import small_classifier
from onnx_networks import Network
from PIL import Image, ImageOps

ORIENTATIONS = range(1, 9)
SIZES = [(37, 53), (53, 37), (1, 9), (24, 20)]


def noise(width, height, seed=0):
    """Coarse colours, which JPEG keeps apart."""
    small = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return np.asarray(Image.fromarray(small).resize((width, height), Image.NEAREST))


def exif(order, orientation):
    """A TIFF directory whose second tag is Orientation; order "<" or ">"."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, 2)
    entries = [(0x0100, 3, 1, 5, 0), (0x0112, 3, 1, orientation, 0)]
    return head + b"".join(struct.pack(f"{order}HHIHH", *entry) for entry in entries) + bytes(4)


def stored(upright, orientation):
    """The rows that are seen as `upright` in an orientation, by Pillow's own rule turned round."""
    method = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }.get(orientation)
    image = Image.fromarray(upright)
    return image if method is None else image.transpose(method)


def with_last_chunk(png, kind, content):
    """A PNG file with one more chunk behind its pixels."""
    chunk = struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
    return png[:-12] + chunk + png[-12:]


def save(folder, upright, orientation, form, order="<"):
    """A picture file of one of the forms; gives its path."""
    path = folder / f"{orientation}.{form.split()[0]}"
    image, tag = stored(upright, orientation), exif(order, orientation)
    if form == "png last":
        image.save(path)
        path.write_bytes(with_last_chunk(path.read_bytes(), b"eXIf", tag))
    elif form == "png":
        image.save(path, exif=tag)
    else:
        image.save(path, quality=95, subsampling=0, exif=b"Exif\0\0" + tag)
    return path


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "small.gln"
    path.write_bytes(small_classifier(np.random.default_rng(0), height=20, width=24, short_side=28).file())
    return path


@pytest.fixture(scope="module")
def model(model_file):
    with googlenet.Model(model_file) as opened:
        yield opened


def probabilities(predictions):
    return {p["class_index"]: np.float32(p["probability"]) for p in predictions}


def tool_sees(tool, model_file, paths, *options):
    result = json.loads(tool("classify", "--model", model_file, "--json", *options, *paths))
    return [probabilities(image["predictions"]) for image in result["images"]]


def python_sees(model, image, **options):
    return {p.class_index: np.float32(p.probability) for p in model.classify(image, **options)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("form", ["png", "png last", "jpg"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_tool_and_python_see_the_upright_picture(tool, model_file, model, tmp_path, form, order, width, height):
    upright = noise(width, height)
    paths = [save(tmp_path, upright, orientation, form, order) for orientation in ORIENTATIONS]
    by_tool = tool_sees(tool, model_file, paths)
    as_stored = tool_sees(tool, model_file, paths, "--no-exif-orientation")
    for orientation, path, seen, raw in zip(ORIENTATIONS, paths, by_tool, as_stored, strict=True):
        image = Image.open(path)
        turned = np.asarray(ImageOps.exif_transpose(image))
        if form != "jpg":
            np.testing.assert_array_equal(turned, upright)
        assert seen == python_sees(model, path) == python_sees(model, turned), orientation
        assert raw == python_sees(model, path, exif_orientation=False) == python_sees(model, np.asarray(image))
        np.testing.assert_array_equal(model.preprocess(path), model.preprocess(turned))
        np.testing.assert_array_equal(
            model.preprocess(path, exif_orientation=False), model.preprocess(np.asarray(image))
        )


def test_pil_images_are_seen_as_their_exif_says(model, tmp_path):
    upright = noise(37, 53)
    for orientation in ORIENTATIONS:
        path = save(tmp_path, upright, orientation, "png")
        want, raw = model.preprocess(upright), model.preprocess(np.asarray(Image.open(path)))
        for image in (Image.open(path), Image.open(path).convert("RGB"), ImageOps.exif_transpose(Image.open(path))):
            np.testing.assert_array_equal(model.preprocess(image), want)
        np.testing.assert_array_equal(model.preprocess(Image.open(path), exif_orientation=False), raw)
    gray = Image.open(save(tmp_path, upright, 6, "png")).convert("L")
    np.testing.assert_array_equal(
        model.preprocess(gray), model.preprocess(np.asarray(gray).transpose(1, 0)[:, ::-1].copy())
    )


# Pillow looks into a JPEG's EXIF for its resolution.
@pytest.mark.filterwarnings("ignore:.*EXIF")
def test_broken_exif_is_ignored(tool, model_file, model, tmp_path):
    upright = noise(37, 53)
    whole = exif("<", 6)
    broken = [whole[:length] for length in range(0, len(whole) - 6, 3)]
    broken += [exif(">", 0), exif(">", 9), exif("<", 262), b"Exif\0\0" * 3, b"II*\0\xff\xff\xff\xff" + whole[8:]]
    paths = []
    for number, content in enumerate(broken):
        for path, options in ((tmp_path / f"{number}.png", {}), (tmp_path / f"{number}.jpg", {"quality": 95})):
            Image.fromarray(upright).save(path, exif=b"Exif\0\0" + content, **options)
            paths.append(path)
    for path, seen in zip(paths, tool_sees(tool, model_file, paths), strict=True):
        assert seen == python_sees(model, path) == python_sees(model, path, exif_orientation=False), path


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """The same pictures upright, turned with EXIF, and turned without it."""
    made = {name: tmp_path_factory.mktemp(name) for name in ("upright", "exif", "turned")}
    for number in range(24):
        upright = noise(26, 31, seed=number)
        Image.fromarray(upright).save(made["upright"] / f"{number:02}.png")
        stored(upright, 6).save(made["exif"] / f"{number:02}.png", exif=exif(">", 6))
        stored(upright, 6).save(made["turned"] / f"{number:02}.png")
    return made


@pytest.fixture(scope="module")
def float32(convert):
    network = Network(24, 24, seed=3)
    last = network.relu(network.conv("data", 8, (3, 3), pads=(1, 1, 1, 1)))
    network.classifier(network.max_pool(last, (2, 2), (2, 2)))
    return convert("orientation", network.model(), "--mean", 128, "--scale", 0.01)


def test_quantize_and_evaluate(tool, float32, folders, tmp_path):
    made = {}
    for name, folder, options in (
        ("upright", "upright", ()), ("exif", "exif", ()), ("turned", "turned", ()),
        ("off", "exif", ("--no-exif-orientation",)),
    ):  # fmt: skip
        target = tmp_path / f"{name}.gln"
        tool("quantize", float32, "--calibration", folders[folder], "-o", target, *options)
        labels = tmp_path / "labels.txt"
        labels.write_text("".join(f"{number:02}.png {number % 7}\n" for number in range(24)))
        report = json.loads(
            tool(
                "evaluate", target, folders[folder], "--labels", labels, "--against", float32, "--json", *options
            ).replace(str(target), "")
        )
        made[name] = target.read_bytes(), report
    assert made["exif"] == made["upright"]
    assert made["off"] == made["turned"]
    assert made["off"] != made["upright"]


def test_check_of_a_conversion(tool, tmp_path, folders):
    network = Network(24, 24, seed=3)
    network.classifier(network.relu(network.conv("data", 8, (3, 3), pads=(1, 1, 1, 1))))
    onnx.save(network.model(), tmp_path / "x.onnx")

    def check(folder, *options):
        path = folders[folder] / "05.png"
        arguments = ("convert", tmp_path / "x.onnx", "-o", tmp_path / "x.gln", "--check", path, "--json")
        return json.loads(tool(*arguments, *options))["check"]["predictions"]

    assert check("exif") == check("upright")
    assert check("exif", "--no-exif-orientation") == check("turned")
    assert check("turned") != check("upright")


def test_a_photo_stored_on_its_side(tool, convert, shared):
    source = shared / "models/bvlc_googlenet/bvlc_googlenet.caffemodel"
    photo = shared / "prototypes/faults/exif6.jpg"
    if not (source.is_file() and photo.is_file()):
        pytest.skip(f"{source} or {photo} is missing")
    path = convert("bvlc", source, "--labels", shared / "models/bvlc_googlenet/synset_words.txt")
    with googlenet.Model(path, threads=1) as bvlc:
        best = bvlc.classify(photo, top=1)[0]
        upright = np.asarray(ImageOps.exif_transpose(Image.open(photo)))
        assert best == bvlc.classify(upright, top=1)[0]
    assert "bald eagle" in best.label
    seen = json.loads(tool("classify", "--model", path, "--threads", 1, "--top", 1, "--json", photo))
    assert "bald eagle" in seen["images"][0]["predictions"][0]["label"]

"""Pictures and views of the C interface, to the pixel, against NumPy and Pillow."""

import ctypes

import googlenet
import numpy as np
import pytest
from gln_writer import small_classifier
from googlenet import _declarations as c
from googlenet._library import library
from PIL import Image, ImageOps

HEIGHT, WIDTH = 20, 24
MEAN = (104, 117, 123)
RNG = np.random.default_rng(3)
PICTURE = RNG.integers(0, 256, (61, 83, 3), np.uint8)
NV12_VIDEO, NV12_FULL, I420_VIDEO, I420_FULL = 5, 6, 7, 8


@pytest.fixture(scope="module")
def model():
    writer = small_classifier(np.random.default_rng(0), mean=[float(it) for it in MEAN], scale=[0.02] * 3, order=0)
    with googlenet.Model(writer.file(), threads=1) as opened:
        yield opened


def shown(model, picture, box=None, **options):
    """A view as the network is to see it."""
    view = c.CView(struct_size=ctypes.sizeof(c.CView), picture=ctypes.pointer(picture), **options)
    view.left, view.top, view.width, view.height = box or (0, 0, 0, 0)
    pixels = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    status = model._run(
        lambda session: library().gln_session_preprocess_view(
            session, ctypes.byref(view), pixels.ctypes.data, pixels.size
        )
    )
    assert status == 0, library().gln_last_error_message()
    return pixels.astype(int)


def picture_of(planes, pixel_format, width, height, orientation=1):
    """A picture of arrays, which the caller keeps alive."""
    picture = c.CPicture(struct_size=ctypes.sizeof(c.CPicture), width=width, height=height)
    picture.format, picture.orientation = pixel_format, orientation
    for index, plane in enumerate(planes):
        picture.planes[index] = plane.ctypes.data
        picture.strides[index] = plane.strides[0]
    return picture


def with_gaps(values, gap):
    """The same rows, `gap` bytes apart."""
    wide = np.full((values.shape[0], values.shape[1] + gap), 77, np.uint8)
    wide[:, : values.shape[1]] = values
    return wide[:, : values.shape[1]]


def bt601(luma, cb, cr, video):
    """RGB levels, not rounded, of planes of one size."""
    luma, cb, cr = luma.astype(float), cb - 128.0, cr - 128.0
    if video:
        luma, cb, cr = (luma - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224
    rgb = np.stack([luma + 1.402 * cr, luma - 0.344136 * cb - 0.714136 * cr, luma + 1.772 * cb], axis=2)
    return rgb.clip(0, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("pixel_format", [NV12_VIDEO, NV12_FULL, I420_VIDEO, I420_FULL])
def test_luma_and_chroma(model, pixel_format, orientation):
    for width, height, gap in [(61, 43, 0), (40, 33, 3), (27, 62, 8), (1, 1, 1), (2, 3, 0), (1, 40, 5)]:
        pairs = (height + 1) // 2, (width + 1) // 2
        luma = with_gaps(RNG.integers(0, 256, (height, width), np.uint8), gap)
        cb, cr = (with_gaps(RNG.integers(0, 256, pairs, np.uint8), gap) for _ in range(2))
        both = with_gaps(np.dstack([cb, cr]).reshape(pairs[0], -1), gap)
        planes = [luma, both] if pixel_format <= NV12_FULL else [luma, cb, cr]
        picture = picture_of(planes, pixel_format, width, height, orientation)
        full = [np.repeat(np.repeat(it, 2, 0), 2, 1)[:height, :width] for it in (cb, cr)]
        stored = Image.fromarray(np.rint(bt601(luma, *full, pixel_format in (NV12_VIDEO, I420_VIDEO))).astype(np.uint8))
        stored.getexif()[0x0112] = orientation
        upright = np.asarray(ImageOps.exif_transpose(stored))
        seen_height, seen_width = upright.shape[:2]
        rows, columns = min(HEIGHT, seen_height), min(WIDTH, seen_width)
        # Each edge of the picture once: without a change of size, where the picture is large enough.
        for left, top in {(0, 0), (seen_width - columns, seen_height - rows)}:
            box = (left, top, columns, rows)
            part = Image.fromarray(upright[top : top + rows, left : left + columns])
            want = np.asarray(part.resize((WIDTH, HEIGHT), Image.BILINEAR)).astype(int)
            assert abs(shown(model, picture, box, fit=c.FITS["warp"]) - want).max() <= 1


def laid_over(box, context, keeps_aspect):
    """Where the input begins in the picture, and how large its pixels are: docs/pictures.md."""
    left, top, width, height = box
    scales = [width / (WIDTH - 2 * context), height / (HEIGHT - 2 * context)]
    if keeps_aspect:
        scales = [max(scales)] * 2
    return left + width / 2 - WIDTH / 2 * scales[0], top + height / 2 - HEIGHT / 2 * scales[1], *scales


def filtered(values, start, scale, outputs):
    """The triangle filter along the first axis, rounded to levels."""
    places = np.arange(len(values)) + 0.5
    weights = np.array([1 - abs(places - start - (it + 0.5) * scale) / max(scale, 1) for it in outputs]).clip(0)
    weights /= weights.sum(1, keepdims=True)
    return np.floor(np.tensordot(weights, values, 1) + 0.5).clip(0, 255)


def by_numpy(picture, box, context, keeps_aspect):
    """The view, with the mean for outputs whose centres are not in the picture."""
    x, y, x_scale, y_scale = laid_over(box, context, keeps_aspect)
    want = np.empty((HEIGHT, WIDTH, 3), int)
    want[:] = MEAN
    sides = []
    for start, scale, count, length in [(x, x_scale, WIDTH, picture.shape[1]), (y, y_scale, HEIGHT, picture.shape[0])]:
        inside = [it for it in range(count) if 0 <= start + (it + 0.5) * scale < length]
        # What the input covers, also in part; whole numbers stay whole.
        first, last = max(0, np.floor(start + 1e-6)), min(length, np.ceil(start + count * scale - 1e-6))
        sides.append((inside, slice(int(first), int(last))))
    (columns, across), (rows, down) = sides
    part = picture[down, across].astype(float)
    part = filtered(part.transpose(1, 0, 2), x - across.start, x_scale, columns).transpose(1, 0, 2)
    want[np.ix_(rows, columns)] = filtered(part, y - down.start, y_scale, rows)
    return want, (rows, columns)


@pytest.mark.parametrize("keeps_aspect", [False, True])
@pytest.mark.parametrize("context", [0, 3, 9])
@pytest.mark.parametrize(
    "box", [(20, 15, 40, 30), (0, 0, 30, 20), (53, 41, 30, 20), (0, 0, 83, 61), (31, 5, 7, 50), (3, 3, 12, 10)]
)
def test_context(model, box, context, keeps_aspect):
    pixels = np.ascontiguousarray(PICTURE)
    picture = picture_of([pixels.reshape(61, -1)], c.PIXEL_RGB, 83, 61)
    fit = c.FITS["aspect" if keeps_aspect else "warp"]
    seen = shown(model, picture, box, fit=fit, context=context)
    want, (rows, columns) = by_numpy(PICTURE, box, context, keeps_aspect)
    assert abs(seen - want).max() <= 1
    outside = np.ones((HEIGHT, WIDTH), bool)
    outside[np.ix_(rows, columns)] = False
    np.testing.assert_array_equal(seen[outside], want[outside])
    mirrored = shown(model, picture, box, fit=fit, context=context, mirrored=1)
    np.testing.assert_array_equal(mirrored, seen[:, ::-1])

"""What callers hand over becomes memory that the C library can read: shapes, strides, copies only where needed."""

import ctypes

import numpy as np
import pytest

from googlenet import CancelledError, InvalidArgumentError
from googlenet._arguments import choice_argument, index_argument, text_argument
from googlenet._batch import Batch
from googlenet._exif import upright
from googlenet._handles import Handles
from googlenet._picture import Picture

PICTURE = np.arange(6 * 5 * 4, dtype=np.uint8).reshape(6, 5, 4)


def read_back(picture):
    """The pixels as the C library finds them through the struct, as they are seen."""
    channels, kind = {0: (3, np.uint8), 1: (3, np.uint8), 2: (4, np.uint8), 4: (1, np.uint8), 9: (3, np.float32)}[
        picture.format
    ]
    size = np.dtype(kind).itemsize
    rows = [
        np.frombuffer(
            ctypes.string_at(picture.planes[0] + y * picture.strides[0], picture.width * channels * size), kind
        )
        for y in range(picture.height)
    ]
    stored = np.stack(rows).reshape(picture.height, picture.width, channels)
    return upright(stored[..., ::-1] if picture.format == 1 else stored, picture.orientation)


def in_place(array, exif_orientation=True):
    """A picture's struct and whether it points into the array; the struct's pixels are compared on the way."""
    picture = Picture("image", array, exif_orientation)
    struct = picture.c_picture
    np.testing.assert_array_equal(read_back(struct), np.asarray(array).reshape(*array.shape[:2], -1))
    first, last = np.lib.array_utils.byte_bounds(array)
    return struct, first <= struct.planes[0] < last


RGB = np.ascontiguousarray(PICTURE[..., :3])
GRAY = np.ascontiguousarray(PICTURE[..., 0])
FLOATS = (RGB / 255).astype(np.float32)


@pytest.mark.parametrize(
    ("view", "orientation"),
    [
        (PICTURE, 1),
        (PICTURE[1:4, 1:3], 1),
        (PICTURE[::2], 1),
        (PICTURE[:, ::-1], 2),
        (PICTURE[::-1, ::-1], 3),
        (PICTURE[::-1], 4),
        (PICTURE[::-2, 1:4], 4),
        (PICTURE.transpose(1, 0, 2), 5),
        (PICTURE.transpose(1, 0, 2)[:, ::-1], 6),
        (PICTURE.transpose(1, 0, 2)[::-1, ::-1], 7),
        (PICTURE.transpose(1, 0, 2)[::-1], 8),
        (PICTURE[:1, ::2], 5),
        (PICTURE[2:3, :, :3], 5),
        (PICTURE[::2, :1], 1),
        (PICTURE[:1, :1], 1),
        (PICTURE.reshape(1, 30, 4), 1),
        (RGB, 1),
        (RGB[..., ::-1], 1),
        (RGB[::-1, ::-1, ::-1], 3),
        (RGB[:, 1:2], 1),
        (GRAY, 1),
        (GRAY[:, 1:4], 1),
        (GRAY[..., np.newaxis], 1),
        (GRAY.T, 5),
        (np.asfortranarray(GRAY), 5),
        (FLOATS, 1),
        (FLOATS[1:5, ::-1], 2),
        (FLOATS.transpose(1, 0, 2), 5),
    ],
)
def test_pictures_are_read_in_place(view, orientation):
    struct, is_in_place = in_place(view)
    assert is_in_place
    assert struct.orientation == orientation


@pytest.mark.parametrize(
    "view",
    [
        PICTURE[..., :3],
        PICTURE[..., ::-1],
        PICTURE[:, ::2],
        PICTURE[::2, ::2],
        np.asfortranarray(PICTURE),
        PICTURE[..., 0],
        np.broadcast_to(PICTURE[:1], PICTURE.shape),
        np.broadcast_to(PICTURE[:, :1], PICTURE.shape),
        FLOATS[..., ::-1],
        FLOATS.astype(">f4"),
        np.frombuffer(b"x" + FLOATS.tobytes(), np.float32, FLOATS.size, 1).reshape(FLOATS.shape),
    ],
)
def test_other_strides_are_copied(view):
    struct, is_in_place = in_place(view)
    assert not is_in_place
    assert struct.orientation == 1


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_of_all_kinds(kind):
    for array in (RGB, PICTURE, GRAY, GRAY[..., np.newaxis]):
        floats = (array / 255).astype(kind)
        colours = floats[..., :3] if floats.ndim == 3 and floats.shape[2] > 1 else floats.reshape(6, 5, 1).repeat(3, 2)
        struct = Picture("image", floats, True)
        np.testing.assert_array_equal(read_back(struct.c_picture), colours.astype(np.float32))
    too_large = np.full((6, 5, 3), 1e300)
    kept = Picture("image", too_large, True)
    assert np.isinf(read_back(kept.c_picture)).all()
    a_little = np.full((6, 5, 3), [-0.5, 1.5, 2], kind)
    np.testing.assert_array_equal(read_back(Picture("image", a_little, True).c_picture), a_little)
    with pytest.raises(
        InvalidArgumentError, match=r"image is an array of floats with values up to 255: .*divide by 255"
    ):
        Picture("image", RGB.astype(kind) * 0 + 255, True)


def test_strides_of_a_single_row_or_column_do_not_matter():
    odd = np.lib.stride_tricks.as_strided(PICTURE, (1, 5, 4), (1, 4, 1))
    assert Picture("image", odd, True).c_picture.strides[0] >= 20
    odd = np.lib.stride_tricks.as_strided(PICTURE, (6, 1, 4), (20, 77, 1))
    np.testing.assert_array_equal(read_back(Picture("image", odd, True).c_picture), PICTURE[:, :1])


def test_batches():
    pixels = np.zeros((2, 4, 5, 3), np.uint8)
    batch = Batch(pixels, 3, 4, 5)
    assert batch.count == 2
    assert batch.images is pixels
    part = batch.part(1, 1)
    assert (part.count, part.kind, part.data) == (1, 0, pixels.ctypes.data + 60)
    assert Batch(pixels[0], 3, 4, 5).count == 1
    assert Batch(list(pixels), 3, 4, 5).count == 2
    assert Batch(tuple(pixels), 3, 4, 5).count == 2
    tensors = np.arange(2 * 60, dtype=np.float32).reshape(2, 3, 4, 5)
    for order in ("<f4", ">f4"):
        batch = Batch(tensors.astype(order), 3, 4, 5)
        part = batch.part(0, 2)
        assert part.kind == 1
        got = np.frombuffer(ctypes.string_at(part.data, tensors.nbytes), np.float32)
        np.testing.assert_array_equal(got, tensors.ravel())
    with pytest.raises(InvalidArgumentError, match="N×5×4×3 of uint8"):
        Batch(pixels, 3, 5, 4)


def test_parts_cover_a_batch():
    batch = Batch(np.zeros((100, 4, 5, 3), np.uint8), 3, 4, 5)
    parts = []
    batch.for_each_part(lambda first, part: parts.append((first, part.count)) or 0, Handles())
    assert [first for first, _ in parts] == [sum(count for _, count in parts[:index]) for index in range(len(parts))]
    assert sum(count for _, count in parts) == 100
    assert parts[0] == (0, 1)
    assert len(parts) < 100


def test_parts_end_where_the_call_is_cancelled():
    batch = Batch(np.zeros((100, 4, 5, 3), np.uint8), 3, 4, 5)
    handles = Handles()

    def run(first, part):
        handles.is_cancelled = first + part.count == 7
        return 0

    with pytest.raises(CancelledError, match="after 7 of 100 images"):
        batch.for_each_part(run, handles)


def test_small_arguments():
    assert index_argument("top", np.int64(3), 1, 5) == 3
    assert choice_argument("backend", "openblas", {"native": 0, "openblas": 1}) == 1
    assert text_argument("name", "é") == b"\xc3\xa9"

"""What callers hand over becomes memory that the C library can read: shapes, strides, copies only where needed."""

import ctypes

import numpy as np
import pytest

from googlenet import InvalidArgumentError
from googlenet._arguments import choice_argument, index_argument, text_argument
from googlenet._batch import Batch
from googlenet._image import ImageArgument

PICTURE = np.arange(6 * 5 * 4, dtype=np.uint8).reshape(6, 5, 4)


def read_back(image):
    """The pixels as the C library finds them through the struct."""
    channels = {0: 3, 2: 4, 4: 1}[image.format]
    rows = [
        np.frombuffer(ctypes.string_at(image.pixels + y * image.row_stride, image.width * channels), np.uint8)
        for y in range(image.height)
    ]
    return np.stack(rows).reshape(image.height, image.width, channels)


@pytest.mark.parametrize(
    ("view", "copied"),
    [
        (PICTURE, False),
        (PICTURE[1:4, 1:3], False),
        (PICTURE[::2], False),
        (PICTURE[..., :3], True),
        (PICTURE[::-1], True),
        (PICTURE[:, ::-1], True),
        (PICTURE[:, ::2], True),
        (PICTURE.transpose(1, 0, 2), True),
        (np.asfortranarray(PICTURE), True),
        (PICTURE[..., 0], True),
        (PICTURE[2:3, :, :3], True),
        (np.broadcast_to(PICTURE[:1], PICTURE.shape), True),
        (np.ascontiguousarray(PICTURE[..., 0]), False),
        (np.ascontiguousarray(PICTURE[..., 0])[:, 1:4], False),
        (np.ascontiguousarray(PICTURE[..., :3])[:, 1:2], False),
        (PICTURE.reshape(1, 30, 4)[:, :, :], False),
    ],
)
def test_images_are_read_in_place_where_rows_are_packed(view, copied):
    argument = ImageArgument(view)
    image = argument.c_image
    assert (image.height, image.width) == view.shape[:2]
    assert image.row_stride >= image.width * {0: 3, 2: 4, 4: 1}[image.format]
    np.testing.assert_array_equal(read_back(image), view.reshape(*view.shape[:2], -1))
    assert (image.pixels != view.ctypes.data) == copied


def test_strides_of_a_single_row_or_column_do_not_matter():
    odd = np.lib.stride_tricks.as_strided(PICTURE, (1, 5, 4), (1, 4, 1))
    assert ImageArgument(odd).c_image.row_stride >= 20
    odd = np.lib.stride_tricks.as_strided(PICTURE, (6, 1, 4), (20, 77, 1))
    np.testing.assert_array_equal(read_back(ImageArgument(odd).c_image), PICTURE[:, :1])


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


def test_parts_cover_a_batch_and_errors_count_its_images():
    batch = Batch(np.zeros((100, 4, 5, 3), np.uint8), 3, 4, 5)
    parts = []
    batch.for_each_part(lambda first, part: parts.append((first, part.count)) or 0)
    assert [first for first, _ in parts] == [sum(count for _, count in parts[:index]) for index in range(len(parts))]
    assert sum(count for _, count in parts) == 100
    assert parts[0] == (0, 1)
    assert len(parts) < 100


def test_small_arguments():
    assert index_argument("top", np.int64(3), 1, 5) == 3
    assert choice_argument("backend", "openblas", {"native": 0, "openblas": 1}) == 1
    assert text_argument("name", "é") == b"\xc3\xa9"

import math

import numpy as np
import pytest
import tensorflow as tf

from core.augment import resample
from core.config import VIEW_COUNTS
from core.views import view_transforms

SHAPE = (5, 4, 1)


def see(images: np.ndarray, view: int) -> np.ndarray:
    """Return images (n, 5, 4, 1) as one of the nine views shows them."""
    transform = view_transforms(9, SHAPE)[view : view + 1]
    return resample(tf.constant(images), tf.repeat(transform, len(images), axis=0)).numpy()


def pixel_at(row: int, column: int) -> np.ndarray:
    image = np.zeros((1, *SHAPE), np.float32)
    image[0, row, column] = 1
    return image


@pytest.mark.parametrize("num_views", VIEW_COUNTS)
def test_views_are_so_many_and_the_fewer_are_the_first_of_the_more(num_views: int) -> None:
    assert view_transforms(num_views, SHAPE).shape == (num_views, 8)
    np.testing.assert_array_equal(view_transforms(num_views, SHAPE), view_transforms(9, SHAPE)[:num_views])


@pytest.mark.parametrize("shape", [(28, 28, 1), (5, 4, 1), (8, 6, 3), (1, 1, 1)])
def test_the_first_view_is_the_image_itself_to_the_bit(shape: tuple[int, int, int]) -> None:
    images = np.random.default_rng(0).random((3, *shape)).astype(np.float32)
    seen = resample(tf.constant(images), tf.repeat(view_transforms(1, shape), 3, axis=0))
    np.testing.assert_array_equal(seen, images)


@pytest.mark.parametrize(("view", "row", "column"), [(1, 2, 2), (2, 2, 0), (3, 3, 1), (4, 1, 1)])
def test_four_views_move_the_image_by_a_pixel(view: int, row: int, column: int) -> None:
    np.testing.assert_allclose(see(pixel_at(2, 1), view), pixel_at(row, column), atol=1e-6)


def test_what_a_shift_leaves_empty_takes_the_nearest_pixel() -> None:
    # moved to the right, the left column has nothing to its left but itself
    np.testing.assert_allclose(see(pixel_at(2, 0), 1), pixel_at(2, 0) + pixel_at(2, 1), atol=1e-6)


def test_the_last_four_views_turn_by_4_and_8_degrees_either_way_about_the_centre() -> None:
    transforms = view_transforms(9, SHAPE).numpy()[5:]
    for (xx, xy, x_offset, yx, yy, y_offset, *_), degrees in zip(transforms, (-8, -4, 4, 8), strict=True):
        angle = math.radians(degrees)
        np.testing.assert_allclose([xx, yy], math.cos(angle), atol=1e-6)
        np.testing.assert_allclose([yx, -xy], math.sin(angle), atol=1e-6)
        # the centre, (1.5, 2) as (x, y), stays where it is
        np.testing.assert_allclose([xx * 1.5 + xy * 2 + x_offset, yx * 1.5 + yy * 2 + y_offset], [1.5, 2], atol=1e-6)


def test_no_view_is_mirrored_or_scaled() -> None:
    xx, xy, _, yx, yy, _, *rest = view_transforms(9, SHAPE).numpy().T
    np.testing.assert_allclose(xx * yy - xy * yx, 1, atol=1e-6)  # a mirror's determinant is below 0
    assert (xx > 0.99).all()  # nor upside down: a half turn's is 1 too
    assert not np.any(rest)

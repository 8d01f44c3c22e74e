"""Views of an image: itself, and small shifts and rotations of it, over which a prediction may be averaged."""

import math

import tensorflow as tf

from core.augment import affine_transforms

SHIFT_PIXELS = 1.0
ROTATION_DEGREES = (-8.0, -4.0, 4.0, 8.0)


def view_transforms(num_views: int, image_shape: tuple[int, int, int]) -> tf.Tensor:
    """Return (num_views, 8) float32 for `core.augment.resample`.

    Args:
        num_views: 1 (the image itself), 5 (and a pixel's shift to each side) or 9 (and four rotations, to 8 degrees).
        image_shape: Height, width, channels in pixels.
    """
    still = [(0.0, 0.0, 0.0)]
    shifts = [(x * SHIFT_PIXELS, y * SHIFT_PIXELS, 0.0) for x, y in ((-1, 0), (1, 0), (0, -1), (0, 1))]
    rotations = [(0.0, 0.0, math.radians(degrees)) for degrees in ROTATION_DEGREES]
    x_shift, y_shift, radians = tf.unstack(tf.constant([*still, *shifts, *rotations][:num_views], tf.float32), axis=1)
    ones = tf.ones(num_views)
    return affine_transforms(
        radians=radians, x_shift=x_shift, y_shift=y_shift, x_zoom=ones, y_zoom=ones, image_shape=image_shape
    )

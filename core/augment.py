"""Random rotation, zoom and shift of a batch of images as one affine resample on the device.

The meaning of each range is that of Keras's ImageDataGenerator: the same matrices, one bilinear interpolation, and
outside the image its nearest pixel. Nothing is ever mirrored (see AugmentConfig).
"""

import math

import tensorflow as tf

from core.config import AugmentConfig

NUM_COEFFICIENTS = 8
"""Of a projective transform; the last two are 0 for an affine one."""


def draw_transforms(config: AugmentConfig, image_shape: tuple[int, int, int], num_images: int, seed: int) -> tf.Tensor:
    """Draw one affine transform an image.

    Args:
        config: Ranges, each drawn from uniformly and apart from the others.
        image_shape: Height, width, channels in pixels.
        num_images: Transforms to draw.
        seed: In [0, 2**31); the same seed draws the same transforms.

    Returns:
        (num_images, 8) float32 for `resample`.
    """
    # one stream a quantity, so that changing one range leaves the others' draws alone
    draws = tf.random.stateless_uniform((5, num_images), seed=(seed, 0), minval=-1.0, maxval=1.0, alg="philox")
    height, width, _ = image_shape
    return affine_transforms(
        radians=draws[0] * math.radians(config.rotation_degrees),
        x_shift=draws[1] * config.width_shift * width,
        y_shift=draws[2] * config.height_shift * height,
        x_zoom=1.0 + draws[3] * config.zoom,
        y_zoom=1.0 + draws[4] * config.zoom,
        image_shape=image_shape,
    )


def affine_transforms(
    *,
    radians: tf.Tensor,  # (n,) float32
    x_shift: tf.Tensor,  # (n,) float32, pixels along the width
    y_shift: tf.Tensor,  # (n,) float32, pixels along the height
    x_zoom: tf.Tensor,  # (n,) float32, factor along the width; above 1 shrinks what is seen
    y_zoom: tf.Tensor,  # (n,) float32
    image_shape: tuple[int, int, int],
) -> tf.Tensor:
    """Return (n, 8) float32: rotation * shift * zoom about the image's centre, from output to input pixels.

    Source: keras.src.legacy.preprocessing.image.apply_affine_transform. (The installed Keras shifts columns by
    `height_shift_range` and takes the centre of a non-square image with its sides swapped; here each shift goes
    along its own side, and the centre is the centre.)
    """
    cos, sin = tf.cos(radians), tf.sin(radians)
    height, width, _ = image_shape
    x_centre, y_centre = width / 2 - 0.5, height / 2 - 0.5
    xx, xy = cos * x_zoom, -sin * y_zoom
    yx, yy = sin * x_zoom, cos * y_zoom
    x_offset = cos * x_shift - sin * y_shift + x_centre - xx * x_centre - xy * y_centre
    y_offset = sin * x_shift + cos * y_shift + y_centre - yx * x_centre - yy * y_centre
    zero = tf.zeros_like(cos)
    return tf.stack([xx, xy, x_offset, yx, yy, y_offset, zero, zero], axis=1)


def resample(
    images: tf.Tensor,  # (n, height, width, channels) float32
    transforms: tf.Tensor,  # (n, 8) float32
) -> tf.Tensor:
    """Return the transformed images, (n, height, width, channels) float32, within the range of the input's values."""
    resampled = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        interpolation="BILINEAR",
        fill_mode="NEAREST",
        fill_value=0.0,
    )
    return tf.ensure_shape(resampled, images.shape)

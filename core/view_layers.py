"""Views of an image by stock Keras layers, for a model that has to load where nothing of ours is.

A view (a pixel's shift, a small rotation) takes each of its pixels from at most four of the image's, in fixed shares:
it is a linear map, and so a dense layer whose kernel is what `core.augment.resample` makes of the unit images.
"""

import keras
import numpy as np
import tensorflow as tf

from core.augment import resample
from core.errors import ConfigError
from core.views import view_transforms

MAX_KERNEL_BYTES = 256_000_000
"""Of one kernel: 9 views of 28x28 take 22 MB, of 48x48 191 MB, of 64x64 604 MB."""


def see_views(
    pixels: keras.KerasTensor,  # (n, height, width, channels)
    num_views: int,
) -> keras.KerasTensor:
    """Return an image's views one after the other, (n * num_views, height, width, channels) float32.

    They are those of `core.predict.Predictor`, up to float32's rounding (a few times 1e-5 on a scale to 255).

    Raises:
        ConfigError: the images are too large for the kernel.
    """
    height, width, channels = pixels.shape[1:]
    _require_kernel_fits(height, width, num_views)
    x = keras.layers.Permute((3, 1, 2), dtype="float32", name=f"views_{num_views}_channels_first")(pixels)
    x = keras.layers.Reshape((channels, height * width), dtype="float32", name=f"views_{num_views}_flat")(x)
    resampling = keras.layers.Dense(
        num_views * height * width,
        use_bias=False,
        kernel_initializer="zeros",
        trainable=False,
        dtype="float32",
        name=f"views_{num_views}",
    )
    x = resampling(x)
    resampling.set_weights([view_kernel(num_views, height, width)])
    shape = (channels, num_views, height, width)
    x = keras.layers.Reshape(shape, dtype="float32", name=f"views_{num_views}_images")(x)
    x = keras.layers.Permute((2, 3, 4, 1), dtype="float32", name=f"views_{num_views}_channels_last")(x)
    return keras.ops.reshape(x, (-1, height, width, channels))


def average_views(
    softmax: keras.KerasTensor,  # (n * num_views, num_classes), in the order of `see_views`
    num_views: int,
    name: str,
) -> keras.KerasTensor:
    """Return the mean over each image's views, (n, num_classes) float32."""
    of_views = keras.ops.reshape(softmax, (-1, num_views, softmax.shape[-1]))
    return keras.layers.GlobalAveragePooling1D(dtype="float32", name=name)(of_views)


def view_kernel(num_views: int, height: int, width: int) -> np.ndarray:
    """Return (height * width, num_views * height * width) float32: what each pixel gives to each view's pixels."""
    num_pixels = height * width
    units = tf.reshape(tf.eye(num_pixels), (num_pixels, height, width, 1))
    transforms = view_transforms(num_views, (height, width, 1))
    views = [resample(units, tf.tile(transform[tf.newaxis], (num_pixels, 1))) for transform in transforms]
    return np.concatenate([view.numpy().reshape(num_pixels, num_pixels) for view in views], axis=1)


def _require_kernel_fits(height: int, width: int, num_views: int) -> None:
    """Raise ConfigError where a kernel would be larger than a file should be."""
    num_bytes = 4 * (height * width) ** 2 * num_views
    if num_bytes > MAX_KERNEL_BYTES:
        raise ConfigError(
            f"a vote in one model needs {num_bytes / 1e6:,.0f} MB for {num_views} views of images of {height}x{width}, "
            f"and takes {MAX_KERNEL_BYTES / 1e6:,.0f} MB at most. Vote without views"
        )

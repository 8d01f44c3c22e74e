"""Images as augmentation makes them: several draws, and each range alone at its ends. Loads tensorflow."""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from core.augment import affine_transforms, draw_transforms, resample
from core.config import AugmentConfig


@dataclass(frozen=True, kw_only=True, eq=False)
class Ends:
    """One range at its two ends, the others off."""

    name: str
    """What is changed, and how far."""
    images: np.ndarray | None  # (3, height, width, channels) uint8: least, as it is, most
    """None for a range that is off."""


def draw_images(
    config: AugmentConfig,
    images: np.ndarray,  # (num_images, height, width, channels) uint8
    *,
    num_draws: int,
    seed: int,
) -> np.ndarray:
    """Return draws of each image, (num_images, num_draws, height, width, channels) uint8."""
    num, height, width, channels = images.shape
    transforms = draw_transforms(config, (height, width, channels), num * num_draws, seed)
    return _resampled(np.repeat(images, num_draws, axis=0), transforms).reshape(num, num_draws, *images.shape[1:])


def images_at_the_ends(
    config: AugmentConfig,
    image: np.ndarray,  # (height, width, channels) uint8
) -> tuple[Ends, ...]:
    """Return an image with each range alone at its least and its most."""
    degrees, zoom = config.rotation_degrees, config.zoom
    wide, high = config.width_shift * image.shape[1], config.height_shift * image.shape[0]
    ends = (
        (f"rotation, {degrees:g}° to either side", degrees, {"radians": math.radians(degrees)}),
        (f"zoom, width alone, by {zoom:.3g}", zoom, {"x_zoom": zoom}),
        (f"zoom, height alone, by {zoom:.3g}", zoom, {"y_zoom": zoom}),
        (f"shift along the width, {wide:.3g} pixels to either side", wide, {"x_shift": wide}),
        (f"shift along the height, {high:.3g} pixels to either side", high, {"y_shift": high}),
    )
    return tuple(Ends(name=name, images=_at_the_ends(image, most) if size else None) for name, size, most in ends)


def _at_the_ends(image: np.ndarray, most: dict[str, float]) -> np.ndarray:
    """Return an image at minus one, nothing and one times a transform's `most`."""
    numbers = {"radians": 0.0, "x_shift": 0.0, "y_shift": 0.0, "x_zoom": 0.0, "y_zoom": 0.0} | most
    factors = tf.constant([-1.0, 0.0, 1.0])
    values = {name: factors * number + (1.0 if "zoom" in name else 0.0) for name, number in numbers.items()}
    height, width, channels = image.shape
    transforms = affine_transforms(**values, image_shape=(height, width, channels))
    return _resampled(np.repeat(image[None], 3, axis=0), transforms)


def _resampled(images: np.ndarray, transforms: tf.Tensor) -> np.ndarray:
    """Return transformed images as bytes; a handful, so that no card is asked."""
    with tf.device("CPU:0"):
        return np.asarray(np.round(resample(tf.constant(images, tf.float32), tf.identity(transforms))), np.uint8)

"""What several test files make: small networks."""

from typing import Any

import keras
import tensorflow as tf

from core.config import ModelConfig
from core.model import build_model, initial_weights


def make_model_config(*filters: int, num_convs: int = 1, kernel_size: int = 3, **fields: Any) -> ModelConfig:
    """Return a configuration whose blocks are alike but for their filters."""
    num_blocks = len(filters)
    blocks = {"convs_per_block": (num_convs,) * num_blocks, "kernel_sizes": (kernel_size,) * num_blocks}
    return ModelConfig(**({"filters": filters} | blocks | fields))


def make_model(
    config: ModelConfig,
    *,
    image_shape: tuple[int, int, int],
    num_classes: int,
    precision: str = "float32",
    seed: int = 0,
) -> keras.Model:
    """Return a network with its initial weights."""
    model = build_model(config, image_shape=image_shape, num_classes=num_classes, precision=precision)
    model.set_weights(initial_weights(model, seed))
    return model


def softmax_of(model: keras.Model, pixels: Any) -> tf.Tensor:
    """Return the softmax of images of bytes, (n, num_classes) float32, all in one batch."""
    return tf.nn.softmax(model(tf.cast(pixels, tf.float32) * (1 / 255), training=False))

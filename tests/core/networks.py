"""What several test files make of a configuration: networks and graph shapes. Loads tensorflow."""

from typing import Any

import keras
import tensorflow as tf

from core.config import Config, ModelConfig
from core.graph import GraphShape, shape_of
from core.model import build_model, initial_weights


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


def make_graph_shape(config: Config, **facts: Any) -> GraphShape:
    """Return the shape of a configuration's graph for images of 8x6 in 3 classes, float32, but for what is named."""
    made: dict[str, Any] = {"image_shape": (8, 6, 1), "num_classes": 3, "precision": "float32"}
    return shape_of(config, **(made | facts))


def softmax_of(model: keras.Model, pixels: Any) -> tf.Tensor:
    """Return the softmax of images of bytes, (n, num_classes) float32, all in one batch."""
    return tf.nn.softmax(model(tf.cast(pixels, tf.float32) * (1 / 255), training=False))

"""Softmax of any number of images at any batch size, every row once and in order."""

import keras
import numpy as np
import tensorflow as tf

from core.augment import resample
from core.model import PIXEL_SCALE
from core.views import view_transforms

BATCH_SIZE = 512
"""Images a step, each view counted: fast on CPU and GPU, and small enough for either's memory."""


class Predictor:
    """Predicts with a model whose weights may change between calls; compiled once.

    Args:
        model: From images (n, height, width, channels) in [0, 1] to logits (n, num_classes).
        num_views: Softmax is the mean over so many views of an image (see `core.views`).
    """

    def __init__(self, model: keras.Model, *, num_views: int = 1) -> None:
        self._model = model
        self._num_classes = model.output_shape[-1]
        self._num_views = num_views
        signature = [tf.TensorSpec([None, *model.input_shape[1:]], tf.uint8), tf.TensorSpec([], tf.int32)]
        # called as a concrete function: tf.function would warn of retracing in a process that loads many models
        self._run_batches = tf.function(self._batches, signature, autograph=False).get_concrete_function()

    def softmax(
        self,
        rows: np.ndarray | tf.Tensor,  # (num_rows, height, width, channels) uint8
        *,
        batch_size: int = BATCH_SIZE,
    ) -> np.ndarray:
        """Return each row's probabilities, (num_rows, num_classes) float32."""
        if len(rows) == 0:
            return np.zeros((0, self._num_classes), np.float32)
        num_images = max(batch_size // self._num_views, 1)
        return self._run_batches(tf.convert_to_tensor(rows), tf.constant(num_images)).numpy()

    def _batches(self, rows: tf.Tensor, batch_size: tf.Tensor) -> tf.Tensor:
        """Predict batch after batch; the last takes what is left."""
        num_rows = tf.shape(rows)[0]
        num_batches = (num_rows + batch_size - 1) // batch_size
        parts = tf.TensorArray(tf.float32, size=num_batches, element_shape=[None, self._num_classes], infer_shape=False)

        def step(i: tf.Tensor, parts: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            batch = rows[i * batch_size : tf.minimum((i + 1) * batch_size, num_rows)]
            images = tf.cast(batch, tf.float32) * PIXEL_SCALE
            return i + 1, parts.write(i, self._softmax_of(images))

        _, parts = tf.while_loop(lambda i, _: i < num_batches, step, (tf.constant(0), parts))
        return parts.concat()

    def _softmax_of(self, images: tf.Tensor) -> tf.Tensor:
        """Return (n, num_classes) float32 for images (n, height, width, channels) in [0, 1]."""
        if self._num_views == 1:
            return tf.nn.softmax(self._model(images, training=False))
        transforms = view_transforms(self._num_views, self._model.input_shape[1:])
        seen = resample(tf.repeat(images, self._num_views, axis=0), tf.tile(transforms, [tf.shape(images)[0], 1]))
        softmax = tf.nn.softmax(self._model(seen, training=False))
        return tf.reduce_mean(tf.reshape(softmax, [-1, self._num_views, self._num_classes]), axis=1)

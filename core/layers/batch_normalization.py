"""Batch normalisation as one fused operation each way."""

import keras
import tensorflow as tf


class BatchNormalization(keras.layers.BatchNormalization):
    """Keras's BatchNormalization over the last axis of images, by TensorFlow's fused operation.

    Keras 3 normalises in a dozen operations, each of which passes over the images in float32; fused it reads and
    writes them twice, in the layers' own precision, with statistics, scale and offset in float32.

    Source: Ioffe and Szegedy, arXiv:1502.03167, with Keras's moving statistics (biased variance, no debiasing).
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: None = None) -> tf.Tensor:
        """Normalise images (n, height, width, channels); in training the moving statistics change."""
        scale, offset = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        if not (training and self.trainable):
            return _fused(
                inputs, scale, offset, self.moving_mean, self.moving_variance, self.epsilon, is_training=False
            )[0]
        output, mean, variance, *_ = _fused(inputs, scale, offset, (), (), self.epsilon, is_training=True)
        num_values = tf.cast(tf.size(inputs) // tf.shape(inputs)[-1], tf.float32)
        variance *= (num_values - 1) / num_values  # the operation gives the unbiased one, Keras keeps the biased one
        for moving, batch in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + batch * (1 - self.momentum))
        return output


def _fused(
    inputs: tf.Tensor,
    scale: tf.Tensor,
    offset: tf.Tensor,
    mean: tf.Tensor,
    variance: tf.Tensor,
    epsilon: float,
    *,
    is_training: bool,
) -> tuple[tf.Tensor, ...]:
    """Return output, mean and unbiased variance, and what the gradient needs."""
    return tf.raw_ops.FusedBatchNormV3(
        x=inputs, scale=scale, offset=offset, mean=mean, variance=variance, epsilon=epsilon, is_training=is_training
    )

"""LeakyReLU whose gradient reads its output."""

import keras
import tensorflow as tf
from tensorflow.python.eager import record


class LeakyReLU(keras.layers.LeakyReLU):
    """Keras's LeakyReLU, with a gradient that needs the output where the stock one needs the input.

    Either decides it: where the input is positive, so is the output. With nobody else reading the input, TensorFlow
    fuses convolution, bias and activation into one operation and never stores what stood between them.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return max(x, slope * x), in the shape and dtype of `inputs`."""
        return _leaky_relu(inputs, float(self.negative_slope))


def _leaky_relu(inputs: tf.Tensor, slope: float) -> tf.Tensor:
    """Return the activation with its gradient."""
    if slope == 0:
        return tf.nn.relu(inputs)  # its gradient reads the output already
    # What tf.custom_gradient does, by the same private means: itself it keeps each graph that it is traced in until
    # the process ends (TensorFlow 2.21, 5,700 objects a graph). tests/core/layers holds this to Keras's gradient.
    with record.stop_recording():
        output = tf.nn.leaky_relu(inputs, slope)

    def gradient(upstream: tf.Tensor) -> list[tf.Tensor]:
        return [tf.raw_ops.LeakyReluGrad(gradients=upstream, features=output, alpha=slope)]

    record.record_operation("LeakyReLU", [output], [inputs], gradient)
    return output

"""Dropout whose mask costs a byte of randomness an element."""

import keras
import tensorflow as tf

NUM_LEVELS = 256
"""Of a random byte: a rate from 1/512 on is held to within 1/512, a smaller one as 1/256."""


class Dropout(keras.layers.Dropout):
    """Keras's Dropout with masks of 8 random bits an element instead of a float32 made of 32.

    The rate is a variable, so that one compiled graph serves trials of any rate above 0. It is held as a whole
    number of 256ths, at least 1; what survives is divided by the share that survives, rounded to the layer's dtype.
    """

    def __init__(self, rate: float, *, seed: int, **options: object) -> None:
        super().__init__(rate, seed=seed, **options)
        self._num_dropped_levels = tf.Variable(num_dropped_levels(rate), trainable=False, dtype=tf.int32)

    def change_rate(self, rate: float) -> None:
        """Set the rate, in (0, 1), of a layer that may be part of a compiled graph."""
        self.rate = rate
        self._num_dropped_levels.assign(num_dropped_levels(rate))

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop elements at random in training, and scale what is left; `inputs` itself otherwise."""
        if not training:
            return inputs
        num_dropped = self._num_dropped_levels.read_value()
        num_kept = tf.cast(NUM_LEVELS - num_dropped, tf.float32)
        scale = tf.cast(NUM_LEVELS / num_kept, inputs.dtype)
        is_kept = self._random_bytes(tf.shape(inputs)) >= tf.cast(num_dropped, tf.uint8)
        return inputs * (tf.cast(is_kept, inputs.dtype) * scale)

    def _random_bytes(self, shape: tf.Tensor) -> tf.Tensor:
        """Return random bytes of a shape; the layer's random state moves on."""
        num_elements = tf.reduce_prod(shape)
        seed = tf.cast(self.seed_generator.next(ordered=False), tf.int64)
        words = tf.random.stateless_uniform(
            [(num_elements + 3) // 4], seed=seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox"
        )
        return tf.reshape(tf.reshape(tf.bitcast(words, tf.uint8), [-1])[:num_elements], shape)


def num_dropped_levels(rate: float) -> int:
    """Return how many of 256 equally likely bytes drop their element."""
    return min(max(round(rate * NUM_LEVELS), 1), NUM_LEVELS - 1)

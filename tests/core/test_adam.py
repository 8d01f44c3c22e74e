import keras
import numpy as np
import tensorflow as tf

from core.adam import Adam


def test_adam_takes_the_steps_of_kerass() -> None:
    random = np.random.default_rng(0)
    start = random.normal(size=(5, 3)).astype(np.float32)
    ours, theirs = tf.Variable(start), keras.Variable(start)
    adam, reference = Adam([ours]), keras.optimizers.Adam()
    reference.build([theirs])
    for rate in (1e-2, 1e-2, 5e-3, 1e-1, 1e-4):
        gradient = tf.constant(random.normal(size=start.shape).astype(np.float32))
        adam.apply([gradient], tf.constant(rate))
        reference.learning_rate = rate
        reference.apply([gradient], [theirs])
        # the moved distance is about the rate: a millionth of the largest is rounding
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-6)


def test_adam_state_restores_to_the_same_next_step() -> None:
    first, second = tf.Variable([1.0, -2.0]), tf.Variable([1.0, -2.0])
    one, other = Adam([first]), Adam([second])
    for gradient in ([0.3, 0.1], [-0.2, 0.4]):
        one.apply([tf.constant(gradient)], tf.constant(0.1))
    second.assign(first)
    for variable, saved in zip(other.state, one.state, strict=True):
        variable.assign(saved)
    for adam in (one, other):
        adam.apply([tf.constant([0.5, 0.5])], tf.constant(0.1))
    np.testing.assert_array_equal(first.numpy(), second.numpy())

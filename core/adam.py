"""Adam as one fused operation a variable, its state plain variables."""

from collections.abc import Sequence

import tensorflow as tf

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-7
"""Keras's defaults."""


class Adam:
    """Adam with Keras's formula and defaults.

    TensorFlow's fused update passes over the memory once: 2-3 % of a training step faster than Keras's dozen
    operations a variable, and 0.2 s less tracing, which a search pays for every shape.

    Source: Kingma and Ba, arXiv:1412.6980, the variant before section 2.1 (epsilon hat).
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        self._variables = list(variables)
        self._num_steps = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._first_moments = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]
        self._second_moments = [tf.Variable(tf.zeros_like(v), trainable=False) for v in variables]

    @property
    def state(self) -> list[tf.Variable]:
        """All that a continued training needs: the number of steps, then the moments."""
        return [self._num_steps, *self._first_moments, *self._second_moments]

    @property
    def num_steps(self) -> tf.Variable:
        """Steps taken, int64."""
        return self._num_steps

    def reset(self) -> None:
        """Forget all steps, as if new."""
        for variable in self.state:
            variable.assign(tf.zeros_like(variable))

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor) -> None:
        """Change the variables by one step at learning rate `rate` (scalar float32)."""
        num_steps = tf.cast(self._num_steps.assign_add(1), tf.float32)
        beta_1_power, beta_2_power = tf.pow(BETA_1, num_steps), tf.pow(BETA_2, num_steps)
        moments = zip(self._first_moments, self._second_moments, strict=True)
        for variable, gradient, (first, second) in zip(self._variables, gradients, moments, strict=True):
            tf.raw_ops.ResourceApplyAdam(
                var=variable.handle,
                m=first.handle,
                v=second.handle,
                beta1_power=beta_1_power,
                beta2_power=beta_2_power,
                lr=rate,
                beta1=BETA_1,
                beta2=BETA_2,
                epsilon=EPSILON,
                grad=gradient,
            )

"""Averaged weights: an exponential moving average over the steps of a training."""

from collections.abc import Sequence

import tensorflow as tf


class WeightAverage:
    """Follows variables; often better than where the last step left them, and steadier from epoch to epoch.

    Source: TensorFlow's ExponentialMovingAverage with num_updates, in which the share kept is at most
    (1 + step) / (10 + step), so that the first steps are soon forgotten.
    """

    def __init__(self, variables: Sequence[tf.Variable]) -> None:
        self._variables = list(variables)
        self.state = [tf.Variable(variable, trainable=False) for variable in variables]
        """The averages, in the order of the variables; where these are, at first."""

    def reset(self) -> None:
        """Start anew from where the variables are."""
        for average, variable in zip(self.state, self._variables, strict=True):
            average.assign(variable)

    def follow(self, num_steps: tf.Tensor, decay: tf.Tensor) -> None:
        """Move the averages towards the variables.

        Args:
            num_steps: Of the training so far, this one included, scalar.
            decay: Share of an average that a late step keeps, scalar float32 in [0, 1).
        """
        steps = tf.cast(num_steps, tf.float32)
        replaced = 1 - tf.minimum(decay, (1 + steps) / (10 + steps))
        for average, variable in zip(self.state, self._variables, strict=True):
            if variable.dtype == tf.float32:
                average.assign_sub(replaced * (average - variable))
            else:  # a counter, say, of one's own layer
                average.assign(variable)

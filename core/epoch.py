"""Many training steps as one compiled loop over rows that live on the device."""

import math
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from core.adam import Adam
from core.augment import NUM_COEFFICIENTS, resample
from core.average import WeightAverage
from core.config import TrainConfig
from core.errors import TrainingError
from core.model import PIXEL_SCALE

STEPS_PER_CALL = 32
"""Steps between two looks at the loss and at Ctrl-C: seconds on a CPU, with a call's cost lost among them."""


@dataclass(frozen=True, kw_only=True)
class EpochSums:
    """What an epoch's steps add up to."""

    loss: float
    """Sum of the rows' losses, nats."""
    num_correct: int


@dataclass(frozen=True, kw_only=True)
class TrainSteps:
    """What a step does to a model; compiled once, for any rows, batch size and rates of training."""

    model: keras.Model
    adam: Adam
    """Of the model's trainable variables."""
    average: WeightAverage | None
    """Of all the model's weights; None where they are not averaged."""
    is_augmented: bool
    has_soft_targets: bool = False
    """Whether labels are probabilities of all classes."""

    def compile(self) -> tf.types.experimental.ConcreteFunction:
        """Trace `run` once.

        A concrete function is what comes back: a tf.function would warn of retracing in a process that trains many
        models. Rows are arguments, since what a graph captures lives until Python's cycle collector comes by.
        """
        signature = [
            tf.TensorSpec([None, *self.model.input_shape[1:]], tf.uint8),
            self._labels_spec(),
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([None, NUM_COEFFICIENTS], tf.float32),
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.int32),
        ]
        return tf.function(self.run, signature, autograph=False).get_concrete_function()

    def run(
        self,
        rows: tf.Tensor,  # (num_rows, height, width, channels) uint8
        labels: tf.Tensor,  # (num_rows,) int32, or (num_rows, num_classes) float32 for soft targets
        order: tf.Tensor,  # (num_rows,) int32
        transforms: tf.Tensor,  # (num_rows, 8) float32, in that order; not read without augmentation
        rates: tf.Tensor,  # (num_steps,) float32
        batch_size: tf.Tensor,
        label_smoothing: tf.Tensor,
        ema_decay: tf.Tensor,
        start: tf.Tensor,
        stop: tf.Tensor,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Run the steps from `start` to before `stop`; return the sums of loss and of right answers."""

        def step(i: tf.Tensor, loss: tf.Tensor, num_correct: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            first = i * batch_size
            last = tf.minimum(first + batch_size, tf.shape(order)[0])
            batch_rows = order[first:last]
            batch_labels = tf.gather(labels, batch_rows)
            images = tf.cast(tf.gather(rows, batch_rows), tf.float32) * PIXEL_SCALE
            if self.is_augmented:
                images = resample(images, transforms[first:last])
            losses, logits = self._learn(images, batch_labels, label_smoothing, rates[i])
            if self.average is not None:
                self.average.follow(self.adam.num_steps.read_value(), ema_decay)
            hits = tf.argmax(logits, axis=1, output_type=tf.int32) == _classes(batch_labels)
            return i + 1, loss + tf.reduce_sum(losses), num_correct + tf.math.count_nonzero(hits, dtype=tf.int32)

        state = (start, tf.constant(0.0), tf.constant(0))
        _, loss, num_correct = tf.while_loop(lambda i, *_: i < stop, step, state)
        return loss, num_correct

    def _labels_spec(self) -> tf.TensorSpec:
        """Return what labels are."""
        return tf.TensorSpec(
            [None, self.model.output_shape[-1]] if self.has_soft_targets else [None],
            tf.float32 if self.has_soft_targets else tf.int32,
        )

    def _learn(
        self, images: tf.Tensor, labels: tf.Tensor, label_smoothing: tf.Tensor, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Take one step of Adam on the mean loss and the model's own; return the rows' losses (b,), logits (b, c)."""
        with tf.GradientTape() as tape:
            logits = self.model(images, training=True)
            losses = smoothed_cross_entropy(labels, logits, label_smoothing)
            loss = tf.reduce_mean(losses)
            for regularizer_loss in self.model.losses:  # of one's own model; ours has none
                loss += tf.cast(regularizer_loss, tf.float32)
        variables = [variable.value for variable in self.model.trainable_variables]
        gradients = tape.gradient(loss, variables, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        self.adam.apply([tf.convert_to_tensor(gradient) for gradient in gradients], rate)
        return losses, logits


class TrainLoop:
    """Runs compiled steps over rows kept as bytes on the device.

    Args:
        run_steps: Of `TrainSteps.compile`.
        rows: (num_rows, height, width, channels) uint8.
        labels: (num_rows,) int32, or (num_rows, num_classes) float32 for steps of soft targets.
        config: Batch size, label smoothing and the averaging's decay.
    """

    def __init__(
        self,
        run_steps: tf.types.experimental.ConcreteFunction,
        rows: np.ndarray | tf.Tensor,
        labels: np.ndarray | tf.Tensor,
        config: TrainConfig,
    ) -> None:
        self.num_steps = math.ceil(len(rows) / config.batch_size)  # the last step takes what is left
        self._rows = tf.convert_to_tensor(rows)
        self._labels = tf.convert_to_tensor(labels, tf.int32 if len(labels.shape) == 1 else tf.float32)
        self._run_steps = run_steps
        self._numbers = (
            tf.constant(config.batch_size),
            tf.constant(config.label_smoothing),
            tf.constant(config.ema_decay),
        )

    def run_epoch(
        self,
        order: np.ndarray,  # (num_rows,) int32, a permutation of the rows
        transforms: tf.Tensor | None,  # (num_rows, 8) float32, in that order; None without augmentation
        rates: np.ndarray,  # (num_steps,) float32, learning rates
    ) -> EpochSums:
        """Take every row once, changing the model's weights.

        Raises:
            TrainingError: the loss is no longer finite.
        """
        if transforms is None:
            transforms = tf.zeros((0, NUM_COEFFICIENTS))
        inputs = (self._rows, self._labels, tf.constant(order), transforms, tf.constant(rates), *self._numbers)
        loss, num_correct = 0.0, 0
        for start in range(0, self.num_steps, STEPS_PER_CALL):
            stop = min(start + STEPS_PER_CALL, self.num_steps)
            losses, hits = self._run_steps(*inputs, tf.constant(start), tf.constant(stop))
            loss += float(losses)
            num_correct += int(hits)
            if not math.isfinite(loss):
                raise TrainingError(f"the training loss must be finite, got {loss} by step {stop}")
        return EpochSums(loss=loss, num_correct=num_correct)


def smoothed_cross_entropy(
    labels: tf.Tensor,  # (n,) int32, or (n, num_classes) float32 for soft targets
    logits: tf.Tensor,  # (n, num_classes) float32
    smoothing: tf.Tensor | float,  # in [0, 1)
) -> tf.Tensor:
    """Return (n,) float32: cross-entropy to a target of (1 - smoothing) on the true class + smoothing on all alike.

    A soft target takes the true class's place.

    Source: keras.losses.CategoricalCrossentropy(label_smoothing), without the one-hot targets.
    """
    if labels.shape.rank == 1:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    else:
        losses = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
    to_uniform = tf.reduce_logsumexp(logits, axis=1) - tf.reduce_mean(logits, axis=1)
    return (1 - smoothing) * losses + smoothing * to_uniform


def _classes(labels: tf.Tensor) -> tf.Tensor:
    """Return class indices (n,) int32; a soft target's is its most probable one."""
    return labels if labels.shape.rank == 1 else tf.argmax(labels, axis=1, output_type=tf.int32)

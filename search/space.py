"""The default search space: what the sampler may choose, as an Optuna define-by-run function, and its way back.

Knobs are independent of each other; rates and widths are searched on a log scale or in even steps of vector
width. Each range has its reason beside it. `params_of` is the inverse, with which a known configuration competes.
"""

import dataclasses
import math
from typing import Any, cast

from optuna.trial import BaseTrial

from core.config import AugmentConfig, Config, ModelConfig, Schedule, TrainConfig

# 16 to 64 filters before the first pooling: below it digits lose strokes, above it the cost grows and errors do
# not fall; steps of 16 fill the processor's vectors.
FILTERS_1 = (16, 64, 16)
# twice the first block's, as pooling leaves a quarter of the pixels.
FILTERS_2 = (32, 128, 32)
# 5 sees a stroke's width and its edge at 28 pixels; 7 belongs to nets without a second convolution.
KERNEL_SIZES = (3, 5)
# the notebook has 0.25; beyond 0.5 a net of this size underfits in tens of epochs.
BLOCK_DROPOUT = (0.0, 0.5)
# the dense layers hold most weights; the notebook has 256.
DENSE_UNITS_1 = (64, 512)
# none, or a bottleneck as the notebook's 32.
DENSE_UNITS_2 = (0, 32, 64, 128)
# powers of two: from noisy and slow to 512, past which an epoch has too few steps.
LOG2_BATCH_SIZE = (5, 9)
MIN_STEPS_PER_EPOCH = 4
# Adam's usual decade on both sides of the notebook's 1e-3, a little less upwards, where nets of ReLUs die.
LEARNING_RATE = (3e-4, 5e-3)
SCHEDULES = ("plateau", "cosine")
# beyond 20 degrees a 7 becomes a 1, beyond a fifth of the size strokes leave the picture.
ROTATION_DEGREES = (0.0, 20.0)
ZOOM = (0.0, 0.2)
SHIFT = (0.0, 0.2)
# trials rank by log-loss, which smoothing s keeps above -ln(1 - s): a net with 0.06 had 47 errors of 8,400 at 0.072,
# one without 44 at 0.021.
LABEL_SMOOTHING = (0.0, 0.02)


def suggest_config(trial: BaseTrial, base: Config, num_train_rows: int) -> Config:
    """Draw a configuration.

    Args:
        trial: the Optuna trial that is asked for each knob.
        base: what the space leaves as it is; its augmentation is searched only where it has one.
        num_train_rows: rows that a training sees; bounds the batch size.

    Returns:
        `base` with the knobs' values.
    """
    augments = not base.augment.is_identity
    return dataclasses.replace(
        base,
        model=_suggest_model(trial, base.model),
        train=_suggest_train(trial, base.train, num_train_rows),
        augment=_suggest_augment(trial) if augments else base.augment,
    )


def params_of(config: Config, num_train_rows: int) -> dict[str, Any]:
    """Return the knobs' values that make `suggest_config` give `config`, to enqueue a known one.

    A batch that is too large for so few rows becomes the largest that the space has.
    """
    model, train, augment = config.model, config.train, config.augment
    params: dict[str, Any] = {
        "filters_1": model.filters[0],
        "filters_2": model.filters[1],
        "kernel_size": model.kernel_size,
        "block_dropout": model.block_dropout,
        "dense_units_1": model.dense_units[0],
        "dense_units_2": model.dense_units[1] if len(model.dense_units) > 1 else 0,
        "log2_batch_size": min(round(math.log2(train.batch_size)), _log2_batch_sizes(num_train_rows)[1]),
        "learning_rate": train.learning_rate,
        "schedule": train.schedule,
        "label_smoothing": train.label_smoothing,
    }
    if not augment.is_identity:
        params |= dataclasses.asdict(augment)
    return params


def _suggest_model(trial: BaseTrial, base: ModelConfig) -> ModelConfig:
    """Draw the architecture: two blocks and one or two dense layers."""
    low_1, high_1, step_1 = FILTERS_1
    low_2, high_2, step_2 = FILTERS_2
    filters = (
        trial.suggest_int("filters_1", low_1, high_1, step=step_1),
        trial.suggest_int("filters_2", low_2, high_2, step=step_2),
    )
    kernel_size = trial.suggest_categorical("kernel_size", KERNEL_SIZES)
    block_dropout = trial.suggest_float("block_dropout", *BLOCK_DROPOUT)
    units_1 = trial.suggest_int("dense_units_1", *DENSE_UNITS_1, log=True)
    units_2 = trial.suggest_categorical("dense_units_2", DENSE_UNITS_2)
    return dataclasses.replace(
        base,
        filters=filters,
        kernel_size=kernel_size,
        block_dropout=block_dropout,
        dense_units=(units_1, units_2) if units_2 else (units_1,),
    )


def _suggest_train(trial: BaseTrial, base: TrainConfig, num_train_rows: int) -> TrainConfig:
    """Draw batch size, rate, schedule and smoothing."""
    return dataclasses.replace(
        base,
        batch_size=2 ** trial.suggest_int("log2_batch_size", *_log2_batch_sizes(num_train_rows)),
        learning_rate=trial.suggest_float("learning_rate", *LEARNING_RATE, log=True),
        schedule=cast(Schedule, trial.suggest_categorical("schedule", SCHEDULES)),
        label_smoothing=trial.suggest_float("label_smoothing", *LABEL_SMOOTHING),
    )


def _suggest_augment(trial: BaseTrial) -> AugmentConfig:
    """Draw the ranges of the random affine."""
    return AugmentConfig(
        rotation_degrees=trial.suggest_float("rotation_degrees", *ROTATION_DEGREES),
        zoom=trial.suggest_float("zoom", *ZOOM),
        width_shift=trial.suggest_float("width_shift", *SHIFT),
        height_shift=trial.suggest_float("height_shift", *SHIFT),
    )


def _log2_batch_sizes(num_train_rows: int) -> tuple[int, int]:
    """Return the least and largest exponent of the batch size for so many rows."""
    low, high = LOG2_BATCH_SIZE
    most = max(int(math.log2(num_train_rows / MIN_STEPS_PER_EPOCH)), 0)
    return min(low, most), min(high, most)

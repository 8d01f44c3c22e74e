"""The default search space: what the sampler may choose, as an Optuna define-by-run function, and its way back.

Rates and widths are searched on a log scale or in even steps of vector width, and each range has its reason beside it.
`params_of` is the inverse, with which a known configuration competes.

A knob is asked only where it does something (the third block's where there is one, the warm-up's where there is a
cosine), so that a trial's recorded knobs are what it is, and a known configuration needs no made-up ones. And a
block's kernel and convolutions are drawn last, from what the budget leaves: all of the space is affordable, without
a rule that would change what was drawn. TPE models those of the knobs jointly that all trials have alike (depth,
widths, rates, norm, augmentation), and each of the others by itself, over the trials that have it. That needs neither
its experimental `group` nor any memory, so that a resumed search goes on as if it had never stopped.
"""

import dataclasses
import math
from typing import Any, cast, get_args

from optuna.trial import BaseTrial

from core.config import AugmentConfig, BatchNorm, Config, ModelConfig, Schedule, TrainConfig
from search.cost import forward_mflops

# a forward pass costs at most so many times the notebook's: more, and 12 trials on two cores fill an evening.
MOST_TIMES_NOTEBOOK = 3
# the notebook's 2 or one more; at 28 pixels a fourth would see an image of 3.
NUM_BLOCKS = (2, 3)
# one row a block. The first: below 16 digits lose strokes, above 64 the cost grows and errors do not fall. Each
# further one about twice that, as pooling leaves a quarter of the pixels. Steps of 16 fill the processor's vectors.
FILTERS = ((16, 64, 16), (32, 128, 16), (64, 192, 16))
# 3 sees an edge, 5 a stroke's width and its edges, 7 a corner (at 28 pixels); odd.
KERNEL_SIZES = (3, 5, 7)
# the notebook has 2; a third one in each block is VGG's deepest.
CONVS = (1, 2, 3)
# with a norm, rates may be several times higher; without is the notebook's.
BATCH_NORMS = get_args(BatchNorm)
# ReLU, the notebook's 0.3, and a usual one between.
LEAKY_RELU_SLOPES = (0.0, 0.1, 0.3)
# the notebook has 0.25; beyond 0.5 a net of this size underfits in tens of epochs.
BLOCK_DROPOUT = (0.0, 0.5)
# none, the notebook's 2, or one between.
DENSE_LAYERS = (0, 2)
# the first holds most weights: the notebook has 256; the second is a bottleneck as the notebook's 32.
DENSE_UNITS = ((64, 512), (16, 128))
# as the blocks'; the notebook has none.
DENSE_DROPOUT = (0.0, 0.5)
# powers of two: from noisy and slow to 512, past which an epoch has too few steps.
LOG2_BATCH_SIZE = (5, 9)
MIN_STEPS_PER_EPOCH = 4
# Adam's usual decade on both sides of the notebook's 1e-3: below, tens of epochs do not suffice; nets without a norm
# die near the upper end, those with one learn fastest there.
LEARNING_RATE = (3e-4, 1e-2)
SCHEDULES = get_args(Schedule)
# a third of the training at most: what is left has to bring the rate down.
WARMUP_FRACTION = (0.0, 0.3)
# 1 - decay: the average goes over the last 10 steps (about none) to the last 1,000 (8 epochs of 33,600 rows).
EMA_RATE = (1e-3, 1e-1)
# beyond 20 degrees a 7 becomes a 1, beyond a fifth of the size strokes leave the picture.
ROTATION_DEGREES = (0.0, 20.0)
ZOOM = (0.0, 0.2)
SHIFT = (0.0, 0.2)
# trials rank by log-loss, which smoothing s keeps above -ln(1 - s): a net with 0.06 had 47 errors of 8,400 at 0.072,
# one without 44 at 0.021.
LABEL_SMOOTHING = (0.0, 0.02)


def suggest_config(trial: BaseTrial, base: Config, *, image_shape: tuple[int, int, int], num_train_rows: int) -> Config:
    """Draw a configuration.

    Args:
        trial: the Optuna trial that is asked for each knob.
        base: what the space leaves as it is; its augmentation is searched only where it has one.
        image_shape: height, width, channels in pixels; bounds the blocks.
        num_train_rows: rows that a training sees; bounds the batch size.

    Returns:
        `base` with the knobs' values. It fits the images and the rows wherever `base` does.
    """
    augments = not base.augment.is_identity
    return dataclasses.replace(
        base,
        model=_suggest_model(trial, base.model, image_shape),
        train=_suggest_train(trial, base.train, num_train_rows),
        augment=_suggest_augment(trial) if augments else base.augment,
    )


def params_of(config: Config, base: Config, *, num_train_rows: int) -> dict[str, Any]:
    """Return the knobs' values that make `suggest_config` give `config`, to enqueue a known one.

    A batch that is too large for so few rows becomes the largest that the space has. What is no knob (epochs,
    precision, views) will be `base`'s.
    """
    model, train = config.model, config.train
    params: dict[str, Any] = {"num_blocks": len(model.filters)}
    for block, filters in enumerate(model.filters, start=1):
        params[f"filters_{block}"] = filters
        params[f"kernel_size_{block}"] = model.kernel_sizes[block - 1]
        params[f"convs_{block}"] = model.convs_per_block[block - 1]
    params |= {
        "batch_norm": model.batch_norm,
        "leaky_relu_slope": model.leaky_relu_slope,
        "block_dropout": model.block_dropout,
        "dense_layers": len(model.dense_units),
        **{f"dense_units_{layer}": units for layer, units in enumerate(model.dense_units, start=1)},
        "log2_batch_size": min(round(math.log2(train.batch_size)), _log2_batch_sizes(num_train_rows)[1]),
        "learning_rate": train.learning_rate,
        "schedule": train.schedule,
        "label_smoothing": train.label_smoothing,
        "ema": train.ema_decay > 0,
    }
    if model.dense_units:
        params["dense_dropout"] = model.dense_dropout
    if train.schedule == "cosine":
        params["warmup_fraction"] = train.warmup_fraction
    if train.ema_decay > 0:
        params["ema_rate"] = 1 - train.ema_decay
    return params if base.augment.is_identity else params | dataclasses.asdict(config.augment)


def most_blocks(pool_size: int, image_shape: tuple[int, int, int]) -> int:
    """Return the most blocks of the space that the images survive."""
    return max(n for n in range(NUM_BLOCKS[1] + 1) if pool_size**n <= min(image_shape[:2]))


def _suggest_model(trial: BaseTrial, base: ModelConfig, image_shape: tuple[int, int, int]) -> ModelConfig:
    """Draw the architecture: blocks, dense layers, and last the convolutions that the budget allows."""
    most = max(most_blocks(base.pool_size, image_shape), 1)  # one's own model may take images that no pool does
    num_blocks = trial.suggest_int("num_blocks", min(NUM_BLOCKS[0], most), most)
    filters = tuple(
        trial.suggest_int(f"filters_{block}", low, high, step=step)
        for block, (low, high, step) in enumerate(FILTERS[:num_blocks], start=1)
    )
    num_layers = trial.suggest_int("dense_layers", *DENSE_LAYERS)
    dense_units = tuple(
        trial.suggest_int(f"dense_units_{layer}", *limits, log=True)
        for layer, limits in enumerate(DENSE_UNITS[:num_layers], start=1)
    )
    model = dataclasses.replace(
        base,
        filters=filters,
        convs_per_block=(CONVS[0],) * num_blocks,
        kernel_sizes=(KERNEL_SIZES[0],) * num_blocks,
        batch_norm=cast(BatchNorm, trial.suggest_categorical("batch_norm", BATCH_NORMS)),
        leaky_relu_slope=trial.suggest_categorical("leaky_relu_slope", LEAKY_RELU_SLOPES),
        block_dropout=trial.suggest_float("block_dropout", *BLOCK_DROPOUT),
        dense_units=dense_units,
        dense_dropout=trial.suggest_float("dense_dropout", *DENSE_DROPOUT) if dense_units else 0.0,
    )
    return _suggest_convs(trial, model, image_shape)


def _suggest_convs(trial: BaseTrial, model: ModelConfig, image_shape: tuple[int, int, int]) -> ModelConfig:
    """Draw each block's kernel and number of convolutions, from the first block on; `model` has the least of both."""
    budget = MOST_TIMES_NOTEBOOK * forward_mflops(ModelConfig(), image_shape)
    knobs = (("kernel_size", "kernel_sizes", KERNEL_SIZES), ("convs", "convs_per_block", CONVS))
    for block in range(len(model.filters)):
        for name, field, (low, middle, high) in knobs:
            models = {number: _with_number(model, field, block, number) for number in (low, middle, high)}
            costs = {number: forward_mflops(models[number], image_shape) for number in models}
            most = max((number for number in costs if costs[number] <= budget), default=low)
            model = models[trial.suggest_int(f"{name}_{block + 1}", low, most, step=middle - low)]
    return model


def _with_number(model: ModelConfig, field: str, block: int, number: int) -> ModelConfig:
    """Return `model` with another number at `block` (from 0) of a field that has one a block."""
    numbers = list(getattr(model, field))
    numbers[block] = number
    changes: dict[str, Any] = {field: tuple(numbers)}
    return dataclasses.replace(model, **changes)


def _suggest_train(trial: BaseTrial, base: TrainConfig, num_train_rows: int) -> TrainConfig:
    """Draw batch size, rate, schedule, smoothing and averaging."""
    schedule = cast(Schedule, trial.suggest_categorical("schedule", SCHEDULES))
    averages = trial.suggest_categorical("ema", (False, True))
    return dataclasses.replace(
        base,
        batch_size=2 ** trial.suggest_int("log2_batch_size", *_log2_batch_sizes(num_train_rows)),
        learning_rate=trial.suggest_float("learning_rate", *LEARNING_RATE, log=True),
        schedule=schedule,
        # the plateau has no warm-up: its configurations all say the same
        warmup_fraction=(
            trial.suggest_float("warmup_fraction", *WARMUP_FRACTION)
            if schedule == "cosine"
            else TrainConfig.warmup_fraction
        ),
        label_smoothing=trial.suggest_float("label_smoothing", *LABEL_SMOOTHING),
        ema_decay=1 - trial.suggest_float("ema_rate", *EMA_RATE, log=True) if averages else 0.0,
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

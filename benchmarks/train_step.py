"""Training steps of the notebook's CNN against Keras's `model.fit`: `uv run -m benchmarks.train_step`."""

import math
from collections.abc import Callable

import numpy as np

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, run_benchmark
from benchmarks.rounds import Comparison, Contender, timed
from benchmarks.settings import BenchmarkSettings, find_data
from core.cli import run_command
from core.config import Precision, notebook_config
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.precision import resolve_precision

DESCRIPTION = "Time training steps of the notebook's CNN, ours against Keras's own loop and layers in float32."
NUM_ROWS = 10_240
"""Train rows a round: 40 steps, so that a full run takes about two minutes on two cores."""


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    dataset = load_dataset(find_data(settings))
    device = prepare_device()
    num_rows = min(settings.size(full=NUM_ROWS, quick=512), len(dataset.x_train))
    batch_size = notebook_config().train.batch_size
    chosen = resolve_precision("auto")
    fast, same, baseline = f"ours, auto ({chosen})", "ours, float32", "Keras fit, float32"
    benchmark = Benchmark(
        name="train_step",
        contenders=(
            Contender(name=fast, measure=timed(our_epoch(dataset, num_rows, "auto"))),
            Contender(name=baseline, measure=timed(keras_epoch(dataset, num_rows, batch_size))),
            Contender(name=same, measure=timed(our_epoch(dataset, num_rows, "float32"))),
        ),
        comparisons=(
            Comparison(key="keras_float32", ours=fast, baseline=baseline),
            Comparison(key="float32", ours=same, baseline=baseline),
        ),
        num_images=num_rows,
        num_steps=math.ceil(num_rows / batch_size),
        notes=(
            device,
            f"a round is one epoch over {num_rows:,} of the {len(dataset.x_train):,} train rows, batch {batch_size}; "
            "augmentation is off in all",
            "ours scales bytes to [0, 1] in the step; Keras is given float32 images, scaled before the clock starts",
        ),
    )
    run_benchmark(benchmark, settings)


def our_epoch(dataset: Dataset, num_rows: int, precision: Precision) -> Callable[[], object]:
    """Return an epoch over the first `num_rows` rows as `core.train` runs it."""
    from core.adam import Adam  # tensorflow loads here, after `prepare_device`
    from core.epoch import TrainLoop, TrainSteps
    from core.model import build_model

    config = notebook_config()
    model = build_model(
        config.model,
        image_shape=dataset.image_shape,
        num_classes=dataset.num_classes,
        precision=resolve_precision(precision),
        seed=0,
    )
    steps = TrainSteps(
        model=model,
        adam=Adam([variable.value for variable in model.trainable_variables]),
        batch_size=config.train.batch_size,
        label_smoothing=config.train.label_smoothing,
        is_augmented=False,
    )
    loop = TrainLoop(steps, dataset.x_train[:num_rows], dataset.labels[:num_rows])
    rates = np.full(loop.num_steps, config.train.learning_rate, np.float32)
    generator = np.random.default_rng(0)
    return lambda: loop.run_epoch(generator.permutation(num_rows).astype(np.int32), None, rates)


def keras_epoch(dataset: Dataset, num_rows: int, batch_size: int) -> Callable[[], object]:
    """Return an epoch over the same rows by `model.fit`, which shuffles them too."""
    from benchmarks.notebook import notebook_cnn

    model = notebook_cnn(dataset.image_shape, dataset.num_classes)
    images = dataset.x_train[:num_rows].astype(np.float32) / 255
    labels = dataset.labels[:num_rows]
    return lambda: model.fit(images, labels, batch_size=batch_size, epochs=1, verbose=0)


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.train_step", description=DESCRIPTION)

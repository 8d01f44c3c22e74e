"""Prediction by the notebook's CNN against Keras's `model.predict`: `uv run -m benchmarks.predict`."""

from collections.abc import Callable

import numpy as np

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, run_benchmark
from benchmarks.rounds import Comparison, Contender, timed
from benchmarks.settings import BenchmarkSettings, find_data
from core.cli import run_command
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.precision import resolve_precision

DESCRIPTION = "Time the softmax of 28,000 images by the notebook's CNN, ours against Keras's predict in float32."
NUM_ROWS = 28_000
"""Images a round: as many as Kaggle's test.csv has."""


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    dataset = load_dataset(find_data(settings))
    device = prepare_device()
    from core.predict import BATCH_SIZE

    rows = np.concatenate([dataset.x_test, dataset.x_train])[: settings.size(full=NUM_ROWS, quick=1_000)]
    ours, baseline = f"ours, auto ({resolve_precision('auto')})", "Keras predict, float32"
    benchmark = Benchmark(
        name="predict",
        contenders=(
            Contender(name=ours, measure=timed(our_prediction(dataset, rows))),
            Contender(name=baseline, measure=timed(keras_prediction(dataset, rows, BATCH_SIZE))),
        ),
        comparisons=(Comparison(key="keras_float32", ours=ours, baseline=baseline),),
        num_images=len(rows),
        notes=(
            device,
            f"both predict in batches of {BATCH_SIZE}",
            "ours is given bytes; Keras is given float32 images, scaled before the clock starts",
        ),
    )
    run_benchmark(benchmark, settings)


def our_prediction(
    dataset: Dataset,
    rows: np.ndarray,  # (num_rows, height, width, channels) uint8
) -> Callable[[], object]:
    """Return a prediction of the rows as `core.train` makes it."""
    from benchmarks.graphs import notebook_graph

    predictor = notebook_graph(dataset, "auto", is_augmented=False).predictor
    return lambda: predictor.softmax(rows)


def keras_prediction(
    dataset: Dataset,
    rows: np.ndarray,  # (num_rows, height, width, channels) uint8
    batch_size: int,
) -> Callable[[], object]:
    """Return a prediction of the same rows by `model.predict`."""
    from benchmarks.notebook import notebook_cnn

    model = notebook_cnn(dataset.image_shape, dataset.num_classes)
    images = rows.astype(np.float32) / 255
    return lambda: model.predict(images, batch_size=batch_size, verbose=0)


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.predict", description=DESCRIPTION)

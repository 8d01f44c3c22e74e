"""Training steps of the notebook's CNN against Keras's `model.fit`: `uv run -m benchmarks.train_step`."""

import math
from collections.abc import Callable

import numpy as np

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, Finding, Found, run_benchmark
from benchmarks.rounds import Comparison, Contender, median_seconds, timed
from benchmarks.settings import BenchmarkSettings, find_data
from core.cli import run_command
from core.config import Precision, notebook_config
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.precision import resolve_precision

DESCRIPTION = "Time training steps of the notebook's CNN, ours against Keras's own loop and layers in float32."
NUM_ROWS = 5_120
"""Train rows a round: 20 steps, 1 to 3 s a contender on two cores, so that a slow phase of the machine hits all."""
NUM_ROUNDS = 15


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    dataset = load_dataset(find_data(settings))
    device = prepare_device()
    num_rows = min(settings.size(full=NUM_ROWS, quick=512), len(dataset.x_train))
    batch_size = notebook_config().train.batch_size
    num_steps = math.ceil(num_rows / batch_size)
    chosen = resolve_precision("auto")
    fast, same = f"ours, auto ({chosen})", "ours, float32"
    baseline, on_batch = "Keras fit, float32", "Keras train_on_batch, float32"
    alone = f"its convolutions alone, {chosen}"
    benchmark = Benchmark(
        name="train_step",
        contenders=(
            Contender(name=fast, measure=timed(our_epoch(dataset, num_rows, "auto"))),
            Contender(name=baseline, measure=timed(keras_epoch(dataset, num_rows, batch_size))),
            Contender(name=on_batch, measure=timed(keras_batches(dataset, num_rows, batch_size))),
            Contender(name=same, measure=timed(our_epoch(dataset, num_rows, "float32"))),
            Contender(name=alone, measure=timed(convolutions(dataset, batch_size, num_steps))),
        ),
        comparisons=(
            Comparison(key="keras_float32", ours=fast, baseline=baseline),
            Comparison(key="keras_on_batch", ours=fast, baseline=on_batch),
            Comparison(key="float32", ours=same, baseline=on_batch),
        ),
        num_images=num_rows,
        num_steps=num_steps,
        num_rounds=NUM_ROUNDS,
        find=lambda found: [convolution_share(found, ours=fast, alone=alone, num_steps=num_steps)],
        notes=(
            device,
            f"a round is one epoch over {num_rows:,} of the {len(dataset.x_train):,} train rows, batch {batch_size}; "
            "augmentation is off in all",
            "ours scales bytes to [0, 1] in the step; Keras is given float32 images, scaled before the clock starts",
            "fit is at times twice as slow as at others (see benchmarks/README.md); train_on_batch, over batches "
            "that are cut and shuffled before the clock starts, was not seen to be",
            "the convolutions alone: forward, filter gradient and (but for the first) input gradient, no bias, "
            f"batch {batch_size}",
        ),
    )
    run_benchmark(benchmark, settings)


def our_epoch(dataset: Dataset, num_rows: int, precision: Precision) -> Callable[[], object]:
    """Return an epoch over the first `num_rows` rows as `core.train` runs it."""
    from benchmarks.graphs import notebook_graph  # tensorflow loads here, after `prepare_device`
    from core.epoch import TrainLoop

    config = notebook_config()
    graph = notebook_graph(dataset, precision, is_augmented=False)
    loop = TrainLoop(graph.run_steps, dataset.x_train[:num_rows], dataset.labels[:num_rows], config.train)
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


def keras_batches(dataset: Dataset, num_rows: int, batch_size: int) -> Callable[[], object]:
    """Return the same epoch as a loop over `model.train_on_batch`."""
    from benchmarks.notebook import notebook_cnn

    model = notebook_cnn(dataset.image_shape, dataset.num_classes)
    order = np.random.default_rng(0).permutation(num_rows)
    batches = [
        (dataset.x_train[rows].astype(np.float32) / 255, dataset.labels[rows])
        for rows in np.array_split(order, range(batch_size, num_rows, batch_size))
    ]
    return lambda: [model.train_on_batch(images, labels) for images, labels in batches]


def convolutions(dataset: Dataset, batch_size: int, num_steps: int) -> Callable[[], object]:
    """Return so many steps of the network's convolutions and their gradients, and of nothing else."""
    import keras
    import tensorflow as tf

    from benchmarks.graphs import notebook_graph

    model = notebook_graph(dataset, "auto", is_augmented=False).model
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    dtype = layers[0].compute_dtype
    tensors = [
        tuple(
            tf.cast(tf.random.normal(shape), dtype)
            for shape in (
                (batch_size, *layer.input.shape[1:]),
                layer.kernel.shape,
                (batch_size, *layer.output.shape[1:]),
            )
        )
        for layer in layers
    ]

    @tf.function(autograph=False)
    def step(tensors: list[tuple[tf.Tensor, tf.Tensor, tf.Tensor]]) -> list[tf.Tensor]:
        results, padding = [], {"strides": [1, 1, 1, 1], "padding": "SAME"}
        for number, (inputs, kernel, upstream) in enumerate(tensors):
            results.append(tf.raw_ops.Conv2D(input=inputs, filter=kernel, **padding))
            results.append(
                tf.raw_ops.Conv2DBackpropFilter(
                    input=inputs, filter_sizes=kernel.shape, out_backprop=upstream, **padding
                )
            )
            if number > 0:  # nobody asks for the images' gradient
                results.append(
                    tf.raw_ops.Conv2DBackpropInput(
                        input_sizes=inputs.shape, filter=kernel, out_backprop=upstream, **padding
                    )
                )
        return results

    def steps() -> None:
        for _ in range(num_steps):
            results = step(tensors)
        for result in results:  # on a GPU, until it is done
            result[..., :1].numpy()

    return steps


def convolution_share(found: Found, *, ours: str, alone: str, num_steps: int) -> Finding:
    """Return which share of our step the convolutions would take if nothing else were done."""
    step, bound = (1000 * median_seconds(found[name]) / num_steps for name in (ours, alone))
    return Finding(
        key="convolution_share",
        value=bound / step,
        words=f"convolutions alone take {bound:.1f} ms of our {step:.1f} ms a step: {bound / step:.0%}",
    )


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.train_step", description=DESCRIPTION)

"""Trial after trial in one process against a fresh process for each: `uv run -m benchmarks.many_trials`."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.device import prepare_device
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import ROOT, BenchmarkSettings, find_data
from core.cli import run_command
from core.config import Config, notebook_config
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.limits import with_batch_that_fits

DESCRIPTION = "Time what a trial costs besides its epochs, and watch the memory over many trials of different shapes."
NUM_TRAIN = 256
"""Train rows where time is measured: one step of the notebook's batch, as the epochs are not what is measured."""
NUM_TRAIN_OF_SHAPES = 2_048
"""Train rows where memory is: some steps of the largest batch that a search draws."""
NUM_SHAPES = 50
SETTLED_AFTER = 5
"""Trials after which the memory is to stay where it is."""
NUM_REPEATED = 5
"""Trials of one shape, one after the other, that are counted and timed."""


def main(settings: BenchmarkSettings) -> None:
    """Run the benchmark."""
    data = find_data(settings)
    dataset = load_dataset(data)
    data = str(Path(data).expanduser().resolve())  # the fresh processes run elsewhere
    device = prepare_device()
    num_train = settings.size(full=NUM_TRAIN, quick=128)
    num_train_of_shapes = settings.size(full=NUM_TRAIN_OF_SHAPES, quick=128)
    num_shapes = settings.size(full=NUM_SHAPES, quick=SETTLED_AFTER + 1)
    warm, fresh = "ours, a trial in the warm process", "a fresh process for each trial"
    benchmark = Benchmark(
        name="many_trials",
        contenders=(
            Contender(name=warm, measure=warm_trial(dataset, num_train)),
            Contender(name=fresh, measure=lambda: fresh_trial(data, num_train)),
        ),
        comparisons=(Comparison(key="fresh_process_cost", ours=warm, baseline=fresh),),
        find=lambda _: [*repeated_shape(dataset, num_train), *memory_growth(dataset, num_train_of_shapes, num_shapes)],
        notes=(
            device,
            f"a trial is three epochs of the notebook's CNN over {num_train:,} train rows, a quarter as many scored "
            "after each; its fixed cost is all of its time but three times its shortest epoch",
            "the fresh process: Python, imports, data from the cache, network, tracing, first step, and its end; "
            "the warm one: taking the graph of the shape, weights, first step",
        ),
    )
    run_benchmark(benchmark, settings)


def warm_trial(dataset: Dataset, num_train: int) -> Callable[[], Measurement]:
    """Return a trial in this process, whose fixed cost is measured."""
    from benchmarks.trials import few_rows, run_trial

    split = few_rows(dataset, num_train)
    config = with_batch_that_fits(notebook_config(), len(split.train_rows))
    return lambda: Measurement(seconds=run_trial(config, dataset, split, seed=0).fixed)


def fresh_trial(data: str, num_train: int) -> Measurement:
    """Run the same trial in a process of its own, whose fixed cost is measured."""
    from benchmarks.trials import NUM_EPOCHS

    command = [sys.executable, "-m", "benchmarks.one_trial", data, str(num_train)]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    total = time.perf_counter() - started
    return Measurement(seconds=total - NUM_EPOCHS * float(done.stdout.splitlines()[-1]))


def repeated_shape(dataset: Dataset, num_train: int) -> list[Finding]:
    """Train a shape again and again: when its second trial's first step is done, and whether anything is traced."""
    from benchmarks.trials import few_rows, run_trial, traced_functions

    split = few_rows(dataset, num_train)
    config = with_batch_that_fits(notebook_config(), len(split.train_rows))
    run_trial(config, dataset, split, seed=0)
    before = traced_functions()
    costs = [run_trial(config, dataset, split, seed=seed) for seed in range(NUM_REPEATED)]
    num_traced = len(traced_functions() - before)
    seconds = median(cost.to_first_step for cost in costs)
    return [
        Finding(
            key="seconds_to_first_step",
            value=seconds,
            words=f"{seconds:.3f} s from the construction of a trainer to the end of its first epoch, of one step; "
            f"median of {NUM_REPEATED} trials of a shape that was trained before",
        ),
        Finding(key="retraced", value=num_traced, words=f"{num_traced} functions traced in those trials"),
    ]


def memory_growth(dataset: Dataset, num_train: int, num_shapes: int) -> list[Finding]:
    """Train trials of different shapes, as a search draws them; watch the resident memory, where the system says it."""
    from benchmarks.trials import few_rows, resident_megabytes, run_trial

    split = few_rows(dataset, num_train)
    megabytes = []
    for seed, config in enumerate(different_shapes(dataset, num_train, num_shapes)):
        run_trial(with_batch_that_fits(config, len(split.train_rows)), dataset, split, seed=seed)
        resident = resident_megabytes()
        if resident is None:
            return []
        megabytes.append(resident)
    settled, most = megabytes[SETTLED_AFTER - 1], max(megabytes[SETTLED_AFTER:])
    return [
        Finding(
            key="memory_growth",
            value=most / settled - 1,
            words=f"{settled:.0f} MB resident after {SETTLED_AFTER} different shapes, "
            f"{most:.0f} MB at most until {num_shapes}: {most / settled - 1:+.1%}",
        )
    ]


def different_shapes(dataset: Dataset, num_train: int, num_shapes: int) -> list[Config]:
    """Return configurations drawn at random from the default search space, no two of one shape."""
    import optuna

    from core.graph import GraphShape, shape_of
    from search.space import suggest_config

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    shapes: set[GraphShape] = set()
    configs: list[Config] = []
    while len(configs) < num_shapes:
        config = suggest_config(
            study.ask(), notebook_config(), image_shape=dataset.image_shape, num_train_rows=num_train
        )
        shape = shape_of(
            config, image_shape=dataset.image_shape, num_classes=dataset.num_classes, precision=config.precision
        )
        if shape not in shapes:
            shapes.add(shape)
            configs.append(config)
    return configs


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.many_trials", description=DESCRIPTION)

"""A named configuration, trained whole with several seeds: `benchmarks.time_to_notebook --confirm`."""

import json
import time
from statistics import mean, stdev

from benchmarks.report import machine_line
from benchmarks.settings import BenchmarkSettings, find_data
from core.data.load import load_dataset
from core.data.split import split_rows
from core.device import prepare_tensorflow
from core.known import KNOWN_CONFIGS
from core.progress import new_console, print_line

NUM_SEEDS = 5


def confirm(name: str, settings: BenchmarkSettings) -> None:
    """Print each seed's errors after the last epoch, their mean and spread, and one JSON line.

    No epoch, and nothing of the configuration, was chosen by the rows that score: the last fifth, which its tuning
    left out.
    """
    console = new_console()
    dataset = load_dataset(find_data(settings))
    prepare_tensorflow(num_threads=None, use_gpu=True)
    from core.train import Trainer  # tensorflow starts in the line above

    config, split = KNOWN_CONFIGS[name], split_rows(dataset, "tail", seed=0)
    num_rows, num_epochs = len(split.holdout_rows), 1 if settings.quick else config.train.epochs
    print_line(console, machine_line())
    print_line(
        console, f"{name}: {len(split.train_rows):,} rows train, the last {num_rows:,} score after the last epoch"
    )
    errors = []
    for seed in range(2 if settings.quick else NUM_SEEDS):
        started = time.perf_counter()
        trainer = Trainer(config, dataset, split, seed=seed)
        for _ in range(num_epochs):
            last = trainer.run_epoch()
        errors.append(round((1 - last.accuracy) * num_rows))
        took = f"{last.epoch} epochs in {time.perf_counter() - started:.0f} s"
        print_line(console, f"seed {seed}: {errors[-1]} errors, log-loss {last.log_loss:.4f}, {took}")
    words = f"{mean(errors):.1f} errors of {num_rows:,} (mean of {len(errors)} seeds, standard deviation"
    print_line(console, f"{name}: {words} {stdev(errors):.1f}, {min(errors)} to {max(errors)})")
    print_line(console, json.dumps({"benchmark": "time_to_notebook", "confirm": name, "errors": errors}))

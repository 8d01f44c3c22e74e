"""Records learning curves on real data over the default space, for `benchmarks.search_replay` to search in.

`python -m benchmarks.record_curves` trains each configuration of a space-filling design to its last epoch: hours on two
cores (`--part 0/2` and `--part 1/2` share it between two processes). What is recorded already is not trained again.
"""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.design import DesignTrial, design_points
from benchmarks.settings import BenchmarkSettings, find_data
from core.cli import run_command
from core.config import Config, TrainConfig, require
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.data.split import Split, split_rows
from core.device import prepare_tensorflow
from core.errors import TrainingError
from core.known import KNOWN_CONFIGS
from core.progress import new_console, print_line
from search.space import suggest_config

TRAIN_SHARE = 5
"""One in so many of the train rows is trained on."""
NUM_HOLDOUT_ROWS = 4_200
DESIGN_SEED = 0
SPLIT_SEED = 0


@dataclass(frozen=True, kw_only=True)
class RecordSettings(BenchmarkSettings):
    """Settings of the recording."""

    folder: str = "curves"
    """Where each configuration's curve goes, a file each."""
    configs: int = 128
    """Points of the design; a power of two fills the space evenly."""
    epochs: int = 10
    """Epochs of each training."""
    part: str = "0/1"
    """This process's share: i/n trains each n-th configuration from i on."""


def main(settings: RecordSettings) -> None:
    """Train what is not recorded yet, one after the other: the design's, then the known ones."""
    index, count = (int(number) for number in settings.part.split("/"))
    require(0 <= index < count, "--part", "i/n with i below n", settings.part)
    folder = Path(settings.folder)
    folder.mkdir(parents=True, exist_ok=True)
    dataset = load_dataset(find_data(settings))
    split = replay_split(dataset)
    drawn = [("", *each) for each in design(settings.configs, settings.epochs, dataset.image_shape, split)]
    known: list[tuple[str, dict[str, object], Config]] = [
        (name, {}, _with_epochs(config, settings.epochs)) for name, config in KNOWN_CONFIGS.items()
    ]
    for number, (name, params, config) in enumerate([*drawn, *known]):
        path = folder / f"{name or format(number, '04')}.json"
        if number % count != index or path.exists():
            continue
        record = {"number": number, "name": name, "params": params, **_train(config, dataset, split)}
        path.write_text(json.dumps(record))
        curve = record["log_loss"]
        print_line(new_console(), f"{number} {len(curve)} epochs, log-loss {min(curve, default=float('nan')):.4f}")


def replay_split(dataset: Dataset) -> Split:
    """Return a fifth of the usual train rows, and half of the usual holdout's, both in the file's order."""
    split = split_rows(dataset, "0.2", SPLIT_SEED)
    return dataclasses.replace(
        split, train_rows=split.train_rows[::TRAIN_SHARE], holdout_rows=split.holdout_rows[:NUM_HOLDOUT_ROWS]
    )


def design(
    num_configs: int, epochs: int, image_shape: tuple[int, int, int], split: Split
) -> list[tuple[dict[str, object], Config]]:
    """Return the design's knobs and configurations."""
    names: list[str] = []
    base = Config(train=TrainConfig(epochs=epochs))
    trials = [DesignTrial(point, names) for point in design_points(num_configs, seed=DESIGN_SEED)]
    num_rows = len(split.train_rows)
    configs = [suggest_config(trial, base, image_shape=image_shape, num_train_rows=num_rows) for trial in trials]
    return [(trial.values, config) for trial, config in zip(trials, configs, strict=True)]


def _with_epochs(config: Config, epochs: int) -> Config:
    """Return a known configuration as a search of so many epochs trains it."""
    return dataclasses.replace(config, train=dataclasses.replace(config.train, epochs=epochs))


def _train(config: Config, dataset: Dataset, split: Split) -> dict[str, Any]:
    """Train one configuration; return its curves, cut off where the loss was no longer finite."""
    prepare_tensorflow(num_threads=1, use_gpu=False)
    from core.train import Trainer  # tensorflow starts in the line above

    trainer = Trainer(config, dataset, split, seed=0)
    error = ""
    try:
        for _ in range(config.train.epochs):
            trainer.run_epoch()
    except TrainingError as failure:
        error = str(failure)
    return {
        "log_loss": [round(epoch.log_loss, 6) for epoch in trainer.epochs],
        "accuracy": [round(epoch.accuracy, 6) for epoch in trainer.epochs],
        "seconds": [round(epoch.seconds, 3) for epoch in trainer.epochs],
        "error": error,
    }


if __name__ == "__main__":
    run_command(RecordSettings, main, prog="python -m benchmarks.record_curves", description=str(__doc__))

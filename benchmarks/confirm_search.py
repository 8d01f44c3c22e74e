"""One real search of each kind on the rows of the recorded curves: `benchmarks.search_replay` without the surrogate.

Random search is the recording itself: its configurations trained whole, in the design's order. The others train what
they ask for, epoch by epoch, until they are as good as its first 40 or have used as many epochs.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from optuna.trial import FixedTrial

from benchmarks.record_curves import replay_split
from benchmarks.replay import OurSearcher, Searcher, StockSearcher, replay
from benchmarks.report import machine_line
from benchmarks.search_replay import NUM_RANDOM_TRIALS, cost_of
from benchmarks.settings import BenchmarkSettings, find_data
from benchmarks.surrogate import GUESSED, read_curves
from core.cli import run_command
from core.config import Config, TrainConfig
from core.data.dataset import Dataset
from core.data.load import load_dataset
from core.data.split import Split
from core.device import prepare_tensorflow
from core.errors import TrainingError
from core.progress import new_console, print_line
from search.domain import Domain


@dataclass(frozen=True, kw_only=True)
class ConfirmSettings(BenchmarkSettings):
    """Settings of a real search."""

    kind: Literal["ours", "stock"] = "ours"
    """Which search trains."""
    seed: int = 0
    """Of the search; trainings have the recording's."""


class TrainedCurve(Sequence[float]):
    """The log-loss after each epoch of a training that goes on as it is looked at."""

    def __init__(self, config: Config, dataset: Dataset, split: Split) -> None:
        from core.train import Trainer

        self._trainer = Trainer(config, dataset, split, seed=0)
        self._num_epochs = config.train.epochs

    def __len__(self) -> int:
        """Return the epochs that there will be."""
        return self._num_epochs

    def __getitem__(self, epoch: Any) -> Any:
        """Return the log-loss after one epoch, from 0."""
        try:
            while len(self._trainer.epochs) <= epoch:
                self._trainer.run_epoch()
        except TrainingError:
            return GUESSED
        return min(self._trainer.epochs[epoch].log_loss, GUESSED)


def main(settings: ConfirmSettings) -> None:
    """Search until random search's best is reached; print what it took."""
    console, curves = new_console(), read_curves()
    dataset = load_dataset(find_data(settings))
    split = replay_split(dataset)
    prepare_tensorflow(num_threads=1, use_gpu=False)
    domain = Domain(
        base=Config(train=TrainConfig(epochs=curves.num_epochs)),
        image_shape=dataset.image_shape,
        num_train_rows=len(split.train_rows),
    )
    budget = 2 if settings.quick else NUM_RANDOM_TRIALS * curves.num_epochs
    target = float(curves.log_loss[:NUM_RANDOM_TRIALS].min())
    print_line(console, machine_line())
    print_line(console, f"random search, {NUM_RANDOM_TRIALS} trainings of {curves.num_epochs} epochs: {target:.4f}")

    def curve_of(params: Mapping[str, Any]) -> Sequence[float]:
        return TrainedCurve(domain.suggest(FixedTrial(dict(params))), dataset, split)

    kinds: dict[str, Callable[[], Searcher]] = {
        "ours": lambda: OurSearcher(domain, curve_of, settings.seed),
        "stock": lambda: StockSearcher(domain, curve_of, settings.seed),
    }
    started = time.perf_counter()
    best = replay(kinds[settings.kind](), budget, until=target)
    took = f"{len(best)} epochs, {time.perf_counter() - started:.0f} s, best log-loss {best[-1]:.4f}"
    print_line(console, f"{settings.kind}, seed {settings.seed}: {took}")
    cost = cost_of(best, target) * len(best) / (NUM_RANDOM_TRIALS * curves.num_epochs)
    line = {"benchmark": "confirm_search", "kind": settings.kind, "random_cost": round(cost, 3), "epochs": len(best)}
    print_line(console, json.dumps(line))


if __name__ == "__main__":
    run_command(ConfirmSettings, main, prog="python -m benchmarks.confirm_search", description=str(__doc__))

"""Quality of the search: epochs that it needs for the log-loss that random search reaches with all of its epochs.

Both search in a surrogate of learning curves that were recorded on real data (`benchmarks.record_curves`), and so
does Ray Tune's OptunaSearch with ASHAScheduler: `random_cost` and `stock_cost` are shares of random search's epochs.
"""

import json
import warnings
from collections.abc import Callable, Sequence
from statistics import median

import optuna
from rich.table import Table

from benchmarks.replay import OurSearcher, RandomSearcher, Searcher, StockSearcher, replay
from benchmarks.report import machine_line
from benchmarks.settings import BenchmarkSettings
from benchmarks.surrogate import Curves, Surrogate, held_out_error, read_curves
from core.cli import run_command
from core.config import Config, TrainConfig
from core.known import KNOWN_CONFIGS
from core.progress import new_console, print_line
from search.domain import Domain
from search.space import params_of
from search.starts import Start

NUM_RANDOM_TRIALS = 40
"""Configurations that random search trains whole."""
NUM_SEEDS = 30
NUM_TRAIN_ROWS = 6_720
IMAGE_SHAPE = (28, 28, 1)
COST_KEYS = {"ours": "random_cost", "with_starts": "with_starts_cost", "stock": "stock_cost"}
"""What the JSON line calls each search's share of random search's epochs."""


def main(settings: BenchmarkSettings) -> None:
    """Replay all, print a table and the JSON line."""
    console = new_console()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.filterwarnings("ignore", message="Define-by-run function")
    curves = read_curves()
    error = held_out_error(curves)
    print_line(console, machine_line())
    factors = f"{error.median_factor:.2f} (of the best quarter {error.best_quarter_factor:.2f})"
    print_line(console, f"recorded: {len(curves.params)} configurations of {curves.num_epochs} epochs")
    print_line(
        console,
        f"surrogate, for configurations that it has not seen: half of its best log-losses are off by less than a "
        f"factor of {factors}, rank correlation {error.rank_correlation:.2f}",
    )
    num_seeds = settings.size(full=NUM_SEEDS, quick=2)
    searchers = _searchers(curves)
    budget = NUM_RANDOM_TRIALS * curves.num_epochs
    runs = {name: [replay(make(seed), budget) for seed in range(num_seeds)] for name, make in searchers.items()}
    target = median(best[-1] for best in runs["random"])
    costs = {name: [cost_of(best, target) for best in found] for name, found in runs.items()}
    console.print(_table(runs, costs, budget, target))
    ratios = {COST_KEYS[name]: round(median(found), 3) for name, found in costs.items() if name in COST_KEYS}
    print_line(console, json.dumps({"benchmark": "search_replay", "ratios": ratios, "seeds": num_seeds}))


def cost_of(best: Sequence[float], target: float) -> float:
    """Return the share of the epochs after which a search has reached `target`; infinity where it has not."""
    return next((count / len(best) for count, value in enumerate(best, start=1) if value <= target), float("inf"))


def _searchers(curves: Curves) -> dict[str, Callable[[int], Searcher]]:
    """Return what is compared, each by its seed."""
    domain = Domain(
        base=Config(train=TrainConfig(epochs=curves.num_epochs)), image_shape=IMAGE_SHAPE, num_train_rows=NUM_TRAIN_ROWS
    )
    curve_of = Surrogate(curves).curve
    known = [
        (Start(origin=name, params=params_of(KNOWN_CONFIGS[name], domain.base, num_train_rows=NUM_TRAIN_ROWS)), curve)
        for name, curve in curves.known.items()
    ]
    return {
        "random": lambda seed: RandomSearcher(domain, curve_of, seed),
        "ours": lambda seed: OurSearcher(domain, curve_of, seed),
        "with_starts": lambda seed: OurSearcher(domain, curve_of, seed, known),
        "stock": lambda seed: StockSearcher(domain, curve_of, seed),
    }


def _table(runs: dict[str, list[list[float]]], costs: dict[str, list[float]], budget: int, target: float) -> Table:
    """Return a row a search."""
    table = Table(title=f"search_replay: {budget} epochs each, target {target:.4f} (random search's median at its end)")
    for column in ("what", "seeds", "best at the end (median)", "share of the epochs (median)", "quartiles", "missed"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, found in runs.items():
        ordered = sorted(costs[name])
        low, high = ordered[len(ordered) // 4], ordered[-1 - len(ordered) // 4]
        table.add_row(
            name,
            str(len(found)),
            f"{median(best[-1] for best in found):.4f}",
            f"{median(ordered):.3f}",
            f"{low:.3f} to {high:.3f}",
            str(sum(cost == float("inf") for cost in ordered)),
        )
    return table


if __name__ == "__main__":
    run_command(BenchmarkSettings, main, prog="python -m benchmarks.search_replay", description=str(__doc__))

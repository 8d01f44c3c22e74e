"""Greedy selection against the loop that recomputes the metric: `uv run -m benchmarks.greedy`."""

import time
import tracemalloc
from collections.abc import Callable
from statistics import median

import numpy as np

from benchmarks.made_up_votes import made_up_votes
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement, timed
from benchmarks.settings import RoundSettings
from core.cli import run_command
from core.metrics import ACCURACY, LOG_LOSS, Metric, accuracy, log_loss
from ensemble.greedy import GreedySettings, Library, choose_greedy, select
from ensemble.greedy_accuracy import AccuracyLibrary
from ensemble.greedy_log_loss import LogLossLibrary
from ensemble.library import true_class

DESCRIPTION = "Time greedy selection and the plain loop over members that recomputes the metric: the same picks."
NUM_SELECTED = 100
"""Greedy rounds of a selection, from nothing, from the whole library, all of them kept."""
SCORES: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {"log_loss": log_loss, "accuracy": accuracy}


def main(settings: RoundSettings) -> None:
    """Run the benchmark.

    Raises:
        AssertionError: the picks differ.
    """
    num_members, num_rows = settings.size(full=200, quick=20), settings.size(full=42_000, quick=1000)
    softmax, labels = made_up_votes(num_members, num_rows)
    # once thrown away and so many measured: together they are the whole selection, and all of its picks are compared
    part = -(-NUM_SELECTED // (settings.num_rounds + 1))
    loops = {name: PlainLoop(softmax, labels, name, part) for name in SCORES}
    narrow = PlainLoop(softmax, labels, "log_loss", part, np.float32)
    benchmark = Benchmark(
        name="greedy",
        contenders=(
            *(contender for name in SCORES for contender in _pair(name, loops[name], softmax, labels)),
            Contender(name="plain loop in float32, log_loss", measure=narrow.measure),
        ),
        comparisons=tuple(Comparison(key=key, ours=f"ours, {key}", baseline=f"plain loop, {key}") for key in SCORES),
        find=lambda _: _findings(loops, softmax, labels, settings),
        notes=(
            f"{num_members} members, {num_rows:,} rows, 10 classes, {NUM_SELECTED} rounds of selection from the whole "
            "library; from softmax to picks",
            f"best member: {max(accuracy(each, labels) for each in softmax):.2%} right, median one "
            f"{median(accuracy(each, labels) for each in softmax):.2%}; all: {accuracy(softmax.mean(0), labels):.2%}",
            f"the plain loop goes on by {part} rounds a measurement, taken {NUM_SELECTED / part:.3g} times",
        ),
    )
    run_benchmark(benchmark, settings)


class PlainLoop:
    """The selection as one writes it down: each round, each member's vote and its metric, computed anew."""

    def __init__(
        self, softmax: np.ndarray, labels: np.ndarray, metric: str, part: int, dtype: type[np.floating] = np.float64
    ) -> None:
        """Start from nothing; a measurement is the next `part` rounds, scaled to NUM_SELECTED."""
        self._softmax, self._labels = softmax, labels
        self._score, self._is_better_less = SCORES[metric], metric == "log_loss"
        self._part = part
        self._total = np.zeros(softmax.shape[1:], dtype)
        self.picks: list[int] = []

    def measure(self) -> Measurement:
        """Run the next rounds."""
        started = time.perf_counter()
        for _ in range(self._part):
            self._select_next()
        return Measurement(seconds=(time.perf_counter() - started) * NUM_SELECTED / self._part)

    def _select_next(self) -> None:
        """Add the member with which the vote scores best."""
        scores = []
        for member in self._softmax:
            vote = (self._total + member) / (len(self.picks) + 1)
            scores.append(self._score(vote, self._labels))
        self.picks.append(int(np.argmin(scores) if self._is_better_less else np.argmax(scores)))
        self._total += self._softmax[self.picks[-1]]


def our_picks(softmax: np.ndarray, labels: np.ndarray, metric: str) -> list[int]:
    """Return the same by `ensemble.greedy`."""
    is_log_loss = metric == "log_loss"
    library: Library = LogLossLibrary(true_class(softmax, labels)) if is_log_loss else AccuracyLibrary(softmax, labels)
    direction: Metric = LOG_LOSS if is_log_loss else ACCURACY
    settings = GreedySettings(rounds=NUM_SELECTED, keeps_best_prefix=False)
    return select(library.votes(np.arange(len(softmax))), [], settings, direction)


def _pair(name: str, loop: PlainLoop, softmax: np.ndarray, labels: np.ndarray) -> tuple[Contender, Contender]:
    """Return ours and the plain loop, for one metric."""
    ours = timed(lambda: our_picks(softmax, labels, name))
    return (
        Contender(name=f"ours, {name}", measure=ours),
        Contender(name=f"plain loop, {name}", measure=loop.measure),
    )


def _findings(
    loops: dict[str, PlainLoop], softmax: np.ndarray, labels: np.ndarray, settings: RoundSettings
) -> list[Finding]:
    """Compare all picks; measure memory, the selection with its safeguards, and a large library."""
    findings = []
    for name, loop in loops.items():
        tracemalloc.start()
        ours = our_picks(softmax, labels, name)
        megabytes = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
        assert ours == loop.picks[:NUM_SELECTED], f"{name}: ours are {ours}, the plain loop's {loop.picks}"
        words = f"{megabytes:.0f} MB at the most beside the softmax of {softmax.nbytes / 2**20:.0f} MB; all of the "
        words += f"{len(ours)} picks are the plain loop's, {len(set(ours))} members among them"
        findings.append(Finding(key=f"{name}_megabytes", value=megabytes, words=words))
    seconds = timed(lambda: choose_greedy(softmax, labels, 0))().seconds
    words = f"{seconds:.2f} s for the method as it is, five bags, 50 rounds and all checks"
    findings.append(Finding(key="seconds_bagged", value=seconds, words=words))
    num_members = settings.size(full=1000, quick=30)
    many, their_labels = made_up_votes(num_members, len(labels), seed=1)
    seconds = median(timed(lambda: our_picks(many, their_labels, "log_loss"))().seconds for _ in range(3))
    words = f"{seconds:.2f} s for the same selection on log-loss among {num_members:,} members"
    return [*findings, Finding(key="seconds_many", value=seconds, words=words)]


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.greedy", description=DESCRIPTION)

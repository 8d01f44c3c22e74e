"""What a search's loop adds to its trials: `uv run -m benchmarks.trial_overhead`."""

import itertools
import logging
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import optuna

from benchmarks.loops import Loop, run_ours, run_stock
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import RoundSettings
from benchmarks.sleepers import Sleep, Span, seconds_between
from core.cli import run_command
from core.data.load import load_dataset
from core.data.split import split_rows
from search.cluster.start import ray_cluster, scratch_folder

DESCRIPTION = "Run trials that sleep through our search and through Ray's own, and compare with no loop at all."
NUM_WORKERS = 2
NUM_TRIALS = 200
SECONDS = 1.0
NUM_TRIALS_TO_WARM = 2 * NUM_WORKERS
"""Of the round that is thrown away: it need not be long."""
NUM_REPORTS = 4
"""Of each trial in the run that shows what reports cost."""

RunLoop = Callable[[Loop], list[Span]]


def main(settings: RoundSettings) -> None:
    """Run the benchmark."""
    num_trials = settings.size(full=NUM_TRIALS, quick=6)
    seconds = SECONDS if not settings.quick else 0.2
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with cluster() as scratch, tempfile.TemporaryDirectory(prefix="softvote-") as studies:
        benches = {
            name: LoopBench(run, f"{studies}/{name}", f"{scratch}/{name}", num_trials, seconds)
            for name, run in (("ours", run_ours), ("stock", run_stock))
        }
        ideal = num_trials * seconds / NUM_WORKERS
        ours, stock, no_loop = "ours", "Ray's OptunaSearch, ASHA and reuse_actors", "no loop: sleep alone"
        benchmark = Benchmark(
            name="trial_overhead",
            contenders=(
                Contender(name=ours, measure=benches["ours"].measure),
                Contender(name=stock, measure=benches["stock"].measure),
                Contender(name=no_loop, measure=lambda: Measurement(seconds=ideal)),
            ),
            comparisons=(
                Comparison(key="ideal_cost", ours=ours, baseline=no_loop),
                Comparison(key="stock_cost", ours=ours, baseline=stock),
            ),
            num_rounds=3,
            find=lambda _: findings(benches["ours"], benches["stock"]),
            notes=(
                f"{num_trials} trials sleep {seconds:g} s each on {NUM_WORKERS} workers and report once; the time is "
                "from the first trial's start, when all workers are there, to the last one's end",
                "in it: suggestions from the default space, reports, the pruner's answers, records and predictions "
                "synced to disk, the journal; not in it: the start of cluster and workers",
                "no trial is pruned, as all are equally good; the round thrown away is a short one",
            ),
        )
        run_benchmark(benchmark, settings)


class LoopBench:
    """Runs one of the loops again and again, each time on a study of its own."""

    def __init__(self, run: RunLoop, study: str, scratch: str, num_trials: int, seconds: float) -> None:
        """Remember what to run, and where."""
        self._run, self._study, self._scratch = run, study, scratch
        self._num_trials, self._seconds = num_trials, seconds
        self._sizes = itertools.chain([min(NUM_TRIALS_TO_WARM, num_trials)], itertools.repeat(num_trials))
        self._count = itertools.count()
        self._dataset = load_dataset(None)
        self._split = split_rows(self._dataset, "0.2", 0)
        self.gaps: list[float] = []
        """From a trial's end to the beginning of the worker's next one, in seconds, of the last run."""

    def measure(self) -> Measurement:
        """Run the trials, fewer in the first call."""
        return Measurement(seconds=self.run(next(self._sizes), num_epochs=1))

    def run(self, num_trials: int, *, num_epochs: int) -> float:
        """Run trials of so many reports; return the seconds from the first one's start to the last one's end."""
        number = next(self._count)
        sleep = Sleep(
            study=f"{self._study}-{number}", num_workers=NUM_WORKERS, num_epochs=num_epochs, seconds=self._seconds
        )
        scratch = f"{self._scratch}-{number}"
        Path(scratch).mkdir()
        spans = self._run(
            Loop(num_trials=num_trials, sleep=sleep, dataset=self._dataset, split=self._split, scratch=scratch)
        )
        assert len(spans) == num_trials, f"{num_trials} trials must have run, got {len(spans)}"
        self.gaps = seconds_between(spans)
        return max(span.ended for span in spans) - spans[0].began

    def reporting_cost(self) -> float:
        """Return the time over the ideal one of trials that report several times."""
        seconds = self.run(self._num_trials, num_epochs=NUM_REPORTS)
        return seconds / (self._num_trials * self._seconds / NUM_WORKERS)


def findings(ours: LoopBench, stock: LoopBench) -> list[Finding]:
    """Return the gaps between trials, and what more reports cost."""
    gap, stock_gap = median(ours.gaps), median(stock.gaps)
    cost = ours.reporting_cost()
    return [
        Finding(
            key="seconds_between_trials",
            value=gap,
            words=f"{gap:.3f} s from a trial's end to the worker's next one, the median of the last round "
            f"(least {min(ours.gaps):.3f}, most {max(ours.gaps):.3f}); Ray's own: {stock_gap:.3f} s",
        ),
        Finding(
            key="reporting_cost",
            value=cost,
            words=f"{cost:.3f} times the ideal time where each trial reports {NUM_REPORTS} times; ours, one run",
        ),
    ]


@contextmanager
def cluster() -> Iterator[str]:
    """Start a cluster of NUM_WORKERS cores at least, sleeping takes none; give its scratch folder."""
    with scratch_folder() as scratch, ray_cluster(None, scratch):
        logging.getLogger("ray").setLevel(logging.CRITICAL)
        yield scratch


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.trial_overhead", description=DESCRIPTION)

"""What a real trial of a search costs besides its epochs: `uv run -m benchmarks.trial_cost`."""

import dataclasses
import itertools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.many_trials import different_shapes
from benchmarks.report import Benchmark, Finding, run_benchmark
from benchmarks.rounds import Comparison, Contender, Measurement
from benchmarks.settings import RoundSettings
from benchmarks.timed_trials import TrialTime, run_timed_trials
from core.cli import run_command
from core.config import Config, notebook_config
from core.data.load import load_dataset
from core.data.split import split_rows
from core.limits import with_batch_that_fits
from core.store.study import StudyFolder
from search.cluster.start import ray_cluster, scratch_folder

DESCRIPTION = "Time real trials on a warm worker of a search: all that is not their epochs."
EPOCHS = 3
NUM_TRIALS = 6
"""Of the same shape one after the other, and as many again of which each has a new one."""


def main(settings: RoundSettings) -> None:
    """Run the benchmark."""
    num_trials = settings.size(full=NUM_TRIALS, quick=2)
    with scratch_folder() as scratch, ray_cluster(None, scratch), tempfile.TemporaryDirectory() as studies:
        searches = Searches(num_trials, studies, scratch)
        warm, cold = "ours, a trial on a warm worker, shape known", "the first trial of a worker"
        benchmark = Benchmark(
            name="trial_cost",
            contenders=(
                Contender(name=warm, measure=searches.measure_warm),
                Contender(name=cold, measure=searches.measure_cold),
            ),
            comparisons=(Comparison(key="cold_worker_cost", ours=warm, baseline=cold),),
            num_rounds=3,
            find=lambda _: searches.findings(),
            notes=(
                f"a round is a search of its own on the embedded digits, one worker, trials of {EPOCHS} epochs: "
                f"{num_trials + 1} of the notebook's shape, then {num_trials} of other shapes",
                "a trial's time, from the end of the one before it to its own, without its epochs (each taken as long "
                "as the shortest) and without its test prediction and files, which are stated apart",
                "left: record, suggestion, the way through Ray, the shape's graph, weights, first step; on a cold "
                "worker also the start of process and tensorflow, and tracing",
            ),
        )
        run_benchmark(benchmark, settings)


class Searches:
    """Runs search after search, and keeps where the time of their trials went."""

    def __init__(self, num_trials: int, studies: str, scratch: str) -> None:
        """Prepare the trials: one cold, then `num_trials` of its shape, then as many of new shapes."""
        self._dataset = load_dataset(None)
        self._split = split_rows(self._dataset, "0.2", 0)
        num_train = len(self._split.train_rows)
        notebook = self._with_epochs(with_batch_that_fits(notebook_config(), num_train))
        others = different_shapes(self._dataset, num_train, num_trials)
        self._configs = [notebook] * (num_trials + 1) + [self._with_epochs(config) for config in others]
        self._num_trials = num_trials
        self._studies, self._scratch = studies, scratch
        self._count = itertools.count()
        self._found: list[list[TrialTime]] = []

    def measure_warm(self) -> Measurement:
        """Run a search; return what its trials of the known shape cost."""
        number = next(self._count)
        study, scratch = f"{self._studies}/{number}", f"{self._scratch}/{number}"
        Path(scratch).mkdir()
        self._found.append(run_timed_trials(self._configs, self._dataset, self._split, StudyFolder(study), scratch))
        return Measurement(seconds=fixed(self._of_known_shape(self._found[-1])))

    def measure_cold(self) -> Measurement:
        """Return what the first trial of the same search cost."""
        return Measurement(seconds=self._found[-1][0].fixed)

    def findings(self) -> list[Finding]:
        """Return medians over all searches but the one thrown away."""
        found = self._found[1:]
        known = [trial for trials in found for trial in self._of_known_shape(trials)]
        new = [trial for trials in found for trial in trials[self._num_trials + 1 :]]
        return [
            Finding(
                key="fixed_seconds",
                value=fixed(known),
                words=f"{fixed(known):.3f} s a trial on a warm worker besides epochs, test prediction and files",
            ),
            Finding(
                key="trace_seconds",
                value=fixed(new) - fixed(known),
                words=f"{fixed(new) - fixed(known):.3f} s more for a shape that the worker has not had, traced anew",
            ),
            Finding(
                key="output_seconds",
                value=outputs(known),
                words=f"{outputs(known):.3f} s for test prediction, predictions, model and checkpoints of a known "
                f"shape, {outputs(new):.3f} s of a new one",
            ),
        ]

    def _of_known_shape(self, trials: Sequence[TrialTime]) -> Sequence[TrialTime]:
        """Return the trials that found their shape's graph."""
        return trials[1 : self._num_trials + 1]

    @staticmethod
    def _with_epochs(config: Config) -> Config:
        """Return a configuration of so many epochs."""
        return dataclasses.replace(config, train=dataclasses.replace(config.train, epochs=EPOCHS))


def fixed(trials: Sequence[TrialTime]) -> float:
    """Return the median fixed cost."""
    return median(trial.fixed for trial in trials)


def outputs(trials: Sequence[TrialTime]) -> float:
    """Return the median time of the outputs."""
    return median(trial.outputs for trial in trials)


if __name__ == "__main__":
    run_command(RoundSettings, main, prog="python -m benchmarks.trial_cost", description=DESCRIPTION)

"""Sabotage three in ten trials of a search and see what becomes of all of them: `uv run -m benchmarks.sabotage`."""

import json
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import BaseTrial, TrialState

from benchmarks.kills import END_SECONDS, MARK, PROC, processes_of
from benchmarks.report import machine_line
from benchmarks.saboteur import ERROR, STEPS_FILE, sabotage_of, sabotaged_epoch
from core.cli import run_command
from core.config import Config, TrainConfig
from core.data.load import load_dataset
from core.data.split import split_rows
from core.errors import ConfigError
from core.progress import new_console, print_line
from core.store import files
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.cluster.capacity import Resources, plan_resources
from search.cluster.start import ray_cluster, scratch_folder
from search.ledger import PREDICTED, Ledger
from search.starts import Start
from search.steering import Steering
from search.study import TrialStudy, rung_epochs

DESCRIPTION = "Sabotage three in ten trials (error, NaN, kill -9, hang) and see whether the search takes any harm."
LEAST_SILENCE_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class SabotageSettings:
    """Settings of the sabotage benchmark."""

    quick: bool = False
    """Twenty trials of short epochs, to see that the benchmark works; the shares of time are not worth quoting."""

    @property
    def num_trials(self) -> int:
        """Trials asked for."""
        return 20 if self.quick else 40

    @property
    def num_epochs(self) -> int:
        """Of a whole trial."""
        return 9 if self.quick else 20

    @property
    def epoch_seconds(self) -> float:
        """Of each epoch: at full length a trial takes what one of the digits' CNNs does."""
        return 0.2 if self.quick else 1.5

    def __post_init__(self) -> None:
        if not PROC.is_dir():
            raise ConfigError("this benchmark finds its processes in /proc, which this system does not have")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a sabotaged search."""

    figures: dict[str, float]
    """Of the JSON line."""
    ends: Counter[tuple[str, str]]
    """Trials by what befell them and the state that their record has."""


def main(settings: SabotageSettings) -> None:
    """Run the benchmark."""
    console = new_console()
    print_line(console, machine_line())
    print_line(
        console,
        f"{settings.num_trials} trials of {settings.num_epochs} epochs that only wait, {settings.epoch_seconds:g} s "
        "each; three in ten get an error, a NaN, a kill -9 or a hang in their second or third epoch",
    )
    outcome = sabotage_search(settings)
    figures = outcome.figures
    for (sabotage, state), num in sorted(outcome.ends.items()):
        print_line(console, f"{sabotage}: {num} {state}")
    print_line(
        console,
        f"{figures['budget_share']:.1%} of the trials asked for have an end, told as it was. Of the workers' time "
        f"while trials were left to start {figures['time_share']:.1%} was a trial's, hung ones included, and "
        f"{figures['trained_share']:.1%} went into whole epochs; the rest of it went into new processes",
    )
    print_line(console, json.dumps({"benchmark": "sabotage", **figures}))
    if figures["budget_share"] < 1 or figures["left_running"] or figures["processes_left"]:
        sys.exit(1)


def sabotage_search(settings: SabotageSettings) -> Outcome:
    """Run a search on a private cluster, with as many workers as there are cores."""
    os.environ[MARK] = mark = uuid.uuid4().hex
    dataset = load_dataset(None)
    split = split_rows(dataset, "0.2", seed=0)
    with tempfile.TemporaryDirectory(prefix="softvote-sabotage-") as folder, scratch_folder() as scratch:
        steering = new_steering(StudyFolder(folder), settings)
        with ray_cluster(None, scratch):
            from benchmarks.sabotaged import trainable_of  # Ray reads its environment when it is first imported
            from search.trainable import WorkerSettings
            from search.tune import run_tune

            plan: Resources = plan_resources(cpus_per_trial=1, gpus_per_trial=0)
            trainable = trainable_of(settings.epoch_seconds)
            worker = WorkerSettings(
                num_threads=1,
                use_gpu=False,
                generation=1,
                ending_epochs=rung_epochs(settings.num_epochs),
                deadline=None,
                keeps_models=False,
                scratch=scratch,
                least_silence_seconds=LEAST_SILENCE_SECONDS,
            )
            run_tune(
                steering, steering.ledger.folder, plan, worker, dataset, (split,), scratch, lambda: None, trainable
            )
        steps = [json.loads(line) for line in (Path(scratch) / STEPS_FILE).read_text().splitlines()]
        return Outcome(
            figures=figures_of(steering, steps, plan.max_concurrent) | {"processes_left": _num_left(mark)},
            ends=Counter((sabotage_of(r.number) or "left alone", r.state) for r in steering.ledger.records),
        )


def new_steering(folder: StudyFolder, settings: SabotageSettings) -> Steering:
    """Return the state of a search of one knob."""

    def space(trial: BaseTrial) -> Config:
        rate = trial.suggest_float("rate", 1e-4, 1e-1)
        return Config(train=TrainConfig(epochs=settings.num_epochs, learning_rate=rate))

    return Steering(
        study=TrialStudy(space, seed=0, epochs=settings.num_epochs),
        ledger=Ledger(folder, generation=1),
        num_trials=settings.num_trials,
        seed=0,
        epochs=settings.num_epochs,
        starts=[Start(origin="first", params={"rate": 1e-3})],
        least_silence_seconds=LEAST_SILENCE_SECONDS,
    )


def figures_of(steering: Steering, steps: list[dict[str, Any]], num_workers: int) -> dict[str, float]:
    """Return what the JSON line holds.

    Args:
        steering: at the search's end, its folder still there.
        steps: epochs that ended in a worker: trial's number, process id, began and ended in seconds since 1970.
        num_workers: trials that could run at once.
    """
    records, num_trials = steering.ledger.records, steering.num_trials or 0
    began = {step["number"]: step["began"] for step in reversed(steps)}
    first, last = min(began.values()), max(began.values())
    whole = num_workers * (last - first)  # while trials were left to start: then the workers end one by one
    in_trials = sum(min(r.ended or last, last) - began[r.number] for r in records if r.number in began)
    trained = sum(max(min(step["ended"], last) - step["began"], 0) for step in steps)
    num_told = sum(has_expected_end(record, steering.ledger.folder) for record in records)
    befell = [sabotage_of(record.number) for record in records]
    num_ended_processes = befell.count("kill") + befell.count("hang")
    return {
        "trials": num_trials,
        "sabotaged": len(befell) - befell.count(None),
        "told_as_it_was": num_told,
        "budget_share": round(num_told / num_trials, 3),
        "time_share": round(in_trials / whole, 3),
        "trained_share": round(trained / whole, 3),
        "left_running": len(running_trials(steering)),
        "warm_processes_lost": max(len({step["process"] for step in steps}) - num_workers - num_ended_processes, 0),
    }


def has_expected_end(record: TrialRecord, folder: StudyFolder) -> bool:
    """True where the record tells what happened: the sabotage and its reason, or a whole trial with predictions."""
    from search.scheduler import FELL_SILENT, WORKER_DIED

    sabotage = sabotage_of(record.number)
    if sabotage is None:
        is_whole = files.is_whole_npz(folder.trial(record.trial_id).predictions, PREDICTED)
        return is_whole and record.state in ("complete", "pruned") and record.error is None
    words = {"raise": ERROR, "nan": "must be finite, got nan", "kill": WORKER_DIED, "hang": FELL_SILENT}[sabotage]
    num_whole = sabotaged_epoch(record.number) - 1
    return record.state == "failed" and words in (record.error or "") and len(record.epochs) == num_whole


def running_trials(steering: Steering) -> list[int]:
    """Return the numbers of trials that the records or the study take for running."""
    of_study = steering.study._study.get_trials(deepcopy=False, states=[TrialState.RUNNING])  # as Optuna was told
    of_records = [record.number for record in steering.ledger.records if not record.has_ended]
    return sorted({*of_records, *(trial.number for trial in of_study), *steering.running})


def _num_left(mark: str) -> int:
    """Return how many of the cluster's processes are there a short while after its end."""
    deadline = time.monotonic() + END_SECONDS
    while (found := processes_of(mark)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return len(found)


if __name__ == "__main__":
    run_command(SabotageSettings, main, prog="python -m benchmarks.sabotage", description=DESCRIPTION)

"""Trials that sleep: what is left of a search is its own loop, ours or Ray's stock one, around the same trials.

A trial leaves small predictions, and when and where it ran, in a folder of its own.
"""

import itertools
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.made_up import made_up_report
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport
from core.store.study import StudyFolder, TrialFolder
from search.trainable import TrialTrainable, WorkerSettings

LOG_LOSS = 0.5
"""Of every epoch: among equals, neither our pruner nor ASHA stops any."""
NUM_CLASSES = 10
MOST_SECONDS_TO_WARM = 60


@dataclass(frozen=True, kw_only=True)
class Sleep:
    """What a trial is."""

    study: str
    """Folder of the study, with a folder for each trial."""
    num_workers: int
    """Processes that have to be there before a trial begins."""
    num_epochs: int
    """Reports until the end."""
    seconds: float
    """Slept altogether; files are written on top of that."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """When and where a trial ran."""

    process: int
    began: float
    """Seconds since 1970, as is the end."""
    ended: float


class SleepingTrial:
    """Stands in for `core.trial.TrialRun`."""

    def __init__(self, sleep: Sleep, trial_id: str) -> None:
        """Begin as soon as all workers are warm."""
        self.trainer = SimpleNamespace(precision="float32")
        self._sleep = sleep
        self._folder = StudyFolder(sleep.study).trial(trial_id)
        self._num_reported = 0
        wait_for_workers(Path(sleep.study, "workers"), sleep.num_workers)
        self._began = time.time()

    def next_epoch(self) -> tuple[EpochReport, bool]:
        """Sleep, and return the epoch's report and whether this was the last one, after which there are predictions."""
        seconds = self._sleep.seconds / self._sleep.num_epochs
        time.sleep(seconds)
        self._num_reported += 1
        is_last = self._num_reported == self._sleep.num_epochs
        if is_last:
            _write_predictions(self._folder)
            span = Span(process=os.getpid(), began=self._began, ended=time.time())
            Path(self._folder.url, "span.json").write_text(json.dumps(asdict(span)))
        return made_up_report(self._num_reported, LOG_LOSS, seconds), is_last


def wait_for_workers(folder: Path, num_workers: int) -> None:
    """Note in `folder` that this process is there, and wait for the others, a minute at most."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / str(os.getpid())).touch()
    deadline = time.monotonic() + MOST_SECONDS_TO_WARM
    while len(list(folder.iterdir())) < num_workers and time.monotonic() < deadline:
        time.sleep(0.01)


def _write_predictions(folder: TrialFolder) -> None:
    """Write what a vote would need, of few rows."""
    softmax = np.full((NUM_CLASSES, NUM_CLASSES), 1 / NUM_CLASSES, np.float32)
    rows = np.arange(NUM_CLASSES)
    predictions = Predictions(trial_id="sleeper", rows=rows, softmax=softmax, test_softmax=softmax, data="none")
    write_predictions(folder.predictions, predictions)


@dataclass(frozen=True, kw_only=True)
class SleeperSettings(WorkerSettings):
    """What all sleeping trials of a search have in common."""

    sleep: Sleep


class SleepingTrainable(TrialTrainable):
    """Ours, asleep where it would train."""

    def _start(self) -> Any:
        """Begin a trial of the settings' length."""
        assert isinstance(self._worker, SleeperSettings), "given by benchmarks.trial_overhead"
        return SleepingTrial(self._worker.sleep, self._assignment["trial_id"])


def sleeping_function(config: dict[str, Any], *, sleep: Sleep) -> None:
    """Sleep as a function trainable of stock Ray Tune, which reports each epoch; `config` changes nothing."""
    from ray import tune

    trial = SleepingTrial(sleep, str(tune.get_context().get_trial_id()))
    for _ in range(sleep.num_epochs):
        epoch, _ = trial.next_epoch()
        tune.report(asdict(epoch))


def read_spans(folder: StudyFolder) -> list[Span]:
    """Return all trials' spans, by their beginnings."""
    paths = (Path(folder.trial(trial_id).url, "span.json") for trial_id in folder.trial_ids())
    return sorted((Span(**json.loads(path.read_text())) for path in paths), key=lambda span: span.began)


def seconds_between(spans: list[Span]) -> list[float]:
    """Return the time from each trial's end to the beginning of the next in the same process."""
    gaps: list[float] = []
    for process in {span.process for span in spans}:
        own = [span for span in spans if span.process == process]
        gaps += [after.began - before.ended for before, after in itertools.pairwise(own)]
    return gaps

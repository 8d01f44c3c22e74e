"""A trainable whose trials only wait, three in ten of them sabotaged: by an error, a NaN, a kill, a hang."""

import json
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.made_up import made_up_report
from benchmarks.saboteur import ERROR, STEPS_FILE, log_loss_of, sabotage_of, sabotaged_epoch
from core.data.split import Split
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport
from core.store.study import TrialFolder
from search.trainable import TrialTrainable, WorkerSettings

HANG_SECONDS = 3600


class SabotagedTrainable(TrialTrainable):
    """The search's own trainable around a run that only waits."""

    epoch_seconds = 1.0

    def _start(self) -> Any:
        """Begin a run."""
        assert self._assignment["num_recorded_epochs"] == 0, "nothing is resumed here"
        return SabotagedRun(self._assignment, self._worker, self._splits[0], self.epoch_seconds)


def trainable_of(epoch_seconds: float) -> type[SabotagedTrainable]:
    """Return the trainable whose epochs take so long."""
    return type("SabotagedTrainable", (SabotagedTrainable,), {"epoch_seconds": epoch_seconds})


class SabotagedRun:
    """Stands where `core.trial.TrialRun` does."""

    def __init__(self, assignment: dict[str, Any], worker: WorkerSettings, split: Split, epoch_seconds: float) -> None:
        """Begin before the first epoch."""
        self.trainer = SimpleNamespace(precision="float32")
        self._number: int = assignment["number"]
        self._folder = TrialFolder(assignment["folder"])
        self._num_epochs: int = assignment["config"]["train"]["epochs"]
        self._worker, self._split, self._epoch_seconds = worker, split, epoch_seconds
        self._epoch = 0

    def next_epoch(self) -> tuple[EpochReport, bool]:
        """Wait through an epoch, and let come over the trial what has to."""
        began = time.time()
        self._epoch += 1
        time.sleep(self._epoch_seconds)
        self._note(began)
        sabotage = sabotage_of(self._number) if self._epoch == sabotaged_epoch(self._number) else None
        if sabotage == "raise":
            raise RuntimeError(ERROR)
        if sabotage == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if sabotage == "hang":
            time.sleep(HANG_SECONDS)
        may_end = self._epoch in (*self._worker.ending_epochs, self._num_epochs)
        if may_end:
            self._write_predictions()
        log_loss = float("nan") if sabotage == "nan" else log_loss_of(self._number)
        return made_up_report(self._epoch, log_loss, self._epoch_seconds), may_end

    def _write_predictions(self) -> None:
        """Leave what a vote needs."""
        softmax = np.full((len(self._split.holdout_rows), 10), 0.1, np.float32)
        rows = self._split.holdout_rows
        write_predictions(
            self._folder.predictions,
            Predictions(trial_id=f"{self._number}", rows=rows, softmax=softmax, test_softmax=softmax, data="waited"),
        )

    def _note(self, began: float) -> None:
        """Write down when the epoch was, and in which process."""
        step = {"number": self._number, "process": os.getpid(), "began": began, "ended": time.time()}
        with (Path(self._worker.scratch) / STEPS_FILE).open("a") as file:
            file.write(json.dumps(step) + "\n")

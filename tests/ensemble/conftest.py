"""A study written by hand: three classes, six train rows of which three are held out, two test rows.

Holdout rows 1, 3, 5 are of classes 1, 0, 2. Probabilities of the true classes, and so the scores by hand:

    A      .7 .6 .3    log-loss -ln(.126) / 3 = .690491    errs on row 5
    B      .6 .3 .8    log-loss -ln(.144) / 3 = .645981    errs on row 3
    mean   .65 .45 .55 log-loss -ln(.160875) / 3 = .609042 no error
"""

import dataclasses
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.config import notebook_config
from core.store.dataset import DataSummary, write_data_summary
from core.store.manifest import Manifest, write_manifest
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport, TrialRecord, write_record
from core.store.study import StudyFolder, TrialFolder, trial_id_of

DATA = DataSummary(
    fingerprint="data-of-the-study",
    split="split-of-the-study",
    labels=np.array([0, 1, 2, 0, 1, 2], np.int32),
    holdout_rows=np.array([1, 3, 5]),
    class_names=np.array(["0", "1", "2"]),
    test_ids=np.array(["1", "2"]),
)
A = np.array([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1], [0.3, 0.4, 0.3]])
B = np.array([[0.1, 0.6, 0.3], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8]])
TEST_A = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
TEST_B = np.array([[0.2, 0.7, 0.1], [0.1, 0.2, 0.7]])
WORST = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])

Command = Callable[..., tuple[int, str, str]]


class StudyMaker:
    """Writes a study's files one by one."""

    def __init__(self, url: str, data: DataSummary = DATA) -> None:
        self.folder = StudyFolder(url)
        self.data = data
        write_data_summary(self.folder.data, data)
        manifest = Manifest(
            name="made",
            command="search",
            settings={},
            arguments=(),
            data={"name": "made", "fingerprint": data.fingerprint, "num_train": len(data.labels)},
            split={"method": "tail", "fingerprint": data.split},
            seed=0,
        )
        write_manifest(self.folder.manifest, manifest)

    @property
    def url(self) -> str:
        return self.folder.url

    def add_record(self, number: int, **changes: Any) -> TrialFolder:
        """Write trial.json alone."""
        trial_id = trial_id_of(number)
        epoch = EpochReport(
            epoch=1, loss=1.0, train_accuracy=0.5, log_loss=0.5, accuracy=0.5, learning_rate=1e-3, seconds=1.0
        )
        record = TrialRecord(
            number=number,
            trial_id=trial_id,
            config=notebook_config().to_json(),
            seed=number,
            state="complete",
            epochs=(epoch,),
        )
        write_record(self.folder.trial(trial_id).record, dataclasses.replace(record, **changes))
        return self.folder.trial(trial_id)

    def add_trial(
        self,
        number: int,
        softmax: np.ndarray,
        test_softmax: np.ndarray = TEST_A,
        state: str = "complete",
        **changes: Any,
    ) -> TrialFolder:
        """Write trial.json and predictions.npz; `changes` are of the predictions."""
        folder = self.add_record(number, state=state)
        write_predictions(folder.predictions, self.predictions(trial_id_of(number), softmax, test_softmax, **changes))
        return folder

    def predictions(
        self, trial_id: str, softmax: np.ndarray, test_softmax: np.ndarray = TEST_A, **changes: Any
    ) -> Predictions:
        """Return predictions of this study's data and split, but for `changes`."""
        predictions = Predictions(
            trial_id=trial_id,
            rows=self.data.holdout_rows,
            softmax=softmax,
            test_softmax=test_softmax,
            data=self.data.fingerprint,
            split=self.data.split,
            epoch=4,
        )
        return dataclasses.replace(predictions, **changes)


@pytest.fixture
def study(tmp_path: Path) -> StudyMaker:
    """Return a study without trials."""
    return StudyMaker(str(tmp_path / "made"))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs `python -m ensemble WORDS` in this process: exit code, stdout, stderr."""

    def run(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ensemble", *words])
        monkeypatch.delitem(sys.modules, "ensemble.__main__", raising=False)
        code = 0
        try:
            runpy.run_module("ensemble", run_name="__main__")
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def tear(url: str, length: int) -> None:
    """Cut a file to its first `length` bytes."""
    path = Path(url)
    path.write_bytes(path.read_bytes()[:length])

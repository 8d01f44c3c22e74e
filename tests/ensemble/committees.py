"""A committee written by hand into a study of tests/ensemble/conftest.py, whose six train rows are in two folds."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.made_up import made_up_report
from core.config import notebook_config
from core.store.committee import (
    ALL_ROWS,
    CommitteeFolder,
    CommitteePlan,
    training_id_of,
    training_number,
    write_plan,
)
from core.store.predictions import write_predictions
from core.store.records import TrialRecord, TrialState, write_record
from core.store.study import TrialFolder, trial_id_of
from tests.ensemble.conftest import TEST_A, StudyMaker

FOLDS = (np.array([5, 0, 1]), np.array([2, 3, 4]))
"""The first one's file has its rows in no order."""


class CommitteeMaker:
    """Writes a committee's files one by one."""

    def __init__(self, study: StudyMaker, *numbers: int, folds: Sequence[np.ndarray] = FOLDS, **plan: Any) -> None:
        """Plan the configurations of these trials; `plan` has what is not 1 view and 1 repeat."""
        self.study = study
        self.folder = CommitteeFolder(study.url)
        self.folds = folds
        config = notebook_config().to_json()
        members = tuple({"trial": trial_id_of(number), "config": config} for number in numbers)
        made = CommitteePlan(num_folds=len(folds), epochs=3, seed=0, views=1, members=members, num_repeats=1)
        self.plan = dataclasses.replace(made, **plan)
        write_plan(self.folder.plan, self.plan)

    def add(
        self,
        number: int,
        softmax: np.ndarray,  # (num_rows, num_classes), of all train rows
        tests: Sequence[np.ndarray] = (TEST_A, TEST_A),  # one a fold
        *,
        repeat: int = 0,
        more: np.ndarray | None = None,  # as `softmax`, over the plan's views
    ) -> list[TrialFolder]:
        """Write a configuration's trainings of one repeat; return their folders."""
        return [
            self.add_training(
                number, fold, softmax[rows], tests[fold], repeat=repeat, more=None if more is None else more[rows]
            )
            for fold, rows in enumerate(self.folds)
        ]

    def add_training(
        self,
        number: int,
        fold: int,
        softmax: np.ndarray,  # (num_rows_of_fold, num_classes)
        test_softmax: np.ndarray = TEST_A,
        *,
        repeat: int = 0,
        state: TrialState = "complete",
        more: np.ndarray | None = None,  # as `softmax`
        **changes: Any,
    ) -> TrialFolder:
        """Write a training's record and predictions; `changes` are of the predictions."""
        trial_id = trial_id_of(number)
        training_id = training_id_of(trial_id, fold, repeat)
        training = self.folder.trial(training_id)
        record = TrialRecord(
            number=training_number(trial_id, fold, repeat),
            trial_id=training_id,
            config=notebook_config().to_json(),
            seed=0,
            state=state,
            epochs=(made_up_report(1, 0.5),),
        )
        write_record(training.record, record)
        rows = {"rows": np.zeros(0, np.int64) if fold == ALL_ROWS else self.folds[fold], "split": f"fold {fold}"}
        predictions = self.study.predictions(training_id, softmax, test_softmax, **(rows | changes))
        write_predictions(training.predictions, predictions)
        if more is not None:
            write_predictions(training.predictions_of(self.plan.views), dataclasses.replace(predictions, softmax=more))
        return training

    def add_refit(self, number: int, test_softmax: np.ndarray, *, repeat: int = 0) -> TrialFolder:
        """Write a configuration's training on every row."""
        return self.add_training(number, ALL_ROWS, np.zeros((0, 3)), test_softmax, repeat=repeat)


def softmax_of(
    true: Sequence[float] | np.ndarray,  # a probability of the true class for each train row
    labels: np.ndarray,  # (num_rows,)
    num_classes: int = 3,
) -> np.ndarray:
    """Return softmax (num_rows, num_classes) whose other classes are alike."""
    softmax = np.repeat((1 - np.array(true))[:, None] / (num_classes - 1), num_classes, axis=1)
    softmax[np.arange(len(labels)), labels] = true
    return softmax

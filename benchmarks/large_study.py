"""A study of thousands of trials in a folder, as a search leaves it: records of ten epochs, predictions, no models."""

import dataclasses
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import distribution_to_json
from rich.console import Console

from benchmarks.made_up import made_up_report
from benchmarks.made_up_votes import made_up_votes
from core.metrics import log_loss
from core.store.predictions import Predictions, write_predictions
from core.store.records import FORMAT, TrialRecord, TrialState
from core.store.study import StudyFolder, trial_id_of
from core.study import write_study
from search.prepare import SearchStart, prepare
from search.rungs import RUNG_PREFIX
from search.settings import SearchSettings
from search.study import rung_epochs

EPOCHS = 10
NUM_RUNNING = 3
"""The last trials, which had two epochs when their search was killed."""
NUM_FILES = 200
"""Different predictions files; further trials have links to them, which are read like files of their own."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """How many rows the data set has, a quarter of the train rows held out."""

    train: int
    test: int


SMALL = Rows(train=4_800, test=1_000)
KAGGLE = Rows(train=33_600, test=28_000)
"""With 8,400 rows held out, as of Kaggle's 42,000 with the usual fifth."""


def settings_of(folder: str) -> SearchSettings:
    """Return the settings with which the study in `folder` was made and goes on."""
    return SearchSettings(
        data=str(Path(folder, "data.npz")),
        runs=folder,
        study="study",
        trials=1_000_000,
        epochs=EPOCHS,
        holdout="0.25",
        precision="float32",
    )


def write_large_study(folder: str, num_records: int, rows: Rows) -> None:
    """Write a data set and a study of it into `folder`: of ten trials two are complete and eight pruned, 1 % failed."""
    softmax, labels = made_up_votes(NUM_FILES, rows.train + rows.test)
    images = np.random.default_rng(0).integers(0, 256, (len(labels), 8, 8), dtype=np.uint8)
    x_train, x_test = images[: rows.train], images[rows.train :]
    np.savez(Path(folder, "data.npz"), x_train=x_train, y_train=labels[: rows.train], x_test=x_test)
    start = prepare(settings_of(folder), Console(file=io.StringIO()), began=0.0)
    write_study(start.folder, start.manifest, start.dataset, start.split)
    paths = _write_files(folder, start, softmax)
    holdout = start.split.holdout_rows
    levels = [log_loss(votes[holdout], labels[holdout]) for votes in softmax]
    for record in _records(start, num_records, levels):
        _write_trial(start.folder, record, paths[record.number % NUM_FILES])


def _write_files(folder: str, start: SearchStart, softmax: np.ndarray) -> list[Path]:
    """Write the predictions files, outside of the study."""
    holdout, num_train = start.split.holdout_rows, len(start.dataset.x_train)
    paths = [Path(folder, f"predictions-{number}.npz") for number in range(NUM_FILES)]
    for path, votes in zip(paths, softmax, strict=True):
        predictions = Predictions(
            trial_id="made up",
            rows=holdout,
            softmax=votes[holdout],
            test_softmax=votes[num_train:],
            data=str(start.manifest.data["fingerprint"]),
            split=start.split.fingerprint,
            epoch=EPOCHS,
        )
        write_predictions(str(path), predictions)
    return paths


def _records(start: SearchStart, num_records: int, levels: list[float]) -> list[TrialRecord]:
    """Draw configurations at random, and give each trial a curve towards the log-loss of its predictions."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    suggest = start.domain.suggest
    records = []
    for number in range(num_records):
        trial = study.ask()
        config = suggest(trial)
        state = _state_of(number, num_records)
        num_epochs = {"complete": EPOCHS, "pruned": EPOCHS - 1}.get(state, 2)
        noise = np.random.default_rng(number).random(num_epochs + 1)
        losses = [
            levels[number % NUM_FILES] * (1 + 0.1 * noise[-1]) + (0.2 + 0.01 * noise[epoch - 1]) / epoch
            for epoch in range(1, num_epochs + 1)
        ]
        records.append(
            TrialRecord(
                number=number,
                trial_id=trial_id_of(number),
                config=config.to_json(),
                params=dict(trial.params),
                distributions={name: distribution_to_json(found) for name, found in trial.distributions.items()},
                system_attrs={
                    f"{RUNG_PREFIX}{index}": losses[epoch - 1]
                    for index, epoch in enumerate(rung_epochs(EPOCHS))
                    if epoch <= num_epochs
                },
                user_attrs={"origin": "sampler"} | ({"reason": "pruner"} if state == "pruned" else {}),
                seed=number,
                state=state,
                epochs=tuple(
                    made_up_report(epoch, float(loss), seconds=1 / EPOCHS) for epoch, loss in enumerate(losses, start=1)
                ),
                started=float(number),
                ended=None if state == "running" else float(number + 1),
                error="ValueError: made up" if state == "failed" else None,
            )
        )
    return records


def _state_of(number: int, num_records: int) -> TrialState:
    """Return a trial's state, which its number decides."""
    if number >= num_records - NUM_RUNNING:
        return "running"
    if number % 100 == 99:
        return "failed"
    return "complete" if number % 5 == 0 else "pruned"


def _write_trial(folder: StudyFolder, record: TrialRecord, predictions: Path) -> None:
    """Write one trial's folder, without a sync for each file."""
    trial = folder.trial(record.trial_id)
    Path(trial.url).mkdir(parents=True)
    Path(trial.record).write_text(json.dumps({"format": FORMAT, **dataclasses.asdict(record)}, indent=1) + "\n")
    if record.state != "failed":
        os.link(predictions, trial.predictions)

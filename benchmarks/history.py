"""Trials that a search might have had, made up: knobs drawn at random, curves by a formula, ends by our rungs."""

import bisect
import dataclasses
import json
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import distribution_to_json

from benchmarks.made_up import made_up_report
from core.config import Config, TrainConfig
from core.store.predictions import Predictions, write_predictions
from core.store.records import FORMAT, TrialRecord, TrialState
from core.store.study import StudyFolder, trial_id_of
from search.domain import Domain
from search.rungs import RUNG_PREFIX
from search.study import REDUCTION_FACTOR, rung_epochs

EPOCHS = 18
NUM_FAILED_IN = 50
"""One trial in so many has failed."""


def made_up_domain() -> Domain:
    """Return the default space for Kaggle's digits."""
    return Domain(base=Config(train=TrainConfig(epochs=EPOCHS)), image_shape=(28, 28, 1), num_train_rows=33_600)


def made_up_loss(params: Mapping[str, object], number: int, epoch: int) -> float:
    """Return a log-loss that some knobs and the epoch decide, with a little noise that is the trial's own."""
    rate, dropout = params["learning_rate"], params["block_dropout"]
    assert isinstance(rate, float)
    assert isinstance(dropout, float)
    level = 0.02 + 0.05 * abs(math.log10(rate) + 2.6) + 0.1 * dropout**2
    noise = np.random.default_rng((number, epoch)).random()
    return float(level * (1 + 2 / epoch) + 0.002 * noise)


def made_up_records(num_trials: int) -> list[TrialRecord]:
    """Return ended trials, pruned as our pruner would have pruned them."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    domain, rungs = made_up_domain(), Rungs()
    return [_record(study, domain, rungs, number) for number in range(num_trials)]


def write_study(folder: StudyFolder, records: list[TrialRecord]) -> None:
    """Write records and small predictions as a search leaves them, but without a sync for each file."""
    predictions = _small_predictions()
    for record in records:
        trial = folder.trial(record.trial_id)
        Path(trial.url).mkdir(parents=True)
        Path(trial.record).write_text(json.dumps({"format": FORMAT, **dataclasses.asdict(record)}))
        if record.state != "failed":
            Path(trial.predictions).write_bytes(predictions)


class Rungs:
    """The values at each rung so far, sorted: what Optuna's pruner finds by going over all trials."""

    def __init__(self) -> None:
        """Start without any."""
        self._values: dict[int, list[float]] = {epoch: [] for epoch in rung_epochs(EPOCHS)}

    def stops(self, epoch: int, value: float) -> bool:
        """Note a trial's value after an epoch; True where the trial ends there."""
        if epoch not in self._values:
            return False
        values = self._values[epoch]
        bisect.insort(values, value)
        return value > values[max(len(values) // REDUCTION_FACTOR - 1, 0)]


def _record(study: optuna.Study, domain: Domain, rungs: Rungs, number: int) -> TrialRecord:
    """Draw one trial and give it its end."""
    trial = study.ask()
    config = domain.suggest(trial)
    params = dict(trial.params)
    losses: list[float] = []
    stops = False
    while not stops and len(losses) < EPOCHS:
        losses.append(made_up_loss(params, number, len(losses) + 1))
        stops = rungs.stops(len(losses), losses[-1])
    state: TrialState = "failed" if number % NUM_FAILED_IN == NUM_FAILED_IN - 1 else "pruned" if stops else "complete"
    distributions = trial.distributions
    study.tell(trial, state=optuna.trial.TrialState.FAIL)
    return TrialRecord(
        number=number,
        trial_id=trial_id_of(number),
        config=config.to_json(),
        params=params,
        distributions={name: distribution_to_json(distribution) for name, distribution in distributions.items()},
        system_attrs={
            f"{RUNG_PREFIX}{index}": losses[epoch - 1]
            for index, epoch in enumerate(rung_epochs(EPOCHS))
            if epoch <= len(losses)
        },
        user_attrs={"origin": "sampler"},
        seed=number,
        state=state,
        epochs=tuple(made_up_report(epoch, loss) for epoch, loss in enumerate(losses, start=1)),
        started=float(number),
        ended=float(number + 1),
    )


def _small_predictions() -> bytes:
    """Return a predictions file of one row."""
    softmax = np.full((1, 10), 0.1, np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "predictions.npz")
        predictions = Predictions(
            trial_id="made up", rows=np.arange(1), softmax=softmax, test_softmax=softmax, data="made up"
        )
        write_predictions(str(path), predictions)
        return path.read_bytes()

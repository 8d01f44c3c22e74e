"""The one brain: an Optuna study in memory that samples, prunes and is told the truth, rebuilt from trial records.

The study is never stored by Optuna; `search.ledger` keeps the records from which `TrialStudy` rebuilds it, so that
its next decisions are those of a search that was never stopped.
"""

import functools
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.trial import BaseTrial, FrozenTrial, TrialState

from core.config import Config
from core.errors import StoredFileError
from core.seeds import derive_seed
from core.store.bulk import uncollected
from core.store.records import TrialRecord
from search.rungs import RungPruner
from search.sampler import EndedTrials, Sampler
from search.starts import Start

REDUCTION_FACTOR = 4
"""Of the trials that reach a rung, one in this many goes on (asynchronous successive halving's usual 3 or 4)."""
FIRST_RUNG_SHARE = 10
"""The first rung is after one epoch in this many. Replayed (benchmarks.search_replay, seeds 100 to 129, which score
nothing), a fifth and a factor of 3 take 0.40 of random search's epochs, a tenth and 4 take 0.27 to 0.33."""
NUM_RANDOM_TRIALS = 12
"""Trials that have ended before the sampler models what it saw; with a first rung so early they cost little. Replayed,
8 of them take 0.33 of random search's epochs, 12 take 0.25."""

SpaceFunction = Callable[[BaseTrial], Config]
_STATES = {
    "running": TrialState.RUNNING,
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}


def rung_epochs(epochs: int) -> tuple[int, ...]:
    """Return the epochs after which a trial of `epochs` epochs may be pruned, ascending, the last epoch left out."""
    rungs = []
    rung = first_rung(epochs)
    while rung < epochs:
        rungs.append(rung)
        rung *= REDUCTION_FACTOR
    return tuple(rungs)


def first_rung(epochs: int) -> int:
    """Return the first rung's epoch, 1 at least."""
    return max(1, epochs // FIRST_RUNG_SHARE)


class TrialStudy:
    """An Optuna study by trial numbers; minimises holdout log-loss."""

    def __init__(self, space: SpaceFunction, *, seed: int, epochs: int) -> None:
        """Start empty.

        Args:
            space: draws a configuration from an Optuna trial.
            seed: the study's seed, from which each trial's sampler seed is derived.
            epochs: of a whole training; places the rungs.
        """
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._space = space
        self._seed = seed
        self._storage = optuna.storages.InMemoryStorage()
        self._rungs = RungPruner(self._storage, first_rung=first_rung(epochs), reduction_factor=REDUCTION_FACTOR)
        self._ended = EndedTrials()
        self._study = optuna.create_study(
            storage=self._storage, direction="minimize", pruner=self._rungs, sampler=self._sampler(0)
        )
        self._id = self._storage.get_study_id_from_name(self._study.study_name)
        self._num_trials = 0
        self._open: dict[int, optuna.Trial] = {}

    @property
    def next_number(self) -> int:
        """The number that the next new trial gets."""
        return self._num_trials

    @uncollected()
    def rebuild(self, records: Iterable[TrialRecord], num_taken: int = 0) -> None:
        """Add recorded trials to the empty study.

        Args:
            records: in any order.
            num_taken: numbers below this were used; one whose record is lost counts as failed.
        """
        for record in sorted(records, key=lambda r: r.number):
            self._fail_numbers_below(record.number)
            self._storage.create_new_trial(self._id, frozen_trial(record))
            self._num_trials += 1
            self._rungs.note(record.system_attrs)
            if not record.has_ended:
                # a fresh sampler, so that reopening draws nothing from the next trial's
                self._study.sampler = optuna.samplers.RandomSampler(seed=0)
                self._open[record.number] = optuna.Trial(self._study, record.number)

        self._fail_numbers_below(num_taken)

    def _fail_numbers_below(self, number: int) -> None:
        """Fill the study with failed trials up to a number."""
        for _ in range(self.next_number, number):
            self._study.add_trial(optuna.trial.create_trial(state=TrialState.FAIL))
            self._num_trials += 1

    def ask(self, start: Start | None = None) -> tuple[int, Config]:
        """Open a new trial.

        Args:
            start: what it must be; left out, everything is drawn.

        Returns:
            Its number and configuration.
        """
        number = self.next_number
        if start is not None and start.params is not None:
            self._study.enqueue_trial(start.params)
        # Optuna's samplers restart their seed with the process: one seed a trial makes a resumed search the same.
        self._study.sampler = self._sampler(number)
        trial = self._open[number] = self._study.ask()
        self._num_trials += 1
        if start is not None and start.config is not None:
            return number, start.config
        return number, self._space(trial)

    def report(self, number: int, epoch: int, value: float) -> None:
        """Tell one epoch's holdout log-loss."""
        self._open[number].report(value, epoch)

    def should_prune(self, number: int) -> bool:
        """Ask the pruner about the trial's last reported epoch; at a rung this also notes the value there."""
        return self._open[number].should_prune()

    def complete(self, number: int, value: float) -> None:
        """Close a trial that ran all its epochs, with its best holdout log-loss."""
        self._study.tell(self._open.pop(number), value)

    def prune(self, number: int) -> None:
        """Close a trial that was stopped early; its curve stays."""
        self._study.tell(self._open.pop(number), state=TrialState.PRUNED)

    def fail(self, number: int) -> None:
        """Close a trial that ended in an error."""
        self._study.tell(self._open.pop(number), state=TrialState.FAIL)

    def sampler_memory(self, number: int) -> dict[str, Any]:
        """Return what a record keeps of the trial: params, distributions (JSON), system attributes."""
        frozen = self._storage.get_trial(self._storage.get_trial_id_from_study_id_trial_number(self._id, number))
        return {
            "params": dict(frozen.params),
            "distributions": {name: distribution_to_json(d) for name, d in frozen.distributions.items()},
            "system_attrs": json.loads(json.dumps(frozen.system_attrs)),
        }

    def _sampler(self, number: int) -> Sampler:
        """Return the sampler of one suggestion."""
        seed = derive_seed(self._seed, "sampler", number)
        return Sampler(self._ended, seed=seed, num_random_trials=NUM_RANDOM_TRIALS)


def check_memory(record: TrialRecord) -> None:
    """Raise StoredFileError where Optuna cannot make a trial of what the record remembers."""
    try:
        frozen_trial(record)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise StoredFileError(f"{record.trial_id}/trial.json is no record of a trial of this study: {error}") from error


class RecordedTrial(FrozenTrial):
    """A trial that nobody changes, storages included: they replace what they hold. So it is its own copy."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "RecordedTrial":
        """Return the trial itself; to copy each knob of each trial takes longer than to read the records."""
        return self


def frozen_trial(record: TrialRecord) -> RecordedTrial:
    """Return the record as the Optuna trial that it was; user attributes are left out.

    Raises:
        ValueError: what was drawn and what it was drawn from do not fit.
    """
    state, best = _STATES[record.state], record.best
    ended = record.started if record.ended is None else record.ended
    trial = RecordedTrial(
        number=-1,
        trial_id=-1,
        state=state,
        value=best.log_loss if record.state == "complete" and best is not None else None,
        params=record.params,
        distributions={name: _distribution_of(text) for name, text in record.distributions.items()},
        user_attrs={},
        system_attrs=record.system_attrs,
        intermediate_values={epoch.epoch: epoch.log_loss for epoch in record.epochs},
        datetime_start=datetime.fromtimestamp(record.started),
        datetime_complete=datetime.fromtimestamp(ended) if state.is_finished() else None,
    )
    trial._validate()
    return trial


@functools.lru_cache(maxsize=4096)
def _distribution_of(text: str) -> BaseDistribution:
    """Return a knob's range; a study's trials have few different ones, and nobody changes them."""
    return json_to_distribution(text)

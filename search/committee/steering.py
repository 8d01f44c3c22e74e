"""The committee's side of Tune's loop: trainings in the order of the plan, each to its last epoch.

Nothing here is told to the sampler, the pruner or the leaderboard; no training is ended early, since one of another
length would be another member.
"""

import time
from dataclasses import dataclass, field

from core.store.records import EpochReport
from search.committee.plan import Training
from search.ledger import Ending, Worker
from search.watch import Assignment, Watch

COMMITTEE = "committee"
"""Origin of a training that no search asked for."""
REFIT = "refit"
"""Origin of a training on every row: the scores in its record are of rows that it was trained on."""


@dataclass(kw_only=True)
class CommitteeSteering(Watch):
    """The state of one start of a committee."""

    trainings: list[Training]
    _waiting: list[Training] = field(default_factory=list)

    def resume(self) -> None:
        """Queue what has not ended well; a training that failed in an earlier start is tried once more."""
        self.ledger.load(training.trial_id for training in self.trainings)
        self.ledger.reopen_failed()
        ended = {record.number for record in self.ledger.ended}
        self._waiting = [training for training in self.trainings if training.number not in ended]

    @property
    def is_done(self) -> bool:
        """True once every training has ended well."""
        return len(self.ledger.ranked) == len(self.trainings)

    def next_trial(self) -> Assignment | None:
        """Return the next training, or None where none is left to start."""
        if self.stop_reason is not None or self.is_time_up or not self._waiting:
            return None
        training = self._waiting.pop(0)
        if training.number in self.ledger:
            record = self.ledger[training.number]
        else:
            origin = COMMITTEE if training.is_scored else REFIT
            record = self.ledger.open(
                training.number, training.config, training.seed, {}, origin, trial_id=training.trial_id
            )
        return self._begin(record, split=training.split, is_scored=training.is_scored)

    def report(self, number: int, epoch: EpochReport, *, worker: Worker, has_predictions: bool) -> bool:
        """Take one epoch's report; True after the last, and where another would overrun the time budget.

        What the time budget ends stays on disk as it is, to go on from its checkpoint in another start.
        """
        is_last = epoch.epoch >= self.ledger[number].config["train"]["epochs"]
        ending = Ending(state="complete") if is_last else None
        record = self.ledger.add_epoch(number, epoch, {}, ending=ending, worker=worker)
        self._heard_from(record)
        is_late = self.deadline is not None and time.time() + epoch.seconds > self.deadline
        if is_last:
            self._failures_in_a_row.clear()
        if is_last or is_late:
            self.running.discard(number)
        self.on_change()
        return is_last or is_late

    def fail(self, number: int, error: str, trace: str = "") -> None:
        """Take the news that a training ended in an error; its configuration has no vote until it ends well."""
        if number in self.running and self.stop_reason is None:
            self._lose(number, error, trace)

    def _requeue(self, number: int) -> None:
        """Let a training that has begun be the next one that is handed out."""
        self._waiting.insert(0, next(training for training in self.trainings if training.number == number))

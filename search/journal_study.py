"""Trial records as the operations of Optuna's journal, whose format is Optuna's own affair."""

import json
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from core.store.records import TrialRecord
from search.study import frozen_trial

METRIC = "log-loss"
METRIC_NAMES = "study:metric_names"
"""Where Optuna keeps them among a study's system attributes."""
LOST = "its record is lost"


class JournalStudy:
    """The study that a journal holds, and what is to be appended for it to hold the records."""

    def __init__(self, whole: bytes, name: str, records: list[TrialRecord], num_taken: int) -> None:
        """Read a journal's whole lines and note what they lack.

        Args:
            whole: the lines; none for a new journal.
            name: the study's.
            records: all of the study, by number.
            num_taken: numbers below this were used; one whose record is lost counts as failed.

        Raises:
            Exception: they are no journal of this study, whatever Optuna's reader makes of them.
        """
        lines = _Lines(whole)
        self.fresh = lines.fresh
        """Lines that the file has not yet, for the caller to take out."""
        self._storage = JournalStorage(lines)
        self._id = self._find(name, {record.number: record for record in records}, num_taken)
        self._num_trials = len(self._storage.get_all_trials(self._id, deepcopy=False))
        for record in records:
            self.add(record)
        self._fail_numbers_below(num_taken)

    def add(self, record: TrialRecord) -> None:
        """Note what the journal lacks of a record."""
        self._fail_numbers_below(record.number)
        if record.number == self._num_trials:
            self._create(_viewed(record))
            return
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(self._id, record.number)
        noted = self._storage.get_trial(trial_id)
        if noted.state.is_finished():
            return
        trial = _viewed(record)
        for epoch, log_loss in trial.intermediate_values.items():
            if epoch not in noted.intermediate_values:
                self._storage.set_trial_intermediate_value(trial_id, epoch, log_loss)
        for name, value in trial.user_attrs.items():
            if noted.user_attrs.get(name) != value:
                self._storage.set_trial_user_attr(trial_id, name, value)
        if trial.state.is_finished():
            self._storage.set_trial_state_values(trial_id, trial.state, trial.values)

    def _find(self, name: str, records: dict[int, TrialRecord], num_taken: int) -> int:
        """Return the study's id, a new one's where the journal has none or contradicts the records."""
        storage = self._storage
        if all(study.study_name != name for study in storage.get_all_studies()):
            if storage.get_all_studies():
                raise ValueError("a journal of other studies")
            return self._create_study(name)
        found = storage.get_study_id_from_name(name)
        trials = storage.get_all_trials(found, deepcopy=False)
        is_named = storage.get_study_system_attrs(found).get(METRIC_NAMES) == [METRIC]
        is_of_records = len(trials) <= max([num_taken, *(number + 1 for number in records)])
        if is_named and is_of_records and all(_agree(trial, records.get(trial.number)) for trial in trials):
            return found
        # a deletion is a line like any other, after which readers that have the file open go on
        storage.delete_study(found)
        return self._create_study(name)

    def _create_study(self, name: str) -> int:
        """Note a new study and return its id."""
        created = self._storage.create_new_study([StudyDirection.MINIMIZE], name)
        self._storage.set_study_system_attr(created, METRIC_NAMES, [METRIC])
        return created

    def _fail_numbers_below(self, number: int) -> None:
        """Note lost trials up to a number, as the study in memory does."""
        while self._num_trials < number:
            self._create(create_trial(state=TrialState.FAIL, user_attrs={"error": LOST}))

    def _create(self, trial: FrozenTrial) -> None:
        """Note a new trial as it is."""
        self._storage.create_new_trial(self._id, trial)
        self._num_trials += 1


class _Lines(BaseJournalBackend):
    """A journal file's lines in memory."""

    def __init__(self, whole: bytes) -> None:
        self._unread = [json.loads(line) for line in whole.split(b"\n")[:-1]]
        self.fresh = bytearray()
        """Lines that the file has not yet."""

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """Return what the one storage that reads here has not read."""
        unread, self._unread = self._unread, []
        return unread

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Take lines from the storage, and give them back as a file would."""
        for log in logs:
            line = json.dumps(log, separators=(",", ":"))
            self.fresh += line.encode() + b"\n"
            self._unread.append(json.loads(line))


def _viewed(record: TrialRecord) -> FrozenTrial:
    """Return the record as readers see it: with the reason of its end, without what sampler and pruner remember."""
    trial = frozen_trial(record)
    trial.user_attrs = record.user_attrs | ({"error": record.error} if record.error else {})
    trial.system_attrs = {}
    return trial


def _agree(noted: FrozenTrial, record: TrialRecord | None) -> bool:
    """True where a journal's trial is the record's, or is on the way to it."""
    if record is None:
        return noted.state == TrialState.FAIL
    trial = _viewed(record)
    if noted.params != trial.params or noted.distributions != trial.distributions:
        return False
    if noted.state == TrialState.RUNNING:
        return noted.intermediate_values.items() <= trial.intermediate_values.items()
    ends = [(t.state, t.value, t.intermediate_values) for t in (noted, trial)]
    return ends[0] == ends[1] and trial.user_attrs.items() <= noted.user_attrs.items()

"""What search.html is made from: a study's manifest and all of its records that can be read."""

from collections.abc import Iterable
from dataclasses import dataclass

from core.errors import StoredFileError
from core.store.bulk import Listing, uncollected
from core.store.committee import CommitteeFolder
from core.store.manifest import Manifest, read_manifest
from core.store.records import TrialRecord, read_record
from core.store.study import StudyFolder
from search.standings import merit_of
from search.study import check_memory, rung_epochs


@dataclass(frozen=True, kw_only=True)
class SearchRecords:
    """A study as its folder tells it at one moment."""

    folder: StudyFolder
    manifest: Manifest
    trials: tuple[TrialRecord, ...]
    """Of the search, by number."""
    committee: tuple[TrialRecord, ...] = ()
    """Trainings of stage two, by number."""
    damaged: tuple[str, ...] = ()
    """Trials that are left out, a line each: which, and why."""

    @property
    def ranked(self) -> list[TrialRecord]:
        """Complete and pruned trials by best holdout log-loss; ties: the lower number first."""
        return sorted((record for record in self.trials if is_scored(record)), key=merit_of)

    @property
    def num_holdout(self) -> int | None:
        """Rows that score; None where an older manifest does not say."""
        found = self.manifest.split.get("num_holdout")
        return found if isinstance(found, int) else None

    @property
    def epochs(self) -> int:
        """Of a whole training: the most that a configuration has."""
        return max((planned_epochs(record) for record in self.trials), default=0)

    @property
    def rungs(self) -> tuple[int, ...]:
        """Epochs after which trials may be pruned."""
        return rung_epochs(self.epochs) if self.epochs and self.manifest.command == "search" else ()


def read_search(folder: StudyFolder) -> SearchRecords:
    """Read a study's manifest and records; a torn record costs that trial alone.

    Raises:
        FileNotFoundError, StoredFileError: there is no manifest, or it is torn.
        StudyError: the object store does not answer or refuses.
    """
    manifest = read_manifest(folder.manifest)
    trials, damaged = _read_all(folder)
    committee, damaged_too = _read_all(CommitteeFolder(folder.url))
    return SearchRecords(
        folder=folder, manifest=manifest, trials=trials, committee=committee, damaged=(*damaged, *damaged_too)
    )


def is_scored(record: TrialRecord) -> bool:
    """True for a trial with a score that counts: complete, or ended early with the epochs it has."""
    return record.state in ("complete", "pruned")


def planned_epochs(record: TrialRecord) -> int:
    """Return how many epochs a record's configuration asks for; those it has where it does not say."""
    train = record.config.get("train")
    found = train.get("epochs") if isinstance(train, dict) else None
    return found if isinstance(found, int) and found > 0 else len(record.epochs)


@uncollected()
def _read_all(folder: StudyFolder) -> tuple[tuple[TrialRecord, ...], list[str]]:
    """Return the records of a folder's trials by number, and a line for each that is damaged."""
    ids = folder.trial_ids()
    if not ids:
        return (), []
    found: Iterable[TrialRecord | FileNotFoundError | StoredFileError] = Listing(folder.above_trials).read_each(
        [folder.trial(trial_id).record for trial_id in ids], _sound_record
    )
    records, damaged = [], []
    for trial_id, record in zip(ids, found, strict=True):
        if isinstance(record, StoredFileError):
            damaged.append(f"{trial_id}: {record}")
        elif isinstance(record, TrialRecord):  # none yet where the search was killed before it was there
            if record.trial_id == trial_id and record.number == folder.number_of(trial_id):
                records.append(record)
            else:
                damaged.append(f"{trial_id}: its trial.json is the record of {record.trial_id}")
    return tuple(sorted(records, key=lambda record: record.number)), damaged


def _sound_record(url: str, data: bytes | None) -> TrialRecord:
    """Read a record whose knobs and ranges fit."""
    record = read_record(url, data)
    check_memory(record)
    return record

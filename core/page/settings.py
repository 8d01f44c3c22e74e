"""What `python -m core.page` can be told, and the trial that it shows unless told."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.records import TrialRecord, read_record
from core.store.study import StudyFolder


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """Settings of one page."""

    study: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="STUDY_DIR")]
    """The study's folder (or its fsspec URL), such as runs/first."""
    trial: Annotated[str | None, tyro.conf.arg(metavar="ID", help_behavior_hint="")] = None
    """A trial of a search, such as t000005; of one whose model.keras was not kept there are no activations.
    Left out: the one of least holdout log-loss among those that kept their model."""


def trial_to_show(settings: PageSettings) -> str:
    """Return the id of the trial that the settings name, or the best one that kept its model.

    Raises:
        StudyError: there is no such study or trial, or none that has ended.
    """
    folder = StudyFolder(settings.study)
    folder.require_exists()
    trial_ids = folder.trial_ids()
    if settings.trial is not None:
        if settings.trial not in trial_ids:
            raise StudyError(f"--trial must be one of {folder.url}'s trials, such as t000005, got {settings.trial}")
        return settings.trial
    records = [record for trial_id in trial_ids if (record := _ended(folder, trial_id)) is not None]
    if not records:
        raise StudyError(f"{folder.url} must have a trial that has ended, and has none yet")
    with_model = [record for record in records if files.exists(folder.trial(record.trial_id).model)]
    return min(with_model or records, key=_log_loss).trial_id


def _ended(folder: StudyFolder, trial_id: str) -> TrialRecord | None:
    """Return a trial's record where it can be shown."""
    try:
        record = read_record(folder.trial(trial_id).record)
    except (FileNotFoundError, StoredFileError):
        return None
    return record if record.state in ("complete", "pruned") else None


def _log_loss(record: TrialRecord) -> tuple[float, int]:
    """Return what sorts the better trial first; ties: the earlier."""
    assert record.best is not None, "an ended trial has epochs"
    return record.best.log_loss, record.number

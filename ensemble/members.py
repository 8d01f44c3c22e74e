"""Who may vote: the trials that ended with sound predictions, and files that someone adds.

A trial whose predictions are missing is left out, with a warning. Predictions that are torn, no softmax, or of another
data set or other rows stop the whole command by the file's name: a vote that quietly went on would replace a better
submission, and one over rows that do not belong together has no meaning. Among several studies torn predictions cost
their trial alone, with a warning: one study's damage is not to stop the others.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from core.errors import StoredFileError, StudyError
from core.store.bulk import Listing, Unread, read_each, uncollected
from core.store.dataset import DataSummary
from core.store.predictions import Predictions, read_predictions
from core.store.records import STATES, TrialRecord, read_record
from core.store.study import StudyFolder
from ensemble.rows import ScoredRows, holdout_of, softmax_in_order
from ensemble.shortlist import read_best

VOTING_STATES = ("complete", "pruned")
ADDED = "added"
AGAIN = "the same search, started again, trains it anew"


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """One who may vote. The test softmax stays on disk until the candidate is chosen."""

    member_id: str
    """The trial's id, or the file as it was given to --add-member."""
    urls: tuple[str, ...]
    """Its predictions files: one, or those of a committee's trainings. The test rows' softmax is their mean.
    Empty where --refit asks for trainings on every row, and this one has none."""
    digests: tuple[bytes, ...]
    """Of each file's softmax when it was read."""
    state: str
    """complete, pruned, committee, or added."""
    epoch: int
    """The epoch whose weights predicted; 0 where unknown."""
    config: dict[str, Any]
    """`core.config.Config.to_json`; empty where unknown."""
    softmax: np.ndarray  # (num_rows, num_classes) float32, in the order of the scored rows
    model_urls: tuple[str, ...] = ()
    """The models that predicted, where they may have been kept."""
    views: int = 1
    """Views of an image over which these models' predictions are averaged."""
    plain_id: str | None = None
    """The candidate of which this one is the same models' predictions over more views."""

    @property
    def trial_id(self) -> str:
        """The trial whose configuration it is, or the added file."""
        return self.member_id if self.plain_id is None else self.plain_id


@dataclass(kw_only=True)
class TrialSurvey:
    """What a study's trials have to offer."""

    rows: ScoredRows
    """What they are compared on."""
    candidates: list[Candidate] = field(default_factory=list)
    """Those that may vote, by trial number."""
    num_by_state: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    """How many trials are in each state."""
    left_out: list[str] = field(default_factory=list)
    """One sentence for each trial that should be here and is not."""
    unfinished: list[str] = field(default_factory=list)
    """One sentence for each candidate that will be more than it is."""
    skips_damaged: bool = False
    """Whether torn predictions cost their trial alone; else they stop the vote."""
    num_unread: int = 0
    """Trials whose predictions were not looked at, as so many others have a better score in their records."""


def survey_trials(
    study: StudyFolder, data: DataSummary, *, most: int | None = None, skip_damaged: bool = False
) -> TrialSurvey:
    """Read the records of all trials, and the holdout softmax of those that ended complete or pruned.

    Args:
        study: its folder.
        data: its data.
        most: candidates; of more trials those of least log-loss by their records. None for all.
        skip_damaged: leave a trial out whose predictions are torn.

    Raises:
        StoredFileError: a predictions file is torn, or belongs to another data set, to other rows or to other classes.
    """
    survey = TrialSurvey(rows=holdout_of(data), skips_damaged=skip_damaged)
    listing = Listing(study.above_trials)
    records = sorted(_readable_records(study, listing, survey), key=lambda r: (r.number, r.trial_id))
    for record in records:
        survey.num_by_state[record.state] += 1
    voting = [record for record in records if record.state in VOTING_STATES]

    def read(some: Sequence[TrialRecord]) -> int:
        num_before = len(survey.candidates)
        urls = [study.trial(record.trial_id).predictions for record in some]
        for record, found in zip(some, listing.read_each(urls, read_predictions), strict=True):
            _add_trial(study, record, found, data, survey)
        return len(survey.candidates) - num_before

    survey.num_unread = len(read_best(voting, most, read))
    places = {record.trial_id: place for place, record in enumerate(voting)}
    survey.candidates.sort(key=lambda candidate: places[candidate.member_id])
    return survey


def read_added_member(url: str, data: DataSummary, rows: ScoredRows) -> Candidate:
    """Read a file given to --add-member.

    Raises:
        StoredFileError: it is missing, torn, or not of this study's data, rows, classes and test rows.
    """
    try:
        predictions = read_predictions(url)
    except FileNotFoundError as error:
        raise StoredFileError(f"--add-member {url}: there is no such file") from error
    require_same_data(url, predictions, data)
    return _candidate(url, url, ADDED, predictions, rows)


def read_test_softmax(candidate: Candidate, data: DataSummary) -> np.ndarray:
    """Return a candidate's softmax of the test rows, (num_test, num_classes) float32: the mean over its files.

    Raises:
        StoredFileError: a file is no longer what it was when the candidate was read.
        StudyError: it was to be trained on every row, and has not been.
    """
    if not candidate.urls:
        raise StudyError(
            f"--refit needs {candidate.member_id} trained on every row, and it is not. Start the search again with "
            "--refit, or vote without it"
        )
    total = np.zeros((len(data.test_ids), len(data.class_names)))
    read = read_each(candidate.urls, read_predictions)
    for url, digest, found in zip(candidate.urls, candidate.digests, read, strict=True):
        if isinstance(found, StoredFileError):
            raise found
        if not isinstance(found, FileNotFoundError):
            require_same_data(url, found, data)
        if isinstance(found, FileNotFoundError) or digest_of(found) != digest:
            raise StoredFileError(f"{url} changed while its votes were counted. Vote again")
        total += found.test_softmax
    return (total / len(candidate.urls)).astype(np.float32)


def digest_of(predictions: Predictions) -> bytes:
    """Return a digest of the rows, their softmax and that of the test rows (all there is, where no row is scored)."""
    digest = hashlib.blake2b(np.ascontiguousarray(predictions.rows).data, digest_size=16)
    for softmax in (predictions.softmax, predictions.test_softmax):
        digest.update(np.ascontiguousarray(softmax).tobytes())
    return digest.digest()


def require_same_data(url: str, predictions: Predictions, data: DataSummary) -> None:
    """Raise StoredFileError unless data set, classes and test rows are the study's."""
    if predictions.data != data.fingerprint:
        raise StoredFileError(
            f"{url} must be of the study's data set {short(data.fingerprint)}, got {short(predictions.data)}. "
            "Only members that predicted the same data can vote together"
        )
    num_classes, num_test = predictions.softmax.shape[1], len(predictions.test_softmax)
    if num_classes != len(data.class_names):
        raise StoredFileError(f"{url} must have the study's {len(data.class_names)} classes, got {num_classes}")
    if num_test != len(data.test_ids):
        raise StoredFileError(f"{url} must have softmax of the study's {len(data.test_ids)} test rows, got {num_test}")


def short(fingerprint: str) -> str:
    """Return as much of a fingerprint as a message needs."""
    return repr(fingerprint[:12] + ("..." if len(fingerprint) > 12 else ""))


@uncollected()
def _readable_records(study: StudyFolder, listing: Listing, survey: TrialSurvey) -> list[TrialRecord]:
    """Return all sound trial.json; the others' trials are noted in `survey`."""
    records, ids = [], study.trial_ids()
    urls = [study.trial(trial_id).record for trial_id in ids]
    for trial_id, url, found in zip(ids, urls, listing.read_each(urls, read_record), strict=True):
        if isinstance(found, Exception):
            _leave_out(trial_id, url, found, survey)
        elif found.trial_id != trial_id:
            _leave_out(trial_id, url, StoredFileError(f"{url} is the record of trial {found.trial_id}"), survey)
        else:
            records.append(found)
    return records


def _add_trial(
    study: StudyFolder, record: TrialRecord, predictions: Predictions | Unread, data: DataSummary, survey: TrialSurvey
) -> None:
    """Add an ended trial to `survey`, as a candidate or as one that is left out."""
    url = study.trial(record.trial_id).predictions
    if isinstance(predictions, FileNotFoundError):
        _leave_out(record.trial_id, url, predictions, survey)
        return
    if isinstance(predictions, StoredFileError):
        if survey.skips_damaged:
            survey.left_out.append(f"trial {record.trial_id} is left out: {predictions}. Once deleted, {AGAIN}")
            return
        # a vote that quietly went on would replace a better submission
        raise StoredFileError(
            f"{predictions}. Once deleted, the vote does without trial {record.trial_id}, and {AGAIN}"
        ) from predictions
    require_same_data(url, predictions, data)
    if predictions.split != data.split:
        raise StoredFileError(
            f"{url} must be of the study's split {short(data.split)}, got {short(predictions.split)}. "
            f"Move trial {record.trial_id} out of the study"
        )
    candidate = _candidate(record.trial_id, url, record.state, predictions, survey.rows, record.config)
    model = study.trial(record.trial_id).model
    survey.candidates.append(replace(candidate, model_urls=(model,), views=int(record.config.get("views", 1))))


def _leave_out(trial_id: str, url: str, error: Exception, survey: TrialSurvey) -> None:
    """Note why a trial does not vote, and what brings it back."""
    reason = f"{url} is missing" if isinstance(error, FileNotFoundError) else str(error)
    survey.left_out.append(f"trial {trial_id} is left out: {reason}. To have its vote, start the search again")


def _candidate(
    member_id: str,
    url: str,
    state: str,
    predictions: Predictions,
    rows: ScoredRows,
    config: dict[str, Any] | None = None,
) -> Candidate:
    """Build a Candidate from predictions of the study's own data."""
    return Candidate(
        member_id=member_id,
        urls=(url,),
        digests=(digest_of(predictions),),
        state=state,
        epoch=predictions.epoch,
        config=predictions.config if config is None else config,
        softmax=softmax_in_order(url, predictions, rows),
    )

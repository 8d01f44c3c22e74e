"""A committee's candidates: whole configurations, with out-of-fold softmax of every train row.

A row's softmax is by the training that had not seen the row, meaned over repeats; the test rows' is the mean over all
folds and repeats. A configuration counts once one repeat of all its folds has ended.
"""

import dataclasses
from typing import Any

import numpy as np

from core.errors import StoredFileError
from core.store.bulk import Listing, Unread, read_each
from core.store.committee import ALL_ROWS, CommitteeFolder, CommitteePlan, read_plan, training_id_of
from core.store.dataset import DataSummary
from core.store.predictions import Predictions, read_predictions
from core.store.records import read_record
from core.store.study import StudyFolder, TrialFolder
from ensemble.members import AGAIN, Candidate, TrialSurvey, digest_of, require_same_data
from ensemble.rows import ScoredRows, all_rows_of

COMMITTEE = "committee"
"""State of a member that is a whole configuration."""


def survey_committee(
    study: StudyFolder, data: DataSummary, *, refit: bool, skip_damaged: bool = False
) -> TrialSurvey | None:
    """Read a study's committee; None where it has none.

    Args:
        study: its folder.
        data: its data.
        refit: the test rows' softmax is by the trainings on every row.
        skip_damaged: leave a configuration out whose predictions are torn.

    Raises:
        StoredFileError: the plan or a predictions file is torn, or of other data or rows.
    """
    folder = CommitteeFolder(study.url)
    try:
        plan = read_plan(folder.plan)
    except FileNotFoundError:
        return None
    survey = TrialSurvey(rows=all_rows_of(data))
    trainings = _Trainings(folder, plan)
    for member in plan.members:
        ended = [repeat for repeat in range(plan.num_repeats) if trainings.have_ended(member, repeat)]
        num_whole = len(ended)
        survey.num_by_state["complete"] += num_whole * plan.num_folds
        if not ended:
            survey.left_out.append(
                f"{member['trial']} of the committee is left out: not all of its {plan.num_folds} folds have ended "
                f"with their predictions{trainings.failure(member)}. Start the search again to go on"
            )
            continue
        if num_whole < plan.num_repeats:
            survey.unfinished.append(
                f"{member['trial']} of the committee votes with {num_whole} of {plan.num_repeats} repeats, the others "
                f"have not ended{trainings.failure(member)}. Start the search again to go on"
            )
        try:
            survey.candidates += _candidates(trainings, member, ended, data, survey.rows, refit=refit)
        except _DamagedError as error:
            if not skip_damaged:
                raise
            survey.left_out.append(f"{member['trial']} of the committee is left out: {error}")
    return survey


class _DamagedError(StoredFileError):
    """A training's predictions are torn."""


class _Trainings:
    """A committee's folder with the records of its trainings over folds."""

    def __init__(self, folder: CommitteeFolder, plan: CommitteePlan) -> None:
        """Read the records; those that are missing or torn are of trainings that the next start does again."""
        self.folder, self.plan = folder, plan
        self.listing = Listing(folder.above_trials)
        ids = [
            training_id_of(member["trial"], fold, repeat)
            for member in plan.members
            for repeat in range(plan.num_repeats)
            for fold in range(plan.num_folds)
        ]
        read = self.listing.read_each([folder.trial(training_id).record for training_id in ids], read_record)
        found = zip(ids, read, strict=True)
        self._records = {training_id: one for training_id, one in found if not isinstance(one, Exception)}

    def have_ended(self, member: dict[str, Any], repeat: int) -> bool:
        """True where every fold of a repeat was trained to its end and its predictions are there."""
        return all(
            self._is_complete(training_id_of(member["trial"], fold, repeat)) for fold in range(self.plan.num_folds)
        )

    def failure(self, member: dict[str, Any]) -> str:
        """Return the first error that a training of a configuration ended in, as the end of a clause; or nothing."""
        for repeat in range(self.plan.num_repeats):
            for fold in range(self.plan.num_folds):
                training_id = training_id_of(member["trial"], fold, repeat)
                record = self._records.get(training_id)
                if record is not None and record.state == "failed" and record.error:
                    return f" ({training_id} failed: {record.error})"
        return ""

    def _is_complete(self, training_id: str) -> bool:
        """True where a training ended well; what did not is trained by the next start."""
        training, num_views = self.folder.trial(training_id), self.plan.views
        urls = [training.predictions] + ([training.predictions_of(num_views)] if num_views > 1 else [])
        record = self._records.get(training_id)
        return record is not None and record.state == "complete" and all(self.listing.has(url) for url in urls)


def _candidates(
    known: _Trainings,
    member: dict[str, Any],
    repeats: list[int],
    data: DataSummary,
    rows: ScoredRows,
    *,
    refit: bool,
) -> list[Candidate]:
    """Return a configuration's candidate, and where it has them that of its predictions over more views."""
    folder, plan = known.folder, known.plan
    trial_id = member["trial"]
    trainings = [
        folder.trial(training_id_of(trial_id, fold, repeat)) for repeat in repeats for fold in range(plan.num_folds)
    ]
    refits = [folder.trial(training_id_of(trial_id, ALL_ROWS, repeat)) for repeat in repeats] if refit else []
    plain = _candidate(trial_id, [training.predictions for training in trainings], member, plan, data, rows)
    plain = _with_tests(plain, trainings, refits, [refitted.predictions for refitted in refits], data, known.listing)
    if plan.views == 1:
        return [plain]
    urls = [training.predictions_of(plan.views) for training in trainings]
    more = _candidate(f"{trial_id} ({plan.views} views)", urls, member, plan, data, rows)
    more = dataclasses.replace(more, views=plan.views, plain_id=trial_id)
    return [
        plain,
        _with_tests(
            more, trainings, refits, [refitted.predictions_of(plan.views) for refitted in refits], data, known.listing
        ),
    ]


def _candidate(
    member_id: str,
    urls: list[str],
    member: dict[str, Any],
    plan: CommitteePlan,
    data: DataSummary,
    rows: ScoredRows,
) -> Candidate:
    """Return the candidate of these predictions files, which together hold every row equally often."""
    total = np.zeros((len(rows.numbers), len(data.class_names)))
    counts = np.zeros(len(rows.numbers), dtype=np.int64)
    digests = []
    for url, found in zip(urls, read_each(urls, read_predictions), strict=True):
        predictions = _require_sound(url, found, data)
        if (
            len(np.unique(predictions.rows)) != len(predictions.rows)
            or not np.isin(predictions.rows, rows.numbers).all()
        ):
            raise StoredFileError(f"{url} must hold rows of the train file, each once. Delete it and search again")
        total[predictions.rows] += predictions.softmax
        counts[predictions.rows] += 1
        digests.append(digest_of(predictions))
    if counts.min() != counts.max() or counts.min() == 0:
        raise StoredFileError(
            f"the folds of {member_id} in {urls[0].rpartition('/')[0]} and beside it must hold every train row equally "
            "often, and do not. Delete the study's folder committee/ and search again"
        )
    return Candidate(
        member_id=member_id,
        urls=tuple(urls),
        digests=tuple(digests),
        state=COMMITTEE,
        epoch=plan.epochs,
        config=member["config"],
        views=int(member["config"].get("views", 1)),
        softmax=(total / counts[:, None]).astype(np.float32),
    )


def _with_tests(
    candidate: Candidate,
    trainings: list[TrialFolder],
    refits: list[TrialFolder],
    urls: list[str],
    data: DataSummary,
    listing: Listing,
) -> Candidate:
    """Return the candidate with its models; its test rows are those of the refits where there are any."""
    if not refits:
        return dataclasses.replace(candidate, model_urls=tuple(training.model for training in trainings))
    models = tuple(refitted.model for refitted in refits)
    if not all(listing.has(url) for url in urls):  # of one that has not voted: refits are of those that do
        return dataclasses.replace(candidate, urls=(), digests=(), model_urls=models)
    found = zip(urls, read_each(urls, read_predictions), strict=True)
    digests = tuple(digest_of(_require_sound(url, one, data)) for url, one in found)
    return dataclasses.replace(candidate, urls=tuple(urls), digests=digests, model_urls=models)


def _require_sound(url: str, predictions: Predictions | Unread, data: DataSummary) -> Predictions:
    """Return a training's predictions as they were read, of the study's data."""
    if isinstance(predictions, FileNotFoundError):
        raise StoredFileError(f"{url} is missing. Start the same search again to have it trained") from predictions
    if isinstance(predictions, StoredFileError):  # a vote that quietly went on would replace a better submission
        raise _DamagedError(
            f"{predictions}. Once deleted, the vote does without this configuration, and {AGAIN}"
        ) from predictions
    require_same_data(url, predictions, data)
    return predictions

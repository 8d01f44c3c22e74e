"""Who may vote in a study: its trials or its committee, and whom the settings add."""

from core.errors import StoredFileError, StudyError
from core.store.dataset import DataSummary, read_data_summary
from core.store.manifest import read_manifest
from core.store.study import StudyFolder
from ensemble.committee import survey_committee
from ensemble.members import Candidate, TrialSurvey, read_added_member, require_candidates, survey_trials
from ensemble.method import most_read
from ensemble.settings import EnsembleSettings

LEAST_COMMITTEE = 2
"""Whole configurations from which on a committee that is not yet finished votes in place of the trials."""


def read_study_data(study: StudyFolder) -> DataSummary:
    """Read the study's data.npz and check that it belongs to its manifest."""
    study.require_exists()
    manifest = read_manifest(study.manifest)
    try:
        data = read_data_summary(study.data)
    except FileNotFoundError as error:
        raise StoredFileError(f"{study.data} is missing. Start the same search again to rewrite it") from error
    expected = manifest.data.get("fingerprint")
    if data.fingerprint != expected:
        raise StoredFileError(
            f"{study.data} must be of the data set that study.json names, {expected!r}, got {data.fingerprint!r}. "
            "Start the same search again to rewrite it"
        )
    if len(data.holdout_rows) == 0:
        raise StudyError(f"{study.data} must name holdout rows to score members on, got none")
    return data


def candidates_of(settings: EnsembleSettings, data: DataSummary) -> tuple[TrialSurvey, TrialSurvey, list[Candidate]]:
    """Return what the trials offer, what those offer that are to vote, and all candidates, added ones too.

    Args:
        settings: which study, who may vote, whom to add.
        data: the study's.

    Raises:
        StudyError: nobody can vote, or a committee is asked for and there is none that is whole.
        StoredFileError: a file of the study is torn, or of other data or rows.
    """
    study = StudyFolder(settings.study)
    trials, survey = _surveys(study, data, settings)
    added = [read_added_member(url, data, survey.rows) for url in settings.add_member]
    if not added:
        require_candidates(study, survey)
    return trials, survey, survey.candidates + added


def _surveys(study: StudyFolder, data: DataSummary, settings: EnsembleSettings) -> tuple[TrialSurvey, TrialSurvey]:
    """Return what the trials offer, and what those offer that are to vote: the trials again, or the committee.

    Raises:
        StudyError: a committee is asked for and there is none that is whole.
    """
    trials = survey_trials(study, data, most=most_read(settings, data))
    if settings.among == "trials":
        return trials, trials
    committee = survey_committee(study, data, refit=settings.refit)
    num_whole = 0 if committee is None else sum(one.plain_id is None for one in committee.candidates)
    is_asked_for = settings.among == "committee" or settings.refit
    is_enough = num_whole >= LEAST_COMMITTEE or is_asked_for or (committee is not None and not committee.left_out)
    if committee is not None and num_whole > 0 and is_enough:
        return trials, committee
    if is_asked_for:
        option = "--refit" if settings.refit else "--among committee"
        raise StudyError(
            f"{option} needs a committee of which a configuration is trained on all folds, and {study.url} has none. "
            "Train one with `python -m search --committee K`, or start it again to go on"
        )
    if committee is not None:
        trials.left_out.append(
            f"the committee has no vote yet: {num_whole} of its configurations are trained on all folds, and it takes "
            f"{LEAST_COMMITTEE}. Start the search again to go on"
        )
    return trials, trials

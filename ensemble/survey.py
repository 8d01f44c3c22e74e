"""Who may vote: the trials or the committees of the studies, and whom the settings add."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import StudyError
from ensemble.committee import survey_committee
from ensemble.members import Candidate, TrialSurvey, read_added_member, survey_trials
from ensemble.method import most_read
from ensemble.pool import pool, require_anybody
from ensemble.settings import EnsembleSettings
from ensemble.studies import OpenStudy

LEAST_COMMITTEE = 2
"""Whole configurations from which on a committee that is not yet finished votes in place of the trials."""


@dataclass(frozen=True, kw_only=True)
class Electorate:
    """Who may vote, and what they come from."""

    trials_of: tuple[TrialSurvey, ...]
    """What each study's trials offer, in the order of the studies."""
    trials: TrialSurvey
    """What they offer together."""
    survey: TrialSurvey
    """What those offer that are to vote: the trials again, or the committees."""
    candidates: list[Candidate]
    """All who may vote, added ones last."""


def electorate_of(settings: EnsembleSettings, studies: Sequence[OpenStudy]) -> Electorate:
    """Return who may vote.

    Args:
        settings: who may vote, whom to add.
        studies: read, by name.

    Raises:
        StudyError: nobody can vote, or a committee is asked for and there is none that is whole.
        StoredFileError: a file of the only study is torn, or one of any study is of other data or rows.
    """
    skip = len(studies) > 1
    trials_of = tuple(
        survey_trials(one.folder, one.data, most=most_read(settings, one.data), skip_damaged=skip) for one in studies
    )
    trials = pool(studies, trials_of)
    committee = None if settings.among == "trials" else _committee(settings, studies, trials)
    survey = trials if committee is None else committee
    added = [read_added_member(url, studies[0].data, survey.rows) for url in settings.add_member]
    if not added and committee is None:
        require_anybody(studies, trials_of)
    return Electorate(trials_of=trials_of, trials=trials, survey=survey, candidates=survey.candidates + added)


def _committee(settings: EnsembleSettings, studies: Sequence[OpenStudy], trials: TrialSurvey) -> TrialSurvey | None:
    """Return what the studies' committees offer where they are to vote; where not yet, `trials` is told so.

    Committees of other folds vote together as those of the same ones: whatever the folds, a row's softmax is by
    trainings that had not seen it or its twins, and the honest estimate deals rows into parts of its own.

    Raises:
        StudyError: a committee is asked for and there is none that is whole.
    """
    surveys = [
        survey_committee(one.folder, one.data, refit=settings.refit, skip_damaged=len(studies) > 1) for one in studies
    ]
    pairs = [(study, survey) for study, survey in zip(studies, surveys, strict=True) if survey is not None]
    committee = pool([study for study, _ in pairs], [survey for _, survey in pairs]) if pairs else None
    num_whole = 0 if committee is None else sum(one.plain_id is None for one in committee.candidates)
    is_asked_for = settings.among == "committee" or settings.refit
    is_enough = num_whole >= LEAST_COMMITTEE or is_asked_for or (committee is not None and not committee.left_out)
    if committee is not None and num_whole > 0 and is_enough:
        committee.unfinished += [_has_none(one) for one, survey in zip(studies, surveys, strict=True) if survey is None]
        return committee
    if is_asked_for:
        raise StudyError(_needs_one(settings, studies))
    if committee is not None:
        trials.left_out.append(
            f"the committee has no vote yet: {num_whole} of its configurations are trained on all folds, and it takes "
            f"{LEAST_COMMITTEE}. Start the search again to go on"
        )
    return None


def _has_none(study: OpenStudy) -> str:
    """Return that a study without a committee stays outside a vote of committees, and why."""
    return (
        f"{study.folder.url} has no committee and does not vote: its trials are scored on its holdout alone, the "
        "committees on all rows. Train one with `python -m search --committee K`, or vote with --among trials"
    )


def _needs_one(settings: EnsembleSettings, studies: Sequence[OpenStudy]) -> str:
    """Return what an option needs that no study has."""
    option = "--refit" if settings.refit else "--among committee"
    have = "has" if len(studies) == 1 else "have"
    return (
        f"{option} needs a committee of which a configuration is trained on all folds, and "
        f"{' and '.join(study.folder.url for study in studies)} {have} none. "
        "Train one with `python -m search --committee K`, or start it again to go on"
    )

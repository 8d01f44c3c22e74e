"""One vote, whole: read a study, choose members, combine them, estimate, write what comes of it."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import StoredFileError, StudyError
from core.metrics import LOG_LOSS, accuracy
from core.store import files
from core.store.dataset import DataSummary, read_data_summary
from core.store.manifest import read_manifest
from core.store.study import StudyFolder
from ensemble.choice import Choice, combine
from ensemble.committee import COMMITTEE, survey_committee
from ensemble.estimate import Estimate, estimate_vote
from ensemble.members import (
    Candidate,
    TrialSurvey,
    read_added_member,
    read_test_softmax,
    require_candidates,
    survey_trials,
)
from ensemble.method import method_of
from ensemble.nested import NUM_PARTS
from ensemble.outputs import render_ensemble, render_members, write_outputs
from ensemble.result import Member, Scores, VoteResult
from ensemble.select import top_k
from ensemble.settings import EnsembleSettings
from ensemble.submission import render_submission, write_submission
from ensemble.why import MemberReason, explain

LEAST_COMMITTEE = 2
"""Whole configurations from which on a committee that is not yet finished votes in place of the trials."""


def vote_study(settings: EnsembleSettings) -> VoteResult:
    """Let the best trials of a study vote; write submission.csv, members.csv and ensemble.json.

    Reads predictions only, so that it takes seconds and loads neither TensorFlow nor Ray. In a notebook:

        from ensemble.run import vote_study
        from ensemble.settings import EnsembleSettings
        result = vote_study(EnsembleSettings(study="runs/first"))
        result.vote.num_errors, result.submission_csv

    Args:
        settings: which study, how many members, where to write.

    Returns:
        Members, scores and paths. `vote` is scored on the rows that chose the members: optimistic; `estimate` is not.

    Raises:
        StudyError: the folder is no study, has no trial that can vote, or the outputs cannot be written.
        StoredFileError: a file of the study is torn, or predictions of other data or other rows are among it.
    """
    data = read_study_data(StudyFolder(settings.study))
    trials, survey, candidates = _candidates(settings, data)
    softmax = np.stack([candidate.softmax for candidate in candidates])
    method = method_of(settings, candidates)
    choice = method(softmax, survey.rows.labels, settings.seed)
    vote = _Vote(
        choice=choice,
        softmax=combine(choice, softmax),
        test_softmax=combine(choice, _test_softmax(candidates, choice, data)),
        reasons={reason.index: reason for reason in explain(choice, softmax, survey.rows.labels)},
        estimate=estimate_vote(
            softmax, survey.rows, method, seed=settings.seed, num_parts=NUM_PARTS, num_repeats=settings.num_repeats
        ),
    )
    result = _result(settings, data, trials, survey, candidates, vote)
    _write(result, data)
    return result


def voting_trials(settings: EnsembleSettings) -> set[str]:
    """Return the trials whose configurations `vote_study` would let vote; nothing is written or estimated.

    Raises:
        As `vote_study`.
    """
    _, survey, candidates = _candidates(settings, read_study_data(StudyFolder(settings.study)))
    softmax = np.stack([candidate.softmax for candidate in candidates])
    choice = method_of(settings, candidates)(softmax, survey.rows.labels, settings.seed)
    return {one.trial_id for one, weight in zip(candidates, choice.weights, strict=True) if weight > 0}


def _candidates(settings: EnsembleSettings, data: DataSummary) -> tuple[TrialSurvey, TrialSurvey, list[Candidate]]:
    """Return what the trials offer, what those offer that are to vote, and all candidates, added ones too."""
    study = StudyFolder(settings.study)
    trials, survey = _surveys(study, data, settings)
    added = [read_added_member(url, data, survey.rows) for url in settings.add_member]
    if not added:
        require_candidates(study, survey)
    return trials, survey, survey.candidates + added


@dataclass(frozen=True, kw_only=True, eq=False)
class _Vote:
    """What the chosen members make of all rows."""

    choice: Choice
    softmax: np.ndarray  # (num_rows, num_classes) float64, of the scored rows
    test_softmax: np.ndarray  # (num_test, num_classes) float64
    reasons: dict[int, MemberReason]
    """By the candidate's place."""
    estimate: Estimate | None


def _surveys(study: StudyFolder, data: DataSummary, settings: EnsembleSettings) -> tuple[TrialSurvey, TrialSurvey]:
    """Return what the trials offer, and what those offer that are to vote: the trials again, or the committee.

    Raises:
        StudyError: a committee is asked for and there is none that is whole.
    """
    trials = survey_trials(study, data)
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


def _test_softmax(candidates: list[Candidate], choice: Choice, data: DataSummary) -> Iterator[np.ndarray]:
    """Yield each candidate's softmax of the test rows, those that do not vote without being read."""
    for candidate, weight in zip(candidates, choice.weights, strict=True):
        yield read_test_softmax(candidate, data) if weight > 0 else np.zeros((len(data.test_ids), 0))


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


def _result(
    settings: EnsembleSettings,
    data: DataSummary,
    trials: TrialSurvey,
    survey: TrialSurvey,
    candidates: list[Candidate],
    vote: _Vote,
) -> VoteResult:
    """Gather scores, paths and warnings."""
    out, labels, has_test = settings.out_url, survey.rows.labels, len(data.test_ids) > 0
    all_members = [
        _member(candidate, float(weight), labels, vote.reasons.get(place))
        for place, (candidate, weight) in enumerate(zip(candidates, vote.choice.weights, strict=True))
    ]
    ranked = [all_members[place] for place in top_k(_log_losses(all_members), len(all_members), LOG_LOSS)]
    return VoteResult(
        study=settings.study,
        method=settings.method,
        top_k=settings.top_k,
        rows=survey.rows,
        choice_reason=vote.choice.reason,
        of_logits=vote.choice.of_logits,
        members=tuple(member for member in ranked if member.weight > 0 or member.state == COMMITTEE),
        best=ranked[0],
        vote=Scores.of(vote.softmax, labels),
        estimate=vote.estimate,
        refit=settings.refit,
        num_by_state=trials.num_by_state,
        num_test=len(data.test_ids),
        members_csv=files.join(out, "members.csv"),
        ensemble_json=files.join(out, "ensemble.json"),
        submission_csv=files.join(out, "submission.csv") if has_test else None,
        warnings=tuple(_warnings(settings, trials, survey, has_test)),
        names=tuple(candidate.member_id for candidate in candidates),
        test_accuracy=(
            accuracy(vote.test_softmax, data.test_labels) if data.test_labels is not None and has_test else None
        ),
        softmax=vote.softmax,
        test_softmax=vote.test_softmax,
    )


def _log_losses(members: list[Member]) -> list[float]:
    """Return each one's log-loss."""
    return [member.scores.log_loss for member in members]


def _member(candidate: Candidate, weight: float, labels: np.ndarray, reason: MemberReason | None) -> Member:
    """Return a candidate with its weight and scores."""
    return Member(
        member_id=candidate.member_id,
        state=candidate.state,
        epoch=candidate.epoch,
        config=candidate.config,
        weight=weight,
        scores=Scores.of(candidate.softmax, labels),
        trial_id=candidate.trial_id,
        views=candidate.views,
        reason=reason,
        model_urls=candidate.model_urls,
    )


def _warnings(settings: EnsembleSettings, trials: TrialSurvey, survey: TrialSurvey, has_test: bool) -> list[str]:
    """Return one sentence for whatever is not as one would expect."""
    warnings = survey.left_out + survey.unfinished
    running, available = trials.num_by_state["running"], sum(one.plain_id is None for one in survey.candidates)
    if running and survey is trials:
        warnings.append(f"trials of {settings.study} that have not ended: {running}; the vote is among those that have")
    if settings.top_k is not None and available < settings.top_k:
        who = "trials" if survey is trials else "configurations"
        warnings.append(f"--top-k {settings.top_k} asks for more {who} than can vote: taking all {available}")
    if not has_test:
        warnings.append("the data set has no test rows: no submission.csv is written")
    return warnings


def _write(result: VoteResult, data: DataSummary) -> None:
    """Write all outputs, the submission last; everything is rendered and checked before the first is written."""
    classes = result.test_softmax.argmax(axis=1)
    submission = None if result.submission_csv is None else render_submission(data, classes)
    write_outputs(result, render_members(result), render_ensemble(result, data, submission))
    if result.submission_csv is not None and submission is not None:
        write_submission(result.submission_csv, submission, data, classes)

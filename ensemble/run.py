"""One vote, whole: read a study or several, choose members, combine them, estimate, write what comes of it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.errors import SoftvoteError
from core.metrics import LOG_LOSS, accuracy
from core.store import files
from core.store.dataset import DataSummary
from ensemble.choice import Choice, combine
from ensemble.committee import COMMITTEE
from ensemble.estimate import Estimate, estimate_vote
from ensemble.growth import Growth, grow
from ensemble.members import Candidate, read_test_softmax
from ensemble.method import compared_methods, method_of
from ensemble.nested import NUM_PARTS
from ensemble.opinions import Opinions, noted
from ensemble.outputs import render_ensemble, render_members, write_outputs
from ensemble.result import Member, Scores, VoteResult, VotingStudy
from ensemble.select import top_k
from ensemble.settings import EnsembleSettings
from ensemble.shortlist import shortlist_in_words
from ensemble.studies import OpenStudy, open_studies
from ensemble.submission import render_submission, write_submission
from ensemble.survey import Electorate, electorate_of
from ensemble.why import MemberReason, explain


def vote_study(settings: EnsembleSettings) -> VoteResult:
    """Let the best trials of a study, or of several, vote; write submission.csv, members.csv and ensemble.json.

    Reads predictions only, so that it takes seconds and loads neither TensorFlow nor Ray. In a notebook:

        from ensemble.run import vote_study
        from ensemble.settings import EnsembleSettings
        result = vote_study(EnsembleSettings(study="runs/first"))
        result.vote.num_errors, result.submission_csv

    `ensemble.page.write.with_page(result)` then writes report.html, as the commands do.

    Several studies (`other_studies=("runs/second",)`) vote as one that has all their trials; their order is of no
    matter.

    Args:
        settings: which studies, how many members, where to write.

    Returns:
        Members, scores and paths. `vote` is scored on the rows that chose the members: optimistic; `estimate` is not.

    Raises:
        StudyError: a folder is no study, two are of other data or other holdout rows, no trial can vote, or the outputs
            cannot be written.
        StoredFileError: a file of the study is torn, or predictions of other data or other rows are among it.
    """
    studies = open_studies(settings.studies)
    electorate = electorate_of(settings, studies)
    data, survey, candidates = studies[0].data, electorate.survey, electorate.candidates
    softmax = np.stack([candidate.softmax for candidate in candidates])
    method = method_of(settings, candidates)
    choice = method(softmax, survey.rows.labels, settings.seed)
    test_opinions: dict[int, Opinions] = {}
    vote = _Vote(
        choice=choice,
        softmax=combine(choice, softmax),
        test_softmax=combine(choice, noted(_test_softmax(candidates, choice, data), choice.weights, test_opinions)),
        test_opinions=test_opinions,
        growth=grow(candidates, softmax, survey.rows.labels, choice),
        reasons={reason.index: reason for reason in explain(choice, softmax, survey.rows.labels)},
        estimate=estimate_vote(
            softmax,
            survey.rows,
            method,
            seed=settings.seed,
            num_parts=NUM_PARTS,
            num_repeats=settings.num_repeats,
            compared=compared_methods(settings, candidates),
        ),
    )
    result = _result(settings, studies, electorate, vote)
    _write(result, data)
    return result


def voting_trials(settings: EnsembleSettings) -> set[str]:
    """Return the trials of a study whose configurations `vote_study` would let vote; nothing is written or estimated.

    Raises:
        As `vote_study`.
    """
    electorate = electorate_of(settings, open_studies(settings.studies))
    candidates, labels = electorate.candidates, electorate.survey.rows.labels
    softmax = np.stack([candidate.softmax for candidate in candidates])
    choice = method_of(settings, candidates)(softmax, labels, settings.seed)
    return {one.trial_id for one, weight in zip(candidates, choice.weights, strict=True) if weight > 0}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Vote:
    """What the chosen members make of all rows."""

    choice: Choice
    softmax: np.ndarray  # (num_rows, num_classes) float64, of the scored rows
    test_softmax: np.ndarray  # (num_test, num_classes) float64
    test_opinions: dict[int, Opinions]
    """By the candidate's place, of those that vote."""
    growth: Growth
    reasons: dict[int, MemberReason]
    """By the candidate's place."""
    estimate: Estimate | None


def _test_softmax(candidates: list[Candidate], choice: Choice, data: DataSummary) -> Iterator[np.ndarray]:
    """Yield each candidate's softmax of the test rows, those that do not vote without being read."""
    for candidate, weight in zip(candidates, choice.weights, strict=True):
        yield read_test_softmax(candidate, data) if weight > 0 else np.zeros((len(data.test_ids), 0))


def _result(
    settings: EnsembleSettings,
    studies: tuple[OpenStudy, ...],
    electorate: Electorate,
    vote: _Vote,
) -> VoteResult:
    """Gather scores, paths and warnings."""
    data, survey, candidates = studies[0].data, electorate.survey, electorate.candidates
    out, labels, has_test = settings.out_url, survey.rows.labels, len(data.test_ids) > 0
    all_members = [
        _member(candidate, float(weight), labels, vote.reasons.get(place))
        for place, (candidate, weight) in enumerate(zip(candidates, vote.choice.weights, strict=True))
    ]
    ranking = top_k(_log_losses(all_members), len(all_members), LOG_LOSS)
    ranked, voting = [all_members[place] for place in ranking], [place for place in ranking if place in vote.reasons]
    return VoteResult(
        study=studies[0].folder.url,
        method=settings.method,
        top_k=settings.top_k,
        rows=survey.rows,
        choice_reason=vote.choice.reason + shortlist_in_words(len(survey.candidates), survey.num_unread),
        of_logits=vote.choice.of_logits,
        members=tuple(member for member in ranked if member.weight > 0 or member.state == COMMITTEE),
        best=ranked[0],
        vote=Scores.of(vote.softmax, labels),
        estimate=vote.estimate,
        refit=settings.refit,
        num_by_state=electorate.trials.num_by_state,
        num_test=len(data.test_ids),
        members_csv=files.join(out, "members.csv"),
        ensemble_json=files.join(out, "ensemble.json"),
        submission_csv=files.join(out, "submission.csv") if has_test else None,
        warnings=tuple(_warnings(settings, studies, electorate, has_test)),
        names=tuple(candidate.member_id for candidate in candidates),
        test_accuracy=(
            accuracy(vote.test_softmax, data.test_labels) if data.test_labels is not None and has_test else None
        ),
        studies=_voting(studies, electorate) if len(studies) > 1 else (),
        growth=vote.growth,
        opinions=Opinions.of(candidates[place].softmax for place in voting),
        test_opinions=Opinions.together([vote.test_opinions[place] for place in voting]),
        softmax=vote.softmax,
        test_softmax=vote.test_softmax,
    )


def _voting(studies: tuple[OpenStudy, ...], electorate: Electorate) -> tuple[VotingStudy, ...]:
    """Return what is to be known of each of several studies."""
    return tuple(
        VotingStudy(
            name=study.name,
            url=study.folder.url,
            generation=study.manifest.generation,
            num_by_state=trials.num_by_state,
        )
        for study, trials in zip(studies, electorate.trials_of, strict=True)
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


def _warnings(
    settings: EnsembleSettings, studies: tuple[OpenStudy, ...], electorate: Electorate, has_test: bool
) -> list[str]:
    """Return one sentence for whatever is not as one would expect."""
    survey, are_trials = electorate.survey, electorate.survey is electorate.trials
    warnings = survey.left_out + survey.unfinished
    for study, trials in zip(studies, electorate.trials_of, strict=True):
        running = trials.num_by_state["running"]
        if running and are_trials:
            of = f"trials of {study.folder.url} that have not ended"
            warnings.append(f"{of}: {running}; the vote is among those that have")
    available = sum(one.plain_id is None for one in survey.candidates)
    if settings.top_k is not None and available < settings.top_k:
        who = "trials" if are_trials else "configurations"
        warnings.append(f"--top-k {settings.top_k} asks for more {who} than can vote: taking all {available}")
    if not has_test:
        warnings.append("the data set has no test rows: no submission.csv is written")
    return warnings


def _write(result: VoteResult, data: DataSummary) -> None:
    """Write all outputs, the submission last; everything is rendered and checked before the first is written."""
    classes = result.test_softmax.argmax(axis=1)
    submission = None if result.submission_csv is None else render_submission(data, classes)
    _drop_page(result.page_url)
    write_outputs(result, render_members(result), render_ensemble(result, data, submission))
    if result.submission_csv is not None and submission is not None:
        write_submission(result.submission_csv, submission, data, classes)


def _drop_page(url: str) -> None:
    """Delete the page of an earlier vote in the same place: it would say other numbers than ensemble.json."""
    with contextlib.suppress(SoftvoteError):  # what cannot be deleted costs no vote
        files.remove(url, is_file=True)

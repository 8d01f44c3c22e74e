"""One vote, whole: read a study, choose members, combine them, write what comes of it."""

import numpy as np

from core.errors import StoredFileError, StudyError
from core.metrics import LOG_LOSS, accuracy
from core.store import files
from core.store.dataset import DataSummary, read_data_summary
from core.store.manifest import read_manifest
from core.store.study import StudyFolder
from ensemble.members import (
    Candidate,
    TrialSurvey,
    read_added_member,
    read_test_softmax,
    require_candidates,
    survey_trials,
)
from ensemble.outputs import render_ensemble, render_members, write_outputs
from ensemble.result import Member, Scores, VoteResult
from ensemble.select import top_k
from ensemble.settings import EnsembleSettings
from ensemble.submission import render_submission, write_submission
from ensemble.vote import equal_weights, soft_vote


def vote_study(settings: EnsembleSettings) -> VoteResult:
    """Let the best trials of a study vote; write submission.csv, members.csv and ensemble.json.

    Reads predictions only, so that it takes seconds and loads neither TensorFlow nor Ray. In a notebook:

        from ensemble.run import vote_study
        from ensemble.settings import EnsembleSettings
        result = vote_study(EnsembleSettings(study="runs/first", top_k=5))
        result.vote.num_errors, result.submission_csv

    Args:
        settings: which study, how many members, where to write.

    Returns:
        Members, scores and paths. The scores are of the holdout rows, which chose the members: optimistic.

    Raises:
        StudyError: the folder is no study, has no trial that can vote, or the outputs cannot be written.
        StoredFileError: a file of the study is torn, or predictions of other data or other rows are among it.
    """
    study = StudyFolder(settings.study)
    data = _read_data(study)
    survey = survey_trials(study, data)
    added = [read_added_member(url, data) for url in settings.add_member]
    if not added:
        require_candidates(study, survey)
    candidates = _choose(survey, added, settings, data)
    weights = equal_weights(len(candidates))
    holdout = soft_vote((candidate.softmax for candidate in candidates), weights)
    test = soft_vote((read_test_softmax(candidate, data) for candidate in candidates), weights)
    result = _result(settings, data, survey, candidates, weights, holdout, test)
    _write(result, data)
    return result


def _read_data(study: StudyFolder) -> DataSummary:
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


def _choose(
    survey: TrialSurvey, added: list[Candidate], settings: EnsembleSettings, data: DataSummary
) -> list[Candidate]:
    """Return the top k trials and every added member, best first."""
    trials = survey.candidates
    chosen = [trials[i] for i in top_k(_log_losses(trials, data), settings.top_k, LOG_LOSS)] + added
    return [chosen[i] for i in top_k(_log_losses(chosen, data), len(chosen), LOG_LOSS)]


def _log_losses(candidates: list[Candidate], data: DataSummary) -> list[float]:
    """Return each candidate's holdout log-loss."""
    labels = data.labels[data.holdout_rows]
    return [Scores.of(candidate.softmax, labels).log_loss for candidate in candidates]


def _result(
    settings: EnsembleSettings,
    data: DataSummary,
    survey: TrialSurvey,
    candidates: list[Candidate],
    weights: tuple[float, ...],
    holdout: np.ndarray,
    test: np.ndarray,
) -> VoteResult:
    """Gather scores, paths and warnings."""
    out, labels, has_test = settings.out_url, data.labels[data.holdout_rows], len(data.test_ids) > 0
    return VoteResult(
        study=settings.study,
        method=settings.method,
        top_k=settings.top_k,
        members=tuple(_member(*pair, labels) for pair in zip(candidates, weights, strict=True)),
        vote=Scores.of(holdout, labels),
        num_by_state=survey.num_by_state,
        num_test=len(data.test_ids),
        members_csv=files.join(out, "members.csv"),
        ensemble_json=files.join(out, "ensemble.json"),
        submission_csv=files.join(out, "submission.csv") if has_test else None,
        warnings=tuple(_warnings(settings, survey, has_test)),
        test_accuracy=accuracy(test, data.test_labels) if data.test_labels is not None and has_test else None,
        holdout_softmax=holdout,
        test_softmax=test,
    )


def _member(candidate: Candidate, weight: float, labels: np.ndarray) -> Member:
    """Return a chosen candidate with its weight and scores."""
    return Member(
        member_id=candidate.member_id,
        state=candidate.state,
        epoch=candidate.epoch,
        config=candidate.config,
        weight=weight,
        scores=Scores.of(candidate.softmax, labels),
    )


def _warnings(settings: EnsembleSettings, survey: TrialSurvey, has_test: bool) -> list[str]:
    """Return one sentence for whatever is not as one would expect."""
    warnings = list(survey.left_out)
    running, available = survey.num_by_state["running"], len(survey.candidates)
    if running:
        warnings.append(f"trials of {settings.study} that have not ended: {running}; the vote is among those that have")
    if available < settings.top_k:
        warnings.append(f"--top-k {settings.top_k} asks for more trials than can vote: taking all {available}")
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

"""Several studies' surveys as one: members by study and trial, none counted twice, a study without any left out."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

from core.errors import StudyError
from core.store.study import StudyFolder
from ensemble.members import Candidate, TrialSurvey
from ensemble.studies import OpenStudy

MOST_TWINS_SHOWN = 3


def pool(studies: Sequence[OpenStudy], surveys: Sequence[TrialSurvey]) -> TrialSurvey:
    """Return what all studies offer together, one study after the other; of a single one its own survey.

    Candidates of two studies that predict the same to the bit (the same configuration, trained by the same seed) are
    one candidate, the first study's: twice in the library, one training would weigh twice.

    Args:
        studies: by name.
        surveys: what each offers, over the same rows.
    """
    if not studies[0].name:
        return surveys[0]
    pooled = TrialSurvey(rows=surveys[0].rows)
    for study, survey in zip(studies, surveys, strict=True):
        pooled.candidates += [_named(study, candidate) for candidate in survey.candidates]
        pooled.left_out += [study.sentence(words) for words in _left_out(study, survey)]
        pooled.unfinished += [study.sentence(words) for words in survey.unfinished]
        pooled.num_unread += survey.num_unread
        for state, num in survey.num_by_state.items():
            pooled.num_by_state[state] += num
    _drop_twins(pooled)
    return pooled


def require_anybody(studies: Sequence[OpenStudy], surveys: Sequence[TrialSurvey]) -> None:
    """Raise StudyError where no study has a trial that can vote, with the reasons that are known."""
    if any(survey.candidates for survey in surveys):
        return
    pairs = zip(studies, surveys, strict=True)
    raise StudyError("; ".join(nobody_in_words(study.folder, survey) for study, survey in pairs))


def nobody_in_words(study: StudyFolder, survey: TrialSurvey) -> str:
    """Return that no trial of a study can vote, with the reason that is known."""
    if survey.left_out:
        more = len(survey.left_out) - 1
        reason = survey.left_out[0] + (f" (and {more} more like it)" if more else "")
    else:
        counts = ", ".join(f"{n} {state}" for state, n in survey.num_by_state.items() if n)
        reason = f"one must have ended complete or pruned, got {counts or 'no trials'}. Start the search again"
    return f"{study.url} has no trial that can vote: {reason}"


def _named(study: OpenStudy, candidate: Candidate) -> Candidate:
    """Return a candidate under the name that it has among several studies."""
    plain_id = None if candidate.plain_id is None else study.name_of(candidate.plain_id)
    return dataclasses.replace(candidate, member_id=study.name_of(candidate.member_id), plain_id=plain_id)


def _left_out(study: OpenStudy, survey: TrialSurvey) -> list[str]:
    """Return one sentence for each trial that is left out, or one for a study of which nobody can vote."""
    if survey.candidates or survey.rows.kind == "out-of-fold":
        return survey.left_out
    return [f"{nobody_in_words(study.folder, survey)}. The other studies vote without it"]


def _drop_twins(survey: TrialSurvey) -> None:
    """Take out each configuration that predicts what another study's does, and say so."""
    firsts: dict[tuple[bytes, ...], list[list[Candidate]]] = {}
    twins: list[str] = []
    kept: list[Candidate] = []
    for candidates in _by_trial(survey.candidates):
        alike = firsts.setdefault(tuple(digest for one in candidates for digest in one.digests), [])
        first = next((others for others in alike if _are_twins(candidates, others)), None)
        if first is None:
            alike.append(candidates)
            kept += candidates
        else:
            twins.append(f"{candidates[0].trial_id} as {first[0].trial_id}")
    survey.candidates = kept
    if twins:
        more = len(twins) - MOST_TWINS_SHOWN
        shown = ", ".join(twins[:MOST_TWINS_SHOWN]) + (f" and {more} more" if more > 0 else "")
        survey.unfinished.append(f"trials that predict to the bit what another study's do are counted once: {shown}")


def _by_trial(candidates: Iterable[Candidate]) -> list[list[Candidate]]:
    """Return the candidates of each configuration: one, or those of one view and of more."""
    groups: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault(candidate.trial_id, []).append(candidate)
    return list(groups.values())


def _are_twins(some: list[Candidate], others: list[Candidate]) -> bool:
    """True for configurations of two studies whose predictions are the same; their digests are known to be."""
    study, other_study = (one[0].trial_id.rpartition("/")[0] for one in (some, others))
    return (
        study != other_study
        and len(some) == len(others)
        and all(np.array_equal(one.softmax, other.softmax) for one, other in zip(some, others, strict=True))
    )

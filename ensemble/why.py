"""Why these members: what each is worth alone, what the vote loses without it, and how it differs from the others."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.metrics import log_loss, num_errors
from ensemble.choice import Choice, combine, log_probabilities

LEAST_REST = 1e-3
"""Share of the vote below which what others give is not taken as a difference: too few digits would be left."""
LOSS_DIGITS = 12
"""Differences of log-loss smaller than this are rounding, and are given as 0."""


@dataclass(frozen=True, kw_only=True)
class MemberReason:
    """One who votes. All is counted on the rows that were given: those that chose the members flatter them."""

    index: int
    """Place among the candidates."""
    weight: float
    """Share of the vote; all members' sum to 1."""
    log_loss: float
    """The member's own, in nats."""
    num_errors: int
    """The member's own."""
    num_rows: int
    log_loss_lost: float | None = None
    """Log-loss of the vote without it less that of the vote; below 0, the member harms. None for the only member."""
    errors_lost: int | None = None
    """Errors of the vote without it less those of the vote; below 0, the member harms. None for the only member."""
    num_unlike_others: int | None = None
    """Rows on which its class differs from the vote of the others. None for the only member."""
    most_alike: int | None = None
    """Place of the voting member whose class is the same on most rows (ties: the first). None for the only member."""
    num_like_most_alike: int | None = None
    """Rows on which these two have the same class."""


def explain(
    choice: Choice,
    softmaxes: np.ndarray,  # (num_candidates, num_rows, num_classes) float, rows sum to 1
    labels: np.ndarray,  # (num_rows,) int class indices
) -> tuple[MemberReason, ...]:
    """Return a reason for each candidate that votes, in the order of the candidates.

    The vote without a member is that of the others, their weights renormalised. It is the whole vote less the
    member's part, so that M members cost M differences and not M votes.

    Raises:
        ValueError: another number of candidates than of weights.
    """
    vote = combine(choice, softmaxes)
    summed = np.log(vote) if choice.of_logits else vote  # logits: up to a constant a row, which changes no softmax
    voting = np.flatnonzero(choice.weights > 0)
    classes = np.stack([softmaxes[index].argmax(axis=1) for index in voting])
    classes = classes.astype(np.min_scalar_type(vote.shape[1]))  # comparing bytes is several times faster
    whole = log_loss(vote, labels), num_errors(vote, labels)
    reasons = []
    for place, index in enumerate(voting):
        reason = _alone(choice, int(index), softmaxes[index], classes[place], labels)
        if len(voting) > 1:
            others = _without(choice, summed, softmaxes, int(index))
            reason = dataclasses.replace(
                reason, **_against(others, whole, labels, classes[place]), **_most_alike(voting, classes, place)
            )
        reasons.append(reason)
    return tuple(reasons)


def _alone(
    choice: Choice,
    index: int,
    softmax: np.ndarray,  # (num_rows, num_classes)
    classes: np.ndarray,  # (num_rows,) the member's
    labels: np.ndarray,  # (num_rows,)
) -> MemberReason:
    """Return what is to be said of a member without the others."""
    return MemberReason(
        index=index,
        weight=float(choice.weights[index]),
        log_loss=log_loss(softmax, labels),
        num_errors=int(np.count_nonzero(classes != labels)),
        num_rows=len(labels),
    )


def _against(
    others: np.ndarray,  # (num_rows, num_classes) softmax of the vote without the member
    whole: tuple[float, int],  # log-loss and errors of the vote with it
    labels: np.ndarray,  # (num_rows,)
    classes: np.ndarray,  # (num_rows,) the member's
) -> dict[str, Any]:
    """Return the fields that compare a member with the vote of the others."""
    their_classes = others.argmax(axis=1)
    return {
        "log_loss_lost": round(log_loss(others, labels) - whole[0], LOSS_DIGITS) + 0.0,  # + 0.0: never -0.0
        "errors_lost": int(np.count_nonzero(their_classes != labels)) - whole[1],
        "num_unlike_others": int(np.count_nonzero(their_classes != classes)),
    }


def _most_alike(
    voting: np.ndarray,  # (num_voting,) places among the candidates
    classes: np.ndarray,  # (num_voting, num_rows)
    place: int,
) -> dict[str, int]:
    """Return the fields that compare a member with the one that is most like it."""
    num_same = [int(np.count_nonzero(theirs == classes[place])) for theirs in classes]
    num_same[place] = -1
    twin = max(range(len(num_same)), key=num_same.__getitem__)
    return {"most_alike": int(voting[twin]), "num_like_most_alike": num_same[twin]}


def _without(
    choice: Choice,
    summed: np.ndarray,  # (num_rows, num_classes) float64, what `combine` sums over all members
    softmaxes: np.ndarray,  # (num_candidates, num_rows, num_classes)
    index: int,
) -> np.ndarray:
    """Return the softmax of the vote of all but one, (num_rows, num_classes) float64."""
    weights = np.where(np.arange(len(choice.weights)) == index, 0.0, choice.weights)
    rest = float(weights.sum())
    if rest < LEAST_REST:
        return combine(dataclasses.replace(choice, weights=weights / rest), softmaxes)
    part = softmaxes[index].astype(np.float64)
    if choice.of_logits:
        part = log_probabilities(part)
    others = (summed - choice.weights[index] * part) / rest
    if not choice.of_logits:
        return np.asarray(others)
    odds = np.exp(others - others.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))

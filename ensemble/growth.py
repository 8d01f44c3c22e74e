"""How a vote's scores change with its members: the mean of the best one, of the best two, and so on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.metrics import log_loss, num_errors
from ensemble.choice import Choice, log_probabilities
from ensemble.library import rank, true_class
from ensemble.mean import MOST_MEMBERS
from ensemble.members import Candidate


@dataclass(frozen=True, kw_only=True)
class Growth:
    """Scores of the equal mean of the best few, on the rows that ranked them: optimistic."""

    member_ids: tuple[str, ...]
    """Who joins, best first, each configuration in one form."""
    log_losses: tuple[float, ...]
    """Nats, of the first one, the first two, ..."""
    num_errors: tuple[int, ...]
    num_candidates: int
    """Those beyond `MOST_MEMBERS` do not join."""


def grow(
    candidates: Sequence[Candidate],
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
    labels: np.ndarray,  # (num_rows,) int
    choice: Choice,
) -> Growth:
    """Return the scores of the best 1, 2, ... candidates' mean, of softmax or of logits as the choice has it.

    Of the same models' predictions over one view and over more, those take part that vote, else the better ones.
    """
    ranking = rank(true_class(softmax, labels))
    forms: dict[str, int] = {}
    for place in sorted(ranking, key=lambda place: choice.weights[place] <= 0):  # stable: the better first among each
        forms.setdefault(candidates[place].trial_id, place)
    joining = [place for place in ranking if forms[candidates[place].trial_id] == place]
    losses, errors = [], []
    total = np.zeros(softmax.shape[1:])
    for number, place in enumerate(joining[:MOST_MEMBERS], start=1):
        total += log_probabilities(softmax[place]) if choice.of_logits else softmax[place]
        mean = total / number
        if choice.of_logits:
            mean = np.exp(mean - mean.max(axis=1, keepdims=True))
            mean /= mean.sum(axis=1, keepdims=True)
        losses.append(log_loss(mean, labels))
        errors.append(num_errors(mean, labels))
    return Growth(
        member_ids=tuple(candidates[place].member_id for place in joining[:MOST_MEMBERS]),
        log_losses=tuple(losses),
        num_errors=tuple(errors),
        num_candidates=len(joining),
    )

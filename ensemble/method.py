"""From the settings to the method that chooses who votes."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from core.store.dataset import DataSummary
from ensemble.auto import auto_chooser
from ensemble.choice import Choice, Chooser
from ensemble.choosers import METHODS
from ensemble.library import rank, true_class
from ensemble.mean import mean_of_top
from ensemble.members import ADDED, Candidate
from ensemble.settings import METHODS as NAMES
from ensemble.settings import EnsembleSettings
from ensemble.views import with_best_views

MOST_CANDIDATES = 50
"""Of hundreds of trials most were pruned early: those beyond take the estimate's time, and no weight."""
READ_SHARE = 4
"""For each that may be chosen so many are read at least, those of least log-loss by their records."""
READ_NUMBERS = 1 << 24
"""Of softmax on the scored rows so many are read in any case, 67 MB in float32. The best on some of the rows, which
choose, are further back among all the fewer rows there are: of made-up votes on 1,200 rows the 50 best of a part were
among the best 1,174 of 3,000, on 8,400 rows among the best 142 of 2,500. So 1,398 and 200 are read."""


def method_of(settings: EnsembleSettings, candidates: Sequence[Candidate]) -> Chooser:
    """Return the method that the settings name, for these candidates.

    Predictions over more views than one take part as their member's, where they help. With --top-k, added members
    vote beside the k; without, they compete like all others.
    """
    places = {candidate.member_id: place for place, candidate in enumerate(candidates)}
    plain_of = {
        place: places[candidate.plain_id]
        for place, candidate in enumerate(candidates)
        if candidate.plain_id is not None
    }
    if settings.top_k is None:
        method = _among_best(_method(settings.method, len(candidates) - len(plain_of)))
        return with_best_views(method, plain_of)
    added = [place for place, candidate in enumerate(candidates) if candidate.state == ADDED]
    best = with_best_views(mean_of_top(settings.top_k, of_logits=settings.method == "logits"), plain_of)
    return _beside(added, best) if added else best


def most_read(settings: EnsembleSettings, data: DataSummary) -> int:
    """Return how many trials' predictions are read, so that they take 67 MB, or four for each that may be chosen."""
    numbers = len(data.holdout_rows) * len(data.class_names)
    return max(READ_SHARE * max(MOST_CANDIDATES, settings.top_k or 0), READ_NUMBERS // numbers)


def compared_methods(settings: EnsembleSettings, candidates: Sequence[Candidate]) -> dict[str, Chooser]:
    """Return the methods among which `auto` chooses, for these candidates; none where one is asked for."""
    num_members = sum(candidate.plain_id is None for candidate in candidates)
    if settings.method != "auto" or settings.top_k is not None or num_members < 2:
        return {}
    names = [name for name in NAMES if name != "auto"]
    return {name: method_of(dataclasses.replace(settings, method=name), candidates) for name in names}


def _method(name: str, num_members: int) -> Chooser:
    """Return a method that needs no number of members; `auto` compares them all where there is something to choose."""
    if name != "auto":
        return METHODS[name]
    return auto_chooser(METHODS if num_members > 1 else {"mean": METHODS["mean"]})


def _among_best(method: Chooser) -> Chooser:
    """Return the method that looks at the MOST_CANDIDATES of least log-loss alone, as the rows that choose have it."""

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        if len(softmax) <= MOST_CANDIDATES:
            return method(softmax, labels, seed)
        kept = sorted(rank(true_class(softmax, labels))[:MOST_CANDIDATES])
        choice = method(softmax[kept], labels, seed)
        weights = np.zeros(len(softmax))
        weights[kept] = choice.weights
        return dataclasses.replace(choice, weights=weights)

    return choose


def _beside(added: list[int], best: Chooser) -> Chooser:
    """Return a chooser among all others, to which the added candidates come as equals."""

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        others = [place for place in range(len(softmax)) if place not in added]
        weights = np.zeros(len(softmax))
        weights[added] = 1.0
        of_logits = False
        if others:
            choice = best(softmax[others], labels, seed)
            of_logits = choice.of_logits
            weights[others] = choice.weights > 0
        reason = f"{int((weights > 0).sum())} members, {len(added)} of them added"
        return Choice(weights=weights / weights.sum(), of_logits=of_logits, reason=reason)

    return choose

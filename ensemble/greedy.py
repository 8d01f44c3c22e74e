"""Greedy forward selection with replacement, and the safeguards that keep it from overfitting.

Round after round the candidate is added with which the vote scores best on the rows; who is added twice weighs twice.
Left alone, it fits the rows. Hence, each of them in the settings: the worst candidates are dropped first; it starts
from the mean of the best few; it is done several times, each with a random half of the candidates, and the weights are
averaged (bags); and of all the votes on the way the best one counts, not the last.

Source: Caruana et al., "Ensemble selection from libraries of models", ICML 2004, and "Getting the most out of ensemble
selection", ICDM 2006. A bag there starts from its own best few; here all start from the library's, so that a half
without any good candidate cannot give the bad ones a vote.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from core.metrics import ACCURACY, LOG_LOSS, Metric
from ensemble.choice import Choice, Chooser
from ensemble.greedy_accuracy import AccuracyLibrary
from ensemble.greedy_log_loss import LogLossLibrary
from ensemble.library import rank, require_votes, true_class

LEAST_BAG = 5
"""Candidates in a bag at the least: half of a small library would be chance, not choice."""


@dataclass(frozen=True, kw_only=True)
class GreedySettings:
    """Settings of a greedy selection."""

    metric: Literal["log_loss", "accuracy"] = "log_loss"
    """What a round makes as good as it can. Candidates are ranked by log-loss in either case."""
    rounds: int = 50
    """Additions after the start; 1 or more."""
    sorted_start: int = 5
    """Start from the mean of the best few by their own log-loss, this many at most: as many as score best (ties: the
    fewest). 0 starts from nothing."""
    bags: int = 5
    """Selections whose weights are averaged, each from a random half of the library (never fewer than 5). 1 is one
    selection from the whole library."""
    library_share: float = 0.8
    """Share of the candidates that is kept, those of least log-loss, rounded up; above 0, 1 keeps all."""
    keeps_best_prefix: bool = True
    """Whether the vote that scored best on the way counts (ties: the earliest); else the last one does."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        assert self.rounds >= 1, f"rounds must be 1 or more, got {self.rounds}"
        assert self.sorted_start >= 0, f"sorted_start must be 0 or more, got {self.sorted_start}"
        assert self.bags >= 1, f"bags must be 1 or more, got {self.bags}"
        assert 0 < self.library_share <= 1, f"library_share must be above 0 and at most 1, got {self.library_share}"


class Votes(Protocol):
    """A vote that grows by one candidate at a time."""

    def add(self, candidate: int) -> None:
        """Give a candidate one more vote."""

    def score(self) -> float:
        """Return the score of the present vote, which must not be empty."""

    def best_next(self) -> tuple[int, float]:
        """Return the candidate with which the vote would score best (ties: the earlier one), and that score."""


class Library(Protocol):
    """All candidates' votes on the rows, made ready for one metric."""

    def votes(self, candidates: np.ndarray) -> Votes:
        """Return an empty vote whose `best_next` is one of `candidates`, ascending."""


def choose_greedy(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
    """Choose greedily, with all safeguards.

    Args:
        softmax: (num_candidates, num_rows, num_classes) float32.
        labels: (num_rows,) int.
        seed: draws the bags.

    Raises:
        StudyError: there are fewer than two candidates.
        ValueError: shapes that do not fit, no row, or a number that is not finite.
    """
    return greedy_with(GreedySettings())(softmax, labels, seed)


def greedy_with(settings: GreedySettings) -> Chooser:
    """Return a chooser with these settings."""

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        require_votes("greedy", softmax, labels, at_least=2)
        true = true_class(softmax, labels)
        ranking = rank(true)[: math.ceil(settings.library_share * len(softmax))]
        is_log_loss = settings.metric == "log_loss"
        library: Library = LogLossLibrary(true) if is_log_loss else AccuracyLibrary(softmax, labels)
        metric = LOG_LOSS if is_log_loss else ACCURACY
        start = _best_start(library, ranking[: settings.sorted_start], metric)
        weights = np.zeros(len(softmax))
        bags = _draw_bags(np.sort(ranking), settings.bags, np.random.default_rng(seed))
        for bag in bags:
            picks = select(library.votes(bag), start, settings, metric)
            weights += np.bincount(picks, minlength=len(softmax)) / len(picks) / len(bags)
        reason = f"up to {settings.rounds} rounds of greedy selection on {settings.metric.replace('_', '-')}"
        more = f", mean of {len(bags)} bags" if len(bags) > 1 else ""
        return Choice(weights=weights / weights.sum(), reason=reason + more)

    return choose


def select(votes: Votes, start: Sequence[int], settings: GreedySettings, metric: Metric) -> list[int]:
    """Return one selection: the candidates in the order in which they were added, the start's first.

    Args:
        votes: an empty vote.
        start: who votes before the first round; may be empty.
        settings: rounds, and which of the votes on the way counts.
        metric: the votes' score.
    """
    picks = list(start)
    for candidate in picks:
        votes.add(candidate)
    best_length, best_score = (len(picks), votes.score()) if picks else (0, math.nan)
    for _ in range(settings.rounds):
        candidate, score = votes.best_next()
        votes.add(candidate)
        picks.append(candidate)
        if metric.is_better(score, than=best_score):
            best_length, best_score = len(picks), score
    return picks[:best_length] if settings.keeps_best_prefix else picks


def _best_start(library: Library, best_few: Sequence[int], metric: Metric) -> list[int]:
    """Return as many of the best few, best first, as score best together."""
    if not best_few:
        return []
    votes = library.votes(np.array(best_few, np.intp))
    length, best_score = 0, math.nan
    for number, candidate in enumerate(best_few, start=1):
        votes.add(candidate)
        score = votes.score()
        if metric.is_better(score, than=best_score):
            length, best_score = number, score
    return list(best_few[:length])


def _draw_bags(
    library: np.ndarray,  # (num_kept,) int, ascending
    num_bags: int,
    generator: np.random.Generator,
) -> list[np.ndarray]:
    """Return each bag's candidates, ascending; one bag of all of them where there is nothing to leave out."""
    size = min(len(library), max(LEAST_BAG, math.ceil(len(library) / 2)))
    if num_bags == 1 or size == len(library):
        return [library]
    return [np.sort(generator.choice(library, size, replace=False)) for _ in range(num_bags)]

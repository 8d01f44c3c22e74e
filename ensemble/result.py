"""What a vote gives back: members, scores, and where the files are."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.metrics import accuracy, log_loss, num_errors

SCORED_ON = "scored on the rows that chose the members: optimistic"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores on the study's holdout rows, the same that chose the members: optimistic."""

    log_loss: float
    """Nats, less is better."""
    accuracy: float
    """Share of the rows, in [0, 1]."""
    num_errors: int
    num_rows: int

    @classmethod
    def of(
        cls,
        softmax: np.ndarray,  # (num_rows, num_classes)
        labels: np.ndarray,  # (num_rows,)
    ) -> "Scores":
        """Score softmax against the true classes."""
        return cls(
            log_loss=log_loss(softmax, labels),
            accuracy=accuracy(softmax, labels),
            num_errors=num_errors(softmax, labels),
            num_rows=len(labels),
        )

    @property
    def standard_error(self) -> float:
        """Standard error of the accuracy for that many rows, sqrt(p (1 - p) / n); selection bias comes on top."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.num_rows)


@dataclass(frozen=True, kw_only=True)
class Member:
    """One who voted."""

    member_id: str
    """The trial's id, or the file as it was given to --add-member."""
    state: str
    """complete, pruned, or added."""
    epoch: int
    """The epoch whose weights predicted; 0 where unknown."""
    config: dict[str, Any]
    """`core.config.Config.to_json`; empty where unknown."""
    weight: float
    """Share of the vote; all members' sum to 1."""
    scores: Scores


@dataclass(frozen=True, kw_only=True)
class VoteResult:
    """One vote; `ensemble.report.print_vote` shows it."""

    study: str
    """The study's folder."""
    method: str
    top_k: int
    """As asked for; there may be fewer members."""
    members: tuple[Member, ...]
    """Best first."""
    vote: Scores
    """The vote's scores."""
    num_by_state: dict[str, int]
    """How many trials of the study are running, complete, pruned and failed."""
    num_test: int
    """Rows of the submission; 0 where the data set has no test rows."""
    members_csv: str
    """Where members.csv was written."""
    ensemble_json: str
    """Where ensemble.json was written."""
    submission_csv: str | None
    """Where submission.csv was written; None without test rows."""
    warnings: tuple[str, ...]
    """What was left out or is not as asked for, one sentence each."""
    test_accuracy: float | None
    """True accuracy on test rows that this program set aside itself; None where their labels are unknown."""
    holdout_softmax: np.ndarray = field(repr=False, compare=False)  # (num_holdout, num_classes) float64
    test_softmax: np.ndarray = field(repr=False, compare=False)  # (num_test, num_classes) float64

    @property
    def best(self) -> Member:
        """The member of least holdout log-loss (ties: the first)."""
        return min(self.members, key=lambda member: member.scores.log_loss)

"""What a vote gives back: members, scores, and where the files are."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from core.metrics import accuracy, log_loss, num_errors
from core.store import files
from ensemble.estimate import Estimate
from ensemble.growth import Growth
from ensemble.opinions import Opinions
from ensemble.rows import ScoredRows
from ensemble.why import MemberReason

SCORED_ON = "scored on the rows that chose the members: optimistic"


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores on the rows that chose the members: optimistic; `ensemble.estimate` has the honest ones."""

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
    """complete, pruned, committee, or added."""
    epoch: int
    """The epoch whose weights predicted; 0 where unknown."""
    config: dict[str, Any]
    """`core.config.Config.to_json`; empty where unknown."""
    weight: float
    """Share of the vote; all members' sum to 1. A committee's configurations are named even where it is 0."""
    scores: Scores
    trial_id: str = ""
    """The trial whose configuration it is, or the added file."""
    views: int = 1
    """Views of an image over which its predictions are averaged."""
    reason: MemberReason | None = None
    """Why it votes; None where it does not."""
    model_urls: tuple[str, ...] = ()
    """The models that predicted, where they were kept."""


@dataclass(frozen=True, kw_only=True)
class VotingStudy:
    """One of several studies that voted together."""

    name: str
    """Before the slash of its members' names."""
    url: str
    """Its folder, as it was given."""
    generation: int
    """How often its command had been started."""
    num_by_state: dict[str, int]
    """How many of its trials are running, complete, pruned and failed."""


@dataclass(frozen=True, kw_only=True)
class VoteResult:
    """One vote; `ensemble.report.print_vote` shows it."""

    study: str
    """The study's folder; of several the first one's by name, whose data and images are those of all."""
    method: str
    """As asked for."""
    top_k: int | None
    """As asked for; there may be fewer members."""
    rows: ScoredRows = field(repr=False)
    """What members were chosen and scored on."""
    choice_reason: str
    """How the method came to these members."""
    of_logits: bool
    """Whether logits were averaged, not softmax."""
    members: tuple[Member, ...]
    """Best first."""
    best: Member
    """Of all candidates that of least log-loss (ties: the first), whether it votes or not."""
    vote: Scores
    """The vote's scores on the rows that chose it."""
    estimate: Estimate | None
    """The honest ones; None where there are too few rows."""
    refit: bool
    """Whether the test rows were predicted by trainings on every row, which no row can score."""
    num_by_state: dict[str, int]
    """How many trials of the study, or of all studies, are running, complete, pruned and failed."""
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
    names: tuple[str, ...] = field(repr=False)
    """The ids of all candidates, by their places in a `MemberReason`."""
    test_accuracy: float | None
    """True accuracy on test rows that this program set aside itself; None where their labels are unknown."""
    studies: tuple[VotingStudy, ...]
    """The studies by name where several voted together; empty for one."""
    growth: Growth = field(repr=False)
    """What fewer or more members would have scored, on the rows that chose them."""
    opinions: Opinions = field(repr=False, compare=False)
    """What each of `voters` says of `rows`."""
    test_opinions: Opinions = field(repr=False, compare=False)
    """What each of `voters` says of the test rows."""
    softmax: np.ndarray = field(repr=False, compare=False)  # (num_rows, num_classes) float64, of `rows`
    test_softmax: np.ndarray = field(repr=False, compare=False)  # (num_test, num_classes) float64
    report_html: str | None = None
    """Where report.html was written; None where it was not asked for, or could not be made."""

    @property
    def page_url(self) -> str:
        """Where report.html belongs: beside ensemble.json."""
        return files.join(self.ensemble_json.rpartition("/")[0], "report.html")

    @property
    def voters(self) -> tuple[Member, ...]:
        """Members whose weight is above 0, best first."""
        return tuple(member for member in self.members if member.weight > 0)

    def name_of(self, place: int | None) -> str:
        """Return a candidate's id; empty for None."""
        return "" if place is None else self.names[place]

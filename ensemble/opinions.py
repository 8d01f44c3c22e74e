"""What each voter says of each row: the class it takes for most probable, and how probable."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True, eq=False)  # comparing arrays with == would be ambiguous
class Opinions:
    """The voters' verdicts on some rows; a tenth of their softmax."""

    classes: np.ndarray  # (num_voters, num_rows) unsigned class indices (ties: the lowest)
    confidence: np.ndarray  # (num_voters, num_rows) float32, the probability of that class

    @classmethod
    def of(
        cls,
        softmaxes: Iterable[np.ndarray],  # one (num_rows, num_classes) float a voter
    ) -> "Opinions":
        """Return the verdicts of one voter or more."""
        return cls.together([cls._of_one(softmax) for softmax in softmaxes])

    @classmethod
    def together(cls, several: Sequence["Opinions"]) -> "Opinions":
        """Return the verdicts of all voters, in this order."""
        classes, confidence = (
            np.concatenate([getattr(one, name) for one in several]) for name in ("classes", "confidence")
        )
        return cls(classes=classes, confidence=confidence)

    @classmethod
    def _of_one(cls, softmax: np.ndarray) -> "Opinions":
        """Return one voter's verdicts."""
        classes = softmax.argmax(axis=1)
        confidence = softmax[np.arange(len(softmax)), classes].astype(np.float32)
        return cls(classes=classes.astype(np.min_scalar_type(softmax.shape[1]))[None], confidence=confidence[None])


def noted(
    softmaxes: Iterable[np.ndarray],
    weights: np.ndarray,  # (num_candidates,) float
    heard: dict[int, Opinions],
) -> Iterator[np.ndarray]:
    """Yield each candidate's softmax as it comes, with the verdicts of those that vote put into `heard` by place."""
    for place, softmax in enumerate(softmaxes):
        if weights[place] > 0:
            heard[place] = Opinions.of([softmax])
        yield softmax

"""What every method reads of the candidates' votes: that they are sound, and what they gave the true class."""

import numpy as np

from core.errors import StudyError
from core.metrics import LOG_LOSS, log_loss
from ensemble.select import top_k


def require_votes(
    method: str,
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
    labels: np.ndarray,  # (num_rows,) int
    *,
    at_least: int = 1,
) -> None:
    """Raise unless a method can choose among these votes.

    Args:
        method: as --method calls it.
        softmax: the candidates' softmax.
        labels: the true classes of the rows.
        at_least: candidates that the method needs.

    Raises:
        StudyError: there are fewer candidates.
        ValueError: shapes that do not fit, no row, or a number that is not finite.
    """
    if softmax.ndim != 3 or labels.shape != softmax.shape[1:2]:
        raise ValueError(
            f"softmax must be (candidates, rows, classes) with a label for each row, got shape {softmax.shape} and "
            f"labels of shape {labels.shape}"
        )
    if len(softmax) < at_least:
        needed = "a candidate" if at_least == 1 else "two or more candidates"
        raise StudyError(
            f"--method {method} needs {needed}, got {len(softmax)}. Let more trials end, or add a member with "
            "--add-member" + (", or take --method mean" if len(softmax) else "")
        )
    if len(labels) == 0:
        raise ValueError(f"--method {method} must have rows to choose on, got none")
    for number, votes in enumerate(softmax):
        # one sum is not finite where one number is not, and takes a quarter of the time of asking each number
        if not np.isfinite(votes.sum()):
            row = int((~np.isfinite(votes).all(axis=1)).argmax())
            raise ValueError(f"softmax must be finite, got {votes[row]} from candidate {number} in row {row}")


def true_class(
    softmax: np.ndarray,  # (num_candidates, num_rows, num_classes) float32
    labels: np.ndarray,  # (num_rows,) int
) -> np.ndarray:
    """Return what each candidate gave the true class, (num_candidates, num_rows) float32: all that log-loss reads."""
    num_candidates, num_rows, num_classes = softmax.shape
    # one take from each candidate's numbers in a line: an index over two axes would gather row by row
    places = np.arange(num_rows) * num_classes + labels
    return softmax.reshape(num_candidates, -1).take(places, axis=1)


def log_loss_of(
    true: np.ndarray,  # (num_rows,) float, the true class's probability in each row
) -> float:
    """Return `core.metrics.log_loss` from what the true class was given."""
    return log_loss(true[:, np.newaxis], np.zeros(len(true), np.intp))


def rank(
    true: np.ndarray,  # (num_candidates, num_rows) float
) -> list[int]:
    """Return all candidates by their own log-loss, least first; equal ones in the order in which they came."""
    return top_k([log_loss_of(votes) for votes in true], len(true), LOG_LOSS)

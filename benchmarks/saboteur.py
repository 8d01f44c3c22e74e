"""What befalls which trial of a sabotaged search; known to its workers and to who counts afterwards."""

from typing import Literal

Sabotage = Literal["raise", "nan", "kill", "hang"]
SABOTAGES: tuple[Sabotage, ...] = ("raise", "nan", "kill", "hang")
SABOTAGED_OF_TEN = (3, 6, 8)
BAD_OF_TEN = 1
"""This one's log-loss is bad enough to be pruned; the others get better from trial to trial, and are not."""
STEPS_FILE = "steps.jsonl"
"""In the cluster's scratch folder: each epoch that ended in a worker."""
ERROR = "sabotaged"


def sabotage_of(number: int) -> Sabotage | None:
    """Return what befalls a trial: one of the four in turns for three of ten trials, nothing for the others."""
    if number % 10 not in SABOTAGED_OF_TEN:
        return None
    order = number // 10 * len(SABOTAGED_OF_TEN) + SABOTAGED_OF_TEN.index(number % 10)
    return SABOTAGES[order % len(SABOTAGES)]


def sabotaged_epoch(number: int) -> int:
    """Return the epoch, 2 or 3, at whose end it befalls the trial."""
    return 2 + number // 10 % 2


def log_loss_of(number: int) -> float:
    """Return what a trial scores after each epoch."""
    return 9.0 if number % 10 == BAD_OF_TEN else 1 / (1 + number)

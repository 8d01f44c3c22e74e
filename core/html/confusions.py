"""Which classes are taken for which, counted; numpy alone, so that the terminal may use it too."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """One class taken for another."""

    true: int
    said: int
    num_rows: int


def confusions_of(
    labels: np.ndarray,  # (num_rows,) int class indices
    said: np.ndarray,  # (num_rows,) int class indices
    num_classes: int,
) -> list[Confusion]:
    """Return all confusions, most rows first (ties: in the classes' order); many classes cost no n x n counts."""
    wrong = labels != said
    cells, counts = np.unique(labels[wrong].astype(np.int64) * num_classes + said[wrong], return_counts=True)
    ranked = np.argsort(-counts, kind="stable")
    return [
        Confusion(true=cell // num_classes, said=cell % num_classes, num_rows=number)
        for cell, number in zip(cells[ranked].tolist(), counts[ranked].tolist(), strict=True)
    ]


def most_confused(confusions: list[Confusion], num_classes: int, most: int) -> np.ndarray:
    """Return at most so many classes, ascending: all, or those of the most frequent confusions."""
    if num_classes <= most:
        return np.arange(num_classes)
    chosen: set[int] = set()
    for one in confusions:
        pair = {one.true, one.said}
        if len(chosen | pair) > most:
            break
        chosen |= pair
    return np.array(sorted(chosen), dtype=np.int64)


def confusion_counts(
    labels: np.ndarray,  # (num_rows,) int class indices
    said: np.ndarray,  # (num_rows,) int class indices
    classes: np.ndarray,  # (num_shown,) int class indices, no two the same
    num_classes: int,
) -> np.ndarray:
    """Return how many rows of some classes are taken for which of them, (num_shown, num_shown), true class first."""
    num, place = len(classes), np.full(num_classes, -1, dtype=np.int64)
    place[classes] = np.arange(num)
    true, taken_for = place[labels], place[said]
    is_shown = (true >= 0) & (taken_for >= 0)
    cells = true[is_shown] * num + taken_for[is_shown]
    return np.bincount(cells, minlength=num**2).reshape(num, num)

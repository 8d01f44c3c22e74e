"""Votes made for tests: of two classes, by what the true one was given, or drawn as real candidates come."""

from collections.abc import Sequence

import numpy as np


def two_classes(
    true: Sequence[Sequence[float]],  # a candidate's probabilities of the true class, row by row
    repeats: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax (candidates, rows, 2) and labels, all 0; each row so many times."""
    given = np.repeat(np.array(true, np.float32), repeats, axis=1)
    return np.stack([given, 1 - given], axis=2), np.zeros(given.shape[1], int)


def drawn(
    num_candidates: int, num_rows: int, num_classes: int = 5, seed: int = 0, noise: float | Sequence[float] = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Return softmax and labels of candidates that are mostly right, confident, and wrong on the same hard rows."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, num_classes, num_rows)
    shared = generator.normal(0, 1.6, (num_rows, num_classes))
    shared[np.arange(num_rows), labels] += generator.gamma(6, 1, num_rows)
    own = generator.normal(0, 1, (num_candidates, num_rows, num_classes))
    odds = np.exp(shared + own * np.broadcast_to(noise, num_candidates)[:, np.newaxis, np.newaxis])
    return (odds / odds.sum(axis=2, keepdims=True)).astype(np.float32), labels


def study_like(num_rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return votes as a search leaves them: 9 weak ones that were pruned, and 3 strong ones, numbers 3, 7 and 10."""
    return drawn(12, num_rows, seed=seed, noise=[0.8 if number in (3, 7, 10) else 3.0 for number in range(12)])

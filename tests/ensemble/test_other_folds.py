"""That committees of different folds may vote together: the honest estimate of such a vote is the truth of it."""

import numpy as np
import pytest

from benchmarks.honesty import in_standard_errors
from core.metrics import log_loss
from ensemble.choice import combine
from ensemble.nested import nested_estimate
from ensemble.weighted import choose_weighted

pytestmark = pytest.mark.slow
NUM_STUDIES, NUM_ROWS, NUM_TEST, NUM_FEATURES, NUM_CLASSES = 40, 300, 4000, 40, 3


def differences(signal: float) -> list[float]:
    """Return, draw by draw, the honest log-loss less that of new rows, of a vote of two committees of other folds."""
    found = []
    for seed in range(NUM_STUDIES):
        rng = np.random.default_rng(seed)
        images = rng.normal(size=(NUM_ROWS + NUM_TEST, NUM_FEATURES))
        scores = images @ rng.normal(size=(NUM_FEATURES, NUM_CLASSES)) * signal + rng.gumbel(
            size=(len(images), NUM_CLASSES)
        )
        labels = scores.argmax(axis=1)
        softmax = np.concatenate([committee(images, labels, num_folds, rng) for num_folds in (5, 3)])
        scored, tests = softmax[:, :NUM_ROWS].astype(np.float32), softmax[:, NUM_ROWS:]
        honest = nested_estimate(scored, labels[:NUM_ROWS], choose_weighted, seed=seed, num_repeats=1)
        choice = choose_weighted(scored, labels[:NUM_ROWS], seed)
        found.append(float(honest.losses.mean()) - log_loss(combine(choice, tests), labels[NUM_ROWS:]))
    return found


def committee(images: np.ndarray, labels: np.ndarray, num_folds: int, rng: np.random.Generator) -> np.ndarray:
    """Return three linear configurations' softmax: out-of-fold of the first rows, of the others the folds' mean."""
    folds = rng.permutation(NUM_ROWS) % num_folds
    softmax = np.zeros((3, len(images), NUM_CLASSES))
    for member, penalty in enumerate((1.0, 10.0, 100.0)):
        seen = images[:, rng.permutation(NUM_FEATURES)[: NUM_FEATURES // 2]]
        for fold in range(num_folds):
            train = np.flatnonzero(folds != fold)
            targets = np.eye(NUM_CLASSES)[labels[train]] - 1 / NUM_CLASSES
            inner = seen[train].T @ seen[train] + penalty * np.eye(seen.shape[1])
            odds = np.exp(4 * seen @ np.linalg.solve(inner, seen[train].T @ targets))
            votes = odds / odds.sum(axis=1, keepdims=True)
            rows = np.flatnonzero(folds == fold)
            softmax[member, rows] = votes[rows]
            softmax[member, NUM_ROWS:] += votes[NUM_ROWS:] / num_folds
    return softmax


@pytest.mark.parametrize("signal", [0.0, 0.4])
def test_the_honest_estimate_of_committees_with_other_folds_is_the_truth_even_of_noise(signal: float) -> None:
    # an unbiased one is beyond 3 standard errors (39 degrees of freedom) in 0.5 % of such tests; labels of signal 0
    # are noise, of which whatever a training had seen of a row that it votes on would look like knowledge
    assert abs(in_standard_errors(differences(signal))) < 3

"""Test-time augmentation as further predictions of a member: taken only where the choosing rows say that it helps."""

import dataclasses

import numpy as np

from core.metrics import row_losses
from ensemble.choice import Choice, Chooser
from ensemble.compare import standard_error
from ensemble.library import true_class


def with_best_views(chooser: Chooser, plain_of: dict[int, int]) -> Chooser:
    """Return a method that first decides for each member between its predictions of one view and of more.

    Those of more views are taken where their log-loss is less by more than one standard error of the rows' paired
    differences: they cost as many times the time. The method then chooses among members, each in its better form.

    Args:
        chooser: the method.
        plain_of: the candidate of one view, for each candidate that is the same member over more.
    """
    if not plain_of:
        return chooser

    def choose(softmax: np.ndarray, labels: np.ndarray, seed: int) -> Choice:
        losses = row_losses(true_class(softmax, labels))
        dropped = {plain if _helps(losses[more] - losses[plain]) else more for more, plain in plain_of.items()}
        kept = [index for index in range(len(softmax)) if index not in dropped]
        choice = chooser(softmax[kept], labels, seed)
        weights = np.zeros(len(softmax))
        weights[kept] = choice.weights
        return dataclasses.replace(choice, weights=weights)

    return choose


def _helps(differences: np.ndarray) -> bool:
    """True where more views' losses (num_rows,) are clearly less than one view's."""
    return float(differences.mean()) < -standard_error(differences)

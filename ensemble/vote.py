"""Soft voting: the weighted mean of softmax."""

from collections.abc import Iterable, Sequence

import numpy as np


def soft_vote(
    softmaxes: Iterable[np.ndarray],  # one (num_rows, num_classes) float a member, rows sum to 1
    weights: Sequence[float],  # one a member, >= 0, sum to 1
) -> np.ndarray:
    """Return the weighted mean of the members' softmax.

    Members are taken one after the other, so that a generator keeps one of them in memory; the sum is made in
    float64, in their order, so that the same members give the same bits.

    Args:
        softmaxes: the members' softmax over the same rows in the same order.
        weights: each member's weight.

    Returns:
        (num_rows, num_classes) float64, rows sum to 1.

    Raises:
        ValueError: no member, another number of weights than of members, or shapes that differ.
    """
    total: np.ndarray | None = None
    for softmax, weight in zip(softmaxes, weights, strict=True):
        vote = softmax.astype(np.float64) * weight
        if total is None:
            total = vote
        elif total.shape != vote.shape:
            raise ValueError(f"members must have softmax of one shape, got {total.shape} and {vote.shape}")
        else:
            total += vote
    if total is None:
        raise ValueError("a vote must have one member or more, got none")
    return total

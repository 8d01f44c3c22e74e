"""Labelled rows dealt into parts, so that what is chosen on some of them can be scored on the others."""

import numpy as np


def deal_into_parts(
    labels: np.ndarray,  # (num_rows,) int class indices
    num_parts: int,
    rng: np.random.Generator,
    groups: np.ndarray | None = None,  # (num_rows,) any values that compare; equal ones stay together
) -> np.ndarray:
    """Return each row's part, (num_rows,) int64 from 0; no part is empty.

    Without groups, parts differ by at most one row, and by at most one row of each class. With groups, each goes
    whole to the part that has fewest rows by then, the largest first; classes fall as they do.

    Args:
        labels: the rows' classes.
        num_parts: 1 or more; where there are fewer rows (or groups), that many.
        rng: decides which row goes where.
        groups: rows that must not be torn apart, such as several pictures of one object.
    """
    if groups is not None:
        return _deal_groups(groups, num_parts, rng)
    shuffled = rng.permutation(len(labels))
    by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    parts = np.empty(len(labels), dtype=np.int64)
    parts[by_class] = np.arange(len(labels)) % max(1, min(num_parts, len(labels)))
    return parts


def _deal_groups(groups: np.ndarray, num_parts: int, rng: np.random.Generator) -> np.ndarray:
    """Return each row's part where whole groups are dealt."""
    _, group_of_row, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(sizes))
    largest_first = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    num_rows = np.zeros(min(num_parts, len(sizes)), dtype=np.int64)
    part_of_group = np.empty(len(sizes), dtype=np.int64)
    for group in largest_first:
        part_of_group[group] = num_rows.argmin()
        num_rows[part_of_group[group]] += sizes[group]
    return np.asarray(part_of_group[group_of_row])

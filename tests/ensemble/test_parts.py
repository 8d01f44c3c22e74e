import numpy as np
import pytest

from ensemble.parts import deal_into_parts


@pytest.mark.parametrize("num_rows", [1, 2, 7, 43, 100])
def test_parts_are_equal_in_size_and_in_each_class(num_rows: int) -> None:
    labels = np.random.default_rng(1).integers(4, size=num_rows)
    parts = deal_into_parts(labels, 5, np.random.default_rng(0))
    sizes = np.bincount(parts)
    assert len(sizes) == min(5, num_rows)
    assert sizes.max() - sizes.min() <= 1
    for label in np.unique(labels):
        of_class = np.bincount(parts[labels == label], minlength=len(sizes))
        assert of_class.max() - of_class.min() <= 1


def test_parts_follow_the_generator() -> None:
    labels = np.arange(60) % 3
    first, again, other = (deal_into_parts(labels, 4, np.random.default_rng(seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_parts_keep_groups_whole_and_balanced() -> None:
    groups = np.repeat(["a", "b", "c", "d", "e", "f"], [8, 1, 1, 2, 2, 2])
    parts = deal_into_parts(np.zeros(16, dtype=int), 2, np.random.default_rng(0), groups)
    assert all(len(np.unique(parts[groups == group])) == 1 for group in "abcdef")
    assert np.bincount(parts).tolist() == [8, 8]  # the eight of a, and then all others


def test_parts_are_no_more_than_groups() -> None:
    assert deal_into_parts(np.zeros(4, dtype=int), 5, np.random.default_rng(0), np.array([3, 3, 1, 1])).max() == 1

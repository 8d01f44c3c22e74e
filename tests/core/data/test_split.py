import dataclasses

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.split import split_rows
from core.data.twins import first_identical_rows
from core.errors import ConfigError, DataError
from tests.core.data.making import dataset_of, draw_images


def dataset_of_classes(*counts: int) -> Dataset:
    labels = [str(label) for label, count in enumerate(counts) for _ in range(count)]
    return dataset_of(draw_images(len(labels), 4, 4, 1), labels)


def test_share_is_stratified_complete_and_ascending() -> None:
    dataset = dataset_of_classes(50, 30, 20)
    split = split_rows(dataset, "0.2", seed=0)
    assert np.bincount(dataset.labels[split.holdout_rows]).tolist() == [10, 6, 4]
    assert sorted([*split.train_rows, *split.holdout_rows]) == list(range(100))
    assert (np.diff(split.train_rows) > 0).all()
    assert (np.diff(split.holdout_rows) > 0).all()
    assert split.train_rows.dtype == split.holdout_rows.dtype == np.int64
    assert (split.method, split.num_left_out) == ("0.2", 0)


def test_share_is_drawn_by_the_seed() -> None:
    dataset = dataset_of_classes(50, 50)
    first, again, other = (split_rows(dataset, "0.2", seed) for seed in (1, 1, 2))
    assert np.array_equal(first.holdout_rows, again.holdout_rows)
    assert first.fingerprint == again.fingerprint
    assert not np.array_equal(first.holdout_rows, other.holdout_rows)
    assert first.fingerprint != other.fingerprint


def test_share_written_otherwise_is_the_same_split() -> None:
    dataset = dataset_of_classes(50, 50)
    first, second = split_rows(dataset, "0.2", 0), split_rows(dataset, "0.20", 0)
    assert (first.fingerprint, first.method) == (second.fingerprint, second.method)


def test_share_keeps_identical_images_on_one_side() -> None:
    rng = np.random.default_rng(3)
    images = draw_images(40, 4, 4, 1)[rng.integers(0, 40, 200)]
    dataset = dataset_of(images, [str(label) for label in first_identical_rows(images) % 2])
    for seed in range(5):
        split = split_rows(dataset, "0.3", seed)
        train, holdout = ({images[row].tobytes() for row in rows} for rows in (split.train_rows, split.holdout_rows))
        assert not train & holdout
        assert len(split.train_rows) + len(split.holdout_rows) == 200


def test_share_needs_as_many_images_of_a_class_as_reach_both_sides() -> None:
    for seed in range(10):
        split = split_rows(dataset_of_classes(500, 5), "0.2", seed)
        assert (split.holdout_rows >= 500).sum() >= 1
    with pytest.raises(DataError, match=r"--holdout 0.2 needs 5 different images or more of each class, .* '1' has 4"):
        split_rows(dataset_of_classes(500, 4), "0.2", 0)
    with pytest.raises(DataError, match=r"--holdout 0.9 needs 10 different images or more"):
        split_rows(dataset_of_classes(500, 9), "0.9", 0)


def test_share_counts_different_images_only() -> None:
    dataset = dataset_of_classes(50, 20)
    images = dataset.x_train.copy()
    images[50:] = images[50]
    with pytest.raises(DataError, match=r"class '1' has 1"):
        split_rows(dataclasses.replace(dataset, x_train=images), "0.2", 0)


def test_tail_is_the_last_fifth_in_the_files_order() -> None:
    dataset = dataset_of(draw_images(11, 4, 4, 1), ["a", "b"] * 5 + ["a"])
    split = split_rows(dataset, "tail", seed=5)
    assert split.holdout_rows.tolist() == [9, 10]  # round(2.2)
    assert split.train_rows.tolist() == list(range(9))
    assert (split.method, split.num_left_out) == ("tail", 0)
    assert split.fingerprint == split_rows(dataset, "tail", seed=6).fingerprint


def test_tail_leaves_out_train_rows_that_are_identical_to_a_holdout_row() -> None:
    images = draw_images(10, 4, 4, 1)
    images[[0, 3]] = images[9]
    split = split_rows(dataset_of(images, ["a", "b"] * 5), "tail", 0)
    assert split.holdout_rows.tolist() == [8, 9]
    assert split.train_rows.tolist() == [1, 2, 4, 5, 6, 7]
    assert split.num_left_out == 2


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ("aabbccaaba", "class 'c' is missing from the holdout rows .the last 20 % of the file"),
        ("aabbcaacac", "class 'b' is missing from the holdout rows"),
        ("aaaabbbbca", "class 'c' is missing from the train rows"),
        ("ab", "class 'a' is missing from the holdout rows"),
    ],
)
def test_tail_refuses_a_class_that_is_missing_from_a_side(labels: str, words: str) -> None:
    dataset = dataset_of(draw_images(len(labels), 4, 4, 1), list(labels))
    with pytest.raises(DataError, match=f"needs every class on both sides, and {words}.*Shuffle .* --holdout 0.2"):
        split_rows(dataset, "tail", 0)


def test_fingerprint_is_of_the_data_and_the_rows() -> None:
    dataset = dataset_of_classes(50, 50)
    other = dataclasses.replace(dataset, fingerprint="0" * 64)
    assert split_rows(dataset, "0.2", 0).fingerprint != split_rows(other, "0.2", 0).fingerprint


def test_holdout_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"--holdout must be tail or a share"):
        split_rows(dataset_of_classes(50, 50), "head", 0)

import dataclasses

import numpy as np
import pytest

from core.data.dataset import Dataset
from core.data.folds import fold_splits, whole_split
from core.data.split import split_rows
from core.errors import DataError
from tests.core.data.making import dataset_of, draw_images


def dataset_of_classes(*counts: int) -> Dataset:
    labels = [str(label) for label, count in enumerate(counts) for _ in range(count)]
    return dataset_of(draw_images(len(labels), 4, 4, 1), labels)


def with_twins(num_images: int, num_rows: int) -> Dataset:
    """Return rows of fewer images than rows, each image always of one of two classes."""
    which = np.random.default_rng(3).integers(0, num_images, num_rows)
    return dataset_of(draw_images(num_images, 4, 4, 1)[which], [str(number % 2) for number in which])


@pytest.mark.parametrize("num_folds", [2, 3, 5])
def test_every_row_is_in_exactly_one_fold_and_trained_on_in_all_others(num_folds: int) -> None:
    dataset = dataset_of_classes(31, 17, 10)
    splits = fold_splits(dataset, num_folds, seed=0)
    assert len(splits) == num_folds
    assert sorted(np.concatenate([split.holdout_rows for split in splits])) == list(range(58))
    for split in splits:
        assert sorted([*split.train_rows, *split.holdout_rows]) == list(range(58))
        assert (np.diff(split.train_rows) > 0).all()
        assert (np.diff(split.holdout_rows) > 0).all()
        assert (split.method, split.num_left_out) == (f"fold of {num_folds}", 0)


def test_folds_are_stratified_by_class() -> None:
    dataset = dataset_of_classes(50, 30, 20)
    for split in fold_splits(dataset, 5, seed=1):
        assert np.bincount(dataset.labels[split.holdout_rows]).tolist() == [10, 6, 4]


def test_folds_of_a_class_that_the_folds_do_not_divide_differ_by_one_row_of_it() -> None:
    dataset = dataset_of_classes(23, 8)
    counts = np.array([np.bincount(dataset.labels[split.holdout_rows]) for split in fold_splits(dataset, 5, seed=1)])
    assert (counts.max(axis=0) - counts.min(axis=0) == 1).all()


def test_twins_share_a_fold() -> None:
    dataset = with_twins(40, 200)
    for seed in range(3):
        splits = fold_splits(dataset, 4, seed)
        assert sorted(np.concatenate([split.holdout_rows for split in splits])) == list(range(200))
        for split in splits:
            trained, scored = (
                {dataset.x_train[row].tobytes() for row in rows} for rows in (split.train_rows, split.holdout_rows)
            )
            assert not trained & scored


def test_folds_are_drawn_by_the_seed() -> None:
    dataset = dataset_of_classes(50, 50)
    first, again, other = ([split.fingerprint for split in fold_splits(dataset, 5, seed)] for seed in (1, 1, 2))
    assert first == again
    assert len(set(first)) == 5
    assert not set(first) & set(other)


def test_folds_are_of_the_data() -> None:
    dataset = dataset_of_classes(50, 50)
    other = dataclasses.replace(dataset, fingerprint="0" * 64)
    assert fold_splits(dataset, 2, 0)[0].fingerprint != fold_splits(other, 2, 0)[0].fingerprint


def test_a_class_of_fewer_images_than_folds_is_refused_in_words() -> None:
    assert len(fold_splits(dataset_of_classes(50, 5), 5, 0)) == 5
    with pytest.raises(
        DataError,
        match=r"^made: --folds 5 needs 5 different images or more of each class, and class '1' has 4\. "
        r"Ask for fewer folds, add rows or remove the class$",
    ):
        fold_splits(dataset_of_classes(50, 4), 5, 0)


def test_folds_count_different_images_only() -> None:
    dataset = dataset_of_classes(50, 20)
    images = dataset.x_train.copy()
    images[50:] = images[50]
    with pytest.raises(DataError, match=r"class '1' has 1\."):
        fold_splits(dataclasses.replace(dataset, x_train=images), 2, 0)


def test_whole_split_trains_on_every_row_and_watches_the_holdout() -> None:
    dataset = dataset_of_classes(50, 50)
    holdout = split_rows(dataset, "0.2", 0)
    whole = whole_split(dataset, holdout)
    assert whole.train_rows.tolist() == list(range(100))
    np.testing.assert_array_equal(whole.holdout_rows, holdout.holdout_rows)
    assert (whole.method, whole.num_left_out) == ("all rows", 0)
    assert whole.fingerprint != holdout.fingerprint


def test_whole_split_trains_on_the_rows_that_the_tail_leaves_out_too() -> None:
    images = draw_images(10, 4, 4, 1)
    images[[0, 3]] = images[9]
    dataset = dataset_of(images, ["a", "b"] * 5)
    whole = whole_split(dataset, split_rows(dataset, "tail", 0))
    assert (len(whole.train_rows), whole.num_left_out) == (10, 0)

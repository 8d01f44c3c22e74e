import numpy as np

from core.data.describe import describe_dataset, describe_split
from core.data.split import split_rows
from tests.core.data.making import dataset_of, draw_images


def test_describe_dataset_says_shape_rows_classes_and_twins() -> None:
    images = draw_images(5, 9, 7, 1)
    dataset = dataset_of(images[[0, 0, 1, 2, 3]], ["bag", "shirt", "bag", "bag", "shirt"], images[[0, 4]])
    assert describe_dataset(dataset) == [
        "made: 5 train and 2 test images of 9x7x1, 2 classes",
        "rows by class: bag 3, shirt 2",
        "identical images: 2 train rows have a twin among the train rows (2 with conflicting labels); "
        "1 test rows are among the train rows",
    ]


def test_describe_dataset_of_many_classes_says_the_extremes() -> None:
    labels = [str(label) for label in range(30) for _ in range(2)] + ["7"]
    lines = describe_dataset(dataset_of(draw_images(61, 3, 3, 1), labels))
    assert lines[1:] == ["rows by class: 2 (0) to 3 (7), median 2", "identical images: none"]


def test_describe_dataset_shows_no_control_characters() -> None:
    dataset = dataset_of(draw_images(2, 3, 3, 1), ["\x1b[2J", "ok"])
    assert all(line.isprintable() for line in describe_dataset(dataset))


def test_describe_split_says_what_is_left_out() -> None:
    images = draw_images(10, 4, 4, 1)
    dataset = dataset_of(images, ["a", "b"] * 5)
    assert describe_split(split_rows(dataset, "0.5", 0)) == "holdout 0.5: 5 rows train, 5 score"
    images = np.concatenate([images[9:], images])
    split = split_rows(dataset_of(images, ["b", *(["a", "b"] * 5)]), "tail", 0)
    assert describe_split(split) == "holdout tail: 8 rows train, 2 score, 1 left out as identical to a holdout row"

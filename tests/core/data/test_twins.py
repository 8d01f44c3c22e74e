import numpy as np

from core.data.twins import count_twins, first_identical_rows
from tests.core.data.making import dataset_of, draw_images


def test_first_identical_rows_names_the_first_of_each_image() -> None:
    images = draw_images(3, 2, 2, 1)
    assert first_identical_rows(images[[0, 1, 0, 2, 1, 1]]).tolist() == [0, 1, 0, 3, 1, 1]


def test_first_identical_rows_counts_through_blocks_and_takes_none() -> None:
    images = draw_images(3, 2, 2, 1)
    assert first_identical_rows(images, images[:0], images[[2, 0]]).tolist() == [0, 1, 2, 2, 0]
    assert first_identical_rows(images[:0]).tolist() == []


def test_first_identical_rows_tells_one_grey_level_apart() -> None:
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[1, 27, 27, 0] = 1
    assert first_identical_rows(images).tolist() == [0, 1]


def test_count_twins_counts_rows_conflicts_and_test_rows() -> None:
    images = draw_images(6, 2, 2, 1)
    # image 0 thrice with labels a a b, image 1 twice with a a, images 2 and 3 once; of the test rows two are known
    x_train = images[[0, 1, 0, 2, 0, 1, 3]]
    labels = ["a", "a", "a", "a", "b", "a", "b"]
    counts = count_twins(dataset_of(x_train, labels, images[[4, 0, 3, 4]]))
    assert (counts.num_train, counts.num_conflicting, counts.num_test) == (5, 3, 2)


def test_count_twins_of_different_images_is_none() -> None:
    counts = count_twins(dataset_of(draw_images(4, 2, 2, 1), ["a", "b"] * 2, draw_images(2, 2, 2, 1, seed=1)))
    assert (counts.num_train, counts.num_conflicting, counts.num_test) == (0, 0, 0)

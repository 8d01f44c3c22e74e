import numpy as np

from ensemble.opinions import Opinions, noted

FIRST, SECOND = np.array([[0.2, 0.8], [0.5, 0.5]]), np.array([[0.9, 0.1], [0.4, 0.6]])


def test_opinions_are_the_most_probable_classes_and_how_probable() -> None:
    opinions = Opinions.of([FIRST, SECOND])
    assert opinions.classes.tolist() == [[1, 0], [0, 1]]
    np.testing.assert_allclose(opinions.confidence, [[0.8, 0.5], [0.9, 0.6]], rtol=1e-6)


def test_opinions_of_no_rows_have_none() -> None:
    assert Opinions.of([np.zeros((0, 3))]).classes.shape == (1, 0)


def test_noting_passes_all_on_and_keeps_those_that_vote() -> None:
    heard: dict[int, Opinions] = {}
    passed = list(noted([FIRST, SECOND], np.array([0.0, 1.0]), heard))
    assert passed[0] is FIRST
    assert passed[1] is SECOND
    assert list(heard) == [1]
    assert heard[1].classes.tolist() == [[0, 1]]

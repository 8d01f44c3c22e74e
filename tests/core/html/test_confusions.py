import numpy as np

from core.html.confusion_matrix import MOST_DRAWN, confusions_body
from core.html.confusions import confusion_counts, confusions_of, most_confused

LABELS, SAID = np.array([0, 0, 1, 1, 1, 2]), np.array([0, 2, 0, 0, 1, 1])


def test_confusions_are_ranked_by_their_rows_then_by_the_classes() -> None:
    pairs = [(one.true, one.said, one.num_rows) for one in confusions_of(LABELS, SAID, 3)]
    assert pairs == [(1, 0, 2), (0, 2, 1), (2, 1, 1)]
    assert confusions_of(LABELS, LABELS, 3) == []


def test_rows_are_counted_by_true_class_among_those_that_are_shown() -> None:
    assert confusion_counts(LABELS, SAID, np.arange(3), 3).tolist() == [[1, 0, 1], [2, 1, 0], [0, 1, 0]]
    assert confusion_counts(LABELS, SAID, np.array([0, 2]), 3).tolist() == [[1, 1], [0, 0]]


def test_the_most_confused_classes_are_those_of_the_most_frequent_confusions() -> None:
    pairs = confusions_of(np.array([4, 4, 1]), np.array([2, 2, 0]), 6)
    assert most_confused(pairs, 6, 3).tolist() == [2, 4], "a class without its counterpart would show nothing"
    assert most_confused(pairs, 6, 4).tolist() == [0, 1, 2, 4]
    assert most_confused(pairs, 6, 6).tolist() == [0, 1, 2, 3, 4, 5]
    assert most_confused([], 6, 3).tolist() == []


def test_of_many_classes_the_most_confused_are_drawn_and_the_rest_is_named() -> None:
    labels = np.repeat(np.arange(1000), 3)
    said = labels.copy()
    said[::5] = (labels[::5] + 1) % 1000
    said[labels == 700] = 701
    body = confusions_body(labels, said, [f"class {number}" for number in range(1000)], who="the vote")
    assert f"The {MOST_DRAWN} classes of the most frequent confusions, with " in body
    assert f"of the {(labels != said).sum():,} errors between them; 970 classes are left out" in body
    assert "most often class 700 taken for class 701 (3 times)" in body
    assert len(body) < 1_000_000


def test_of_many_classes_without_an_error_there_is_no_matrix() -> None:
    body = confusions_body(np.arange(40), np.arange(40), [str(number) for number in range(40)], who="the vote")
    assert "Nothing is confused: there is no error." in body
    assert "chart" not in body


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = [f"a class with a very long name, number {number}" for number in range(3)]
    body = confusions_body(LABELS, SAID, names, who="the vote")
    assert "a class with a very long name" not in body
    assert all(f"a clas\\u2026umber {number}" in body for number in range(3))

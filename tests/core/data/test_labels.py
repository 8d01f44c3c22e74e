import numpy as np
import pytest

from core.data.labels import encode_labels
from core.errors import DataError


@pytest.mark.parametrize(
    ("raw", "names", "indices"),
    [
        (["10", "9", "10", "-1"], ["-1", "9", "10"], [2, 1, 2, 0]),
        (["7.0", "7", " 3 ", "007"], ["3", "7"], [1, 1, 0, 1]),
        (["shirt", "bag", "10"], ["10", "bag", "shirt"], [2, 1, 0]),
        (["10", "9", "9.5"], ["10", "9", "9.5"], [0, 1, 2]),
        (["a,b", "é", "a,b"], ["a,b", "é"], [0, 1, 0]),
        (["1" * 400, "2"], ["1" * 400, "2"], [0, 1]),
    ],
)
def test_encode_labels_sorts_whole_numbers_as_numbers_and_others_as_text(
    raw: list[str], names: list[str], indices: list[int]
) -> None:
    labels, class_names = encode_labels(raw, "train.csv")
    assert class_names.tolist() == names
    assert labels.tolist() == indices
    assert labels.dtype == np.int32


@pytest.mark.parametrize(("gap", "shown"), [("", "nothing"), ("  ", "nothing"), ("NaN", "NaN")])
def test_encode_labels_names_the_row_without_a_label(gap: str, shown: str) -> None:
    with pytest.raises(DataError, match=f"train.csv row 3: each row must have a label, got {shown}"):
        encode_labels(["1", "2", gap], "train.csv")


def test_encode_labels_refuses_a_label_of_several_lines() -> None:
    with pytest.raises(
        DataError, match=r"train.csv row 2: a label must be one line, got '2,0,0.n3'. Is a quote missing"
    ):
        encode_labels(["1", "2,0,0\n3"], "train.csv")


def test_encode_labels_refuses_one_class() -> None:
    with pytest.raises(DataError, match=r"two classes or more, got one class only \('5' in all 2 rows\)"):
        encode_labels(["5", "5.0"], "train.csv")

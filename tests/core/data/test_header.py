import io

import pytest

from core.data.header import read_header
from core.errors import DataError

TRAIN_PIXELS = ("pixel0", "pixel1", "pixel2")


def test_read_header_moves_on_to_the_first_row() -> None:
    stream = io.StringIO("a,label,b\n1,2,3\n")
    header = read_header(stream, "train.csv", pixels_like=None)
    assert header.label_index == 1
    assert header.pixel_names == ("a", "b")
    assert stream.read() == "1,2,3\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "train.csv is empty: its first line must name the columns, label and one a pixel"),
        ("\nlabel,a\n1,2\n", "train.csv starts with a blank line"),
        ("digit,a,b,c\n", "must have a column 'label', and has digit, a, b and more.$"),
        ("label;a;b\n", "must have a column 'label', and has label;a;b. Columns must be separated by commas"),
        ("5,0,1,2\n", "must have a column 'label', and has 5, 0, 1 and more.*header line is missing"),
        ("label\n", "must have a column for each pixel beside 'label', and has none"),
        ("label,a,b,a\n", r"column names must differ, got 'a' twice \(columns 2 and 4\)"),
        ("label,a,Label\n", r"column names must differ, got 'Label' twice \(columns 1 and 3\)"),
        ("label,a,\n", "each column must have a name, and column 3 has none"),
        ("5,0,0,1\n", "got '0' twice .*header line is missing"),
    ],
)
def test_read_header_says_what_a_train_file_lacks(text: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_header(io.StringIO(text), "train.csv", pixels_like=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("label,pixel0,pixel1,pixel2\n", "must hold pixels only, and has a column 'label'. Remove that column"),
        (
            "id,pixel0,pixel1,pixel2\n",
            r"3 pixel columns of the train file, got 4 columns \(only here: id; only there: none\)",
        ),
        (
            "pixel0,pixel2\n",
            r"3 pixel columns of the train file, got 2 columns \(only here: none; only there: pixel1\)",
        ),
        ("pixel0,pixel2,pixel1\n", "in the train file's order, and column 2 is 'pixel2' here and 'pixel1' there"),
        ("0,17,255\n", "must name the columns as the train file does.*header line is missing"),
    ],
)
def test_read_header_says_how_a_test_file_differs_from_the_train_file(text: str, words: str) -> None:
    with pytest.raises(DataError, match=f"^test.csv.*{words}"):
        read_header(io.StringIO(text), "test.csv", pixels_like=TRAIN_PIXELS)


def test_read_header_takes_other_names_for_as_many_test_pixels() -> None:
    header = read_header(io.StringIO("p1,p2,p3\n"), "test.csv", pixels_like=TRAIN_PIXELS)
    assert header.label_index is None
    assert header.pixel_names == ("p1", "p2", "p3")


def test_read_header_stops_at_a_line_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.data.header.MAX_HEADER_CHARACTERS", 100)
    with pytest.raises(
        DataError, match=r"train.csv must be a CSV, and its first line has no end within 100 characters"
    ):
        read_header(io.StringIO("a" * 1000), "train.csv", pixels_like=None)

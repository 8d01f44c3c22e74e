import io

import numpy as np
import pytest

import core.data.table as table_module
from core.data.table import Table, read_table
from core.errors import DataError
from tests.core.data.making import HEADER, TRAIN

PIXELS = [[0, 10, 20, 255], [1, 2, 3, 4]]


def read(text: str, pixels_like: tuple[str, ...] | None = None) -> Table:
    return read_table(io.StringIO(text, newline=None), "train.csv", pixels_like=pixels_like)


def test_read_table_returns_pixels_names_and_labels() -> None:
    table = read(TRAIN)
    assert table.pixels.tolist() == PIXELS
    assert table.pixels.dtype == np.uint8
    assert table.pixel_names == ("pixel0", "pixel1", "pixel2", "pixel3")
    assert table.labels == ["3", "7"]


@pytest.mark.parametrize(
    "text",
    [
        TRAIN.rstrip("\n"),
        TRAIN + "\n  \n\n",
        TRAIN.replace("\n", "\n\n"),
        TRAIN.replace("\n", "\r\n"),
        TRAIN.replace(",255", ",255.0"),
        TRAIN.replace(",255", ", 255 "),
        TRAIN.replace(",255", ',"255"'),
        TRAIN.replace(",255", ",2.55e2"),
        TRAIN.replace("label", " Label ").replace("pixel0", '"pixel0"'),
    ],
    ids=["no-last-newline", "blank-last", "blank", "crlf", "float", "spaces", "quoted", "exponent", "header"],
)
def test_read_table_reads_harmless_forms_alike(text: str) -> None:
    table = read(text)
    assert table.pixels.tolist() == PIXELS
    assert table.labels == ["3", "7"]


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_read_table_finds_the_label_by_name_anywhere(place: int) -> None:
    columns = list(zip(*[line.split(",") for line in TRAIN.splitlines()], strict=True))
    columns.insert(place, columns.pop(0))
    table = read("\n".join(",".join(row) for row in zip(*columns, strict=True)))
    assert table.pixels.tolist() == PIXELS
    assert table.labels == ["3", "7"]


def test_read_table_keeps_any_text_as_a_label() -> None:
    labels = ['"shirt, long"', "T-shirt/top", '"say ""hi"""', "1.5", "naïve #1"]
    table = read(HEADER + "\n" + "".join(f"{label},1,2,3,4\n" for label in labels))
    assert table.labels == ["shirt, long", "T-shirt/top", 'say "hi"', "1.5", "naïve #1"]


def test_read_table_takes_a_test_file_without_labels() -> None:
    table = read("a,b\n1,2\n", pixels_like=("a", "b"))
    assert table.pixels.tolist() == [[1, 2]]
    assert table.labels == []


def test_read_table_reads_the_same_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (11, 4))
    text = HEADER + "\n" + "".join(f"{i % 3},{','.join(map(str, row))}\n\n" for i, row in enumerate(pixels.tolist()))
    for characters in (1, 20, 45, 10_000):
        monkeypatch.setattr(table_module, "CHARACTERS_A_BLOCK", characters)
        table = read(text)
        assert table.pixels.tolist() == pixels.tolist()
        assert table.labels == [str(i % 3) for i in range(11)]


FAULTS = {
    "ragged-short": ("1,2,3,4", r"row 3 \(line 4\): each row must have 5 values as the header has names, got 4"),
    "ragged-long": ("1,2,3,4,5,6", r"row 3 \(line 4\): each row must have 5 values .* got 6"),
    "text": ("1,2,x,4,5", r"row 3 \(line 4\): .* got the text 'x' in column pixel1. Write a number"),
    "empty": ("1,2,,4,5", r"row 3 \(line 4\): .* got nothing \(an empty cell\) in column pixel1. Fill the gap"),
    "nan": ("1,2,NaN,4,5", r"row 3 \(line 4\): .* got NaN in column pixel1. Fill the gap"),
    "infinite": ("1,2,inf,4,5", r"row 3 .* whole numbers 0..255, got inf in column pixel1"),
    "above": ("1,2,300,4,5", r"row 3 .* whole numbers 0..255, got 300 in column pixel1. Is the file normalised"),
    "far-above": ("1,2,99999999999999999999,4,5", r"row 3 .* got 99999999999999999999 in column pixel1"),
    "below": ("1,2,-1,4,5", r"row 3 .* whole numbers 0..255, got -1 in column pixel1"),
    "fraction": ("1,2,12.5,4,5", r"row 3 .* whole numbers 0..255, got 12.5 in column pixel1"),
    "underscore": ("1,2,1_0,4,5", r"row 3 .* got the text '1_0' in column pixel1"),
    "open-quote": ('"1,2,3,4,5', r"row 3 .* each row must have 5 values"),
}


@pytest.mark.parametrize(("row", "words"), FAULTS.values(), ids=FAULTS)
def test_read_table_says_where_and_what_a_fault_is(row: str, words: str) -> None:
    with pytest.raises(DataError, match=rf"^train.csv {words}"):
        read(f"{TRAIN}{row}\n")


@pytest.mark.parametrize("characters", [1, 20, 45])
def test_read_table_counts_rows_and_lines_through_blocks(characters: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "CHARACTERS_A_BLOCK", characters)
    with pytest.raises(DataError, match=r"train.csv row 5 \(line 7\): .* got 256 in column pixel3"):
        read(f"{TRAIN}\n1,0,0,0,0\n2,0,0,0,0\n3,0,0,0,256\n")


def test_read_table_recognises_pixels_scaled_to_0_and_1() -> None:
    with pytest.raises(DataError, match=r"row 1 .* got 0.498 in column pixel1.*All its pixels lie within 0..1: mul"):
        read(f"{HEADER}\n300,0,0.498,1,0\n4,1.0,0,0,0\n")


def test_read_table_refuses_a_file_with_only_a_header() -> None:
    for rows in ("", "\n", "\n\n  \n"):
        with pytest.raises(DataError, match=r"train.csv must have rows below its header, and has only a header"):
            read(HEADER + rows)

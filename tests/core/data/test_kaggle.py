from pathlib import Path

import numpy as np
import pytest

from core.data.load import load_dataset
from core.errors import ConfigError, DataError
from tests.core.data.making import HEADER, TEST, TRAIN, draw_images, to_csv, write_folder, write_zip


def test_folder_gives_images_labels_and_numbered_test_rows(tmp_path: Path) -> None:
    dataset = load_dataset(write_folder(tmp_path / "digits", train=TRAIN, test=TEST))
    assert dataset.name == "digits"
    assert dataset.image_shape == (2, 2, 1)
    assert dataset.x_train[0, :, :, 0].tolist() == [[0, 10], [20, 255]]
    assert dataset.x_train.dtype == np.uint8
    assert dataset.labels.tolist() == [0, 1]
    assert dataset.labels.dtype == np.int32
    assert dataset.class_names.tolist() == ["3", "7"]
    assert dataset.x_test[:, :, :, 0].tolist() == [[[9, 8], [7, 6]]]
    assert dataset.test_ids.tolist() == ["1"]
    assert dataset.submission_header == ("ImageId", "Label")
    assert dataset.test_labels is None


def test_sample_submission_gives_header_and_ids(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "a", train=TRAIN, test=TEST, sample_submission="id,digit\ntest-0,0\n")
    dataset = load_dataset(source)
    assert dataset.submission_header == ("id", "digit")
    assert dataset.test_ids.tolist() == ["test-0"]


def test_without_test_file_there_are_no_test_rows(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "a", train=TRAIN, sample_submission="id,digit\n1,0\n")
    dataset = load_dataset(source)
    assert dataset.x_test.shape == (0, 2, 2, 1)
    assert dataset.test_ids.shape == (0,)


def test_another_set_of_the_same_form_works_unchanged(tmp_path: Path) -> None:
    images, names = draw_images(6, 9, 7, 1), ["shirt", '"bag, small"', "boot"] * 2
    source = write_folder(tmp_path / "fashion", train=to_csv(images, names), test=to_csv(images[:5]))
    dataset = load_dataset(source, image_shape="9x7")
    assert dataset.class_names.tolist() == ["bag, small", "boot", "shirt"]
    assert dataset.labels.tolist() == [2, 0, 1, 2, 0, 1]
    assert np.array_equal(dataset.x_train, images)
    assert np.array_equal(dataset.x_test, images[:5])


def test_colour_images_vary_fastest_by_channel(tmp_path: Path) -> None:
    images = draw_images(3, 4, 4, 3)
    source = write_folder(tmp_path / "colour", train=to_csv(images, ["a", "b", "c"]))
    dataset = load_dataset(source, image_shape="4x4x3")
    assert dataset.image_shape == (4, 4, 3)
    assert np.array_equal(dataset.x_train, images)


def test_byte_order_mark_and_crlf_are_read(tmp_path: Path) -> None:
    plain = load_dataset(write_folder(tmp_path / "plain", train=TRAIN))
    windows = load_dataset(write_folder(tmp_path / "win", train=b"\xef\xbb\xbf" + TRAIN.replace("\n", "\r\n").encode()))
    assert windows.fingerprint == plain.fingerprint
    assert windows.class_names.tolist() == ["3", "7"]


def test_fingerprint_is_of_content_alone(tmp_path: Path) -> None:
    images, labels = draw_images(4, 5, 5), ["2", "10", "2", "10"]
    train, test = to_csv(images, labels), to_csv(images[:2])
    np.savez(tmp_path / "a.npz", x_train=images, y_train=np.array([2, 10, 2, 10]), x_test=images[:2])
    sources = [
        write_folder(tmp_path / "folder", train=train, test=test, sample_submission="id,x\na,0\nb,0\n"),
        write_zip(tmp_path / "b.zip", {"train.csv": train.replace("10,", "10.0,", 1), "deep/test.csv": test}),
        str(tmp_path / "a.npz"),
    ]
    assert len({load_dataset(source).fingerprint for source in sources}) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"train": TRAIN.replace("255", "254"), "test": TEST},
        {"train": TRAIN.replace("\n7,", "\n8,"), "test": TEST},
        {"train": TRAIN, "test": TEST.replace("9,8", "8,9")},
        {"train": TRAIN},
    ],
    ids=["pixel", "label", "test", "no-test"],
)
def test_fingerprint_changes_with_the_content(changed: dict[str, str], tmp_path: Path) -> None:
    before = load_dataset(write_folder(tmp_path / "a", train=TRAIN, test=TEST))
    assert load_dataset(write_folder(tmp_path / "b", **changed)).fingerprint != before.fingerprint


def test_fingerprint_changes_with_the_image_shape(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "a", train=TRAIN)
    assert load_dataset(source).fingerprint != load_dataset(source, image_shape="1x4").fingerprint


BAD = {
    "no-train": ({"test": TEST}, "a must hold train.csv, and holds test.csv"),
    "nothing": ({}, "a must hold train.csv, and holds nothing"),
    "empty": ({"train": ""}, "a/train.csv is empty"),
    "header-only": ({"train": HEADER}, "a/train.csv must have rows below its header"),
    "one-class": (
        {"train": f"{HEADER}\n1,0,9,0,0\n1,2,3,4,5\n"},
        "a/train.csv: labels must be of two classes or more, got one class only",
    ),
    "label-gap": ({"train": f"{HEADER}\n1,0,9,0,0\n,2,3,4,5\n"}, "a/train.csv row 2: each row must have a label"),
    "no-square": ({"train": "label,a,b,c\n1,2,3,4\n2,3,4,5\n"}, "got 3 pixels a row, which is no square.*1x3x1"),
    "widths": ({"train": TRAIN, "test": "a,b,c\n1,2,3\n"}, "a/test.csv must have the 4 pixel columns .* got 3"),
    "test-ragged": ({"train": TRAIN, "test": f"{TEST}1,2,3\n"}, r"a/test.csv row 2 \(line 3\): .* 4 values .* got 3"),
    "test-label": ({"train": TRAIN, "test": TRAIN}, "a/test.csv must hold pixels only, and has a column 'label'"),
    "test-empty": ({"train": TRAIN, "test": TEST[:28]}, "a/test.csv must have rows below its header"),
    "sample-rows": ({"train": TRAIN, "test": TEST, "sample_submission": "a,b\n"}, "each of the 1 rows .* got 0"),
    "ones": ({"train": f"{HEADER}\n1,0,1,0,1\n2,1,1,0,0\n"}, "no train image has one above 1.*Multiply by 255"),
    "test-ones": ({"train": TRAIN, "test": f"{TEST[:28]}0,0,1.0,1\n"}, "no test image has one above 1"),
    "one-shade": ({"train": f"{HEADER}\n1,0,0,0,0\n2,0,0,0,0\n"}, "train images must differ, and every pixel is 0"),
    "utf-16": ({"train": TRAIN.encode("utf-16")}, "a/train.csv must be UTF-8 text, got byte 0xff"),
}


@pytest.mark.parametrize(("files", "words"), BAD.values(), ids=BAD)
def test_bad_files_are_refused_by_name(files: dict[str, str | bytes], words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        load_dataset(write_folder(tmp_path / "a", **files))


def test_image_shape_of_another_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--image-shape 28x28x1 is 784 pixels, and a/train.csv has 4 a row"):
        load_dataset(write_folder(tmp_path / "a", train=TRAIN), image_shape="28x28x1")

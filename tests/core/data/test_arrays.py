import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.load import load_dataset
from core.errors import ConfigError, DataError
from tests.core.data.making import draw_images

IMAGES = draw_images(4, 3, 3)
LABELS = np.array([1, 0, 1, 0])
TOO_BRIGHT = np.zeros((4, 3, 3), int)
TOO_BRIGHT[2, 1, 1] = 300


def save(path: Path, **arrays: Any) -> str:
    np.savez(path / "a.npz", **arrays)
    return str(path / "a.npz")


@pytest.mark.parametrize("shape", [(4, 9), (4, 3, 3), (4, 3, 3, 1)])
@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32", "float16", ">i4"])
def test_npz_reads_every_form_of_the_same_images_alike(shape: tuple[int, ...], dtype: str, tmp_path: Path) -> None:
    x_train = IMAGES.reshape(shape).astype(dtype)
    dataset = load_dataset(save(tmp_path, x_train=x_train, y_train=LABELS, x_test=x_train[:3]))
    assert np.array_equal(dataset.x_train, IMAGES[..., np.newaxis])
    assert np.array_equal(dataset.x_test, IMAGES[:3, ..., np.newaxis])
    assert dataset.test_ids.tolist() == ["1", "2", "3"]
    assert dataset.labels.tolist() == [1, 0, 1, 0]


def test_npz_may_be_compressed_in_any_order_and_without_test_rows(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", y_train=LABELS, x_train=np.asfortranarray(IMAGES), y_test=LABELS)
    dataset = load_dataset(str(tmp_path / "a.npz"))
    assert np.array_equal(dataset.x_train[..., 0], IMAGES)
    assert dataset.x_test.shape == (0, 3, 3, 1)
    assert dataset.test_labels is None


@pytest.mark.parametrize(
    ("y_train", "names"),
    [
        (np.array([[10], [9], [10], [9]]), ["9", "10"]),
        (np.array([10.0, 9.0, 10.0, 9.0], np.float32), ["9", "10"]),
        (np.array([True, False, True, False]), ["0", "1"]),
        (np.array(["b", "a", "b", "a"]), ["a", "b"]),
        (np.array([b"b", b"a", b"b", b"a"]), ["a", "b"]),
    ],
)
def test_npz_labels_may_be_whole_numbers_or_text(y_train: np.ndarray, names: list[str], tmp_path: Path) -> None:
    dataset = load_dataset(save(tmp_path, x_train=IMAGES, y_train=y_train))
    assert dataset.class_names.tolist() == names
    assert dataset.labels.tolist() == [1, 0, 1, 0]


def test_npz_of_rows_takes_the_image_shape(tmp_path: Path) -> None:
    dataset = load_dataset(save(tmp_path, x_train=draw_images(4, 63), y_train=LABELS), image_shape="9x7")
    assert dataset.image_shape == (9, 7, 1)


def test_npz_of_images_refuses_another_image_shape(tmp_path: Path) -> None:
    path = save(tmp_path, x_train=IMAGES, y_train=LABELS)
    assert load_dataset(path, image_shape="3x3").image_shape == (3, 3, 1)
    with pytest.raises(ConfigError, match=r"1x9x1 contradicts a.npz/x_train, whose images are 3x3x1"):
        load_dataset(path, image_shape="1x9")


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no-images": ({"y_train": LABELS}, "a.npz must hold x_train.npy, and holds y_train.npy"),
    "no-labels": ({"x_train": IMAGES}, "a.npz must hold y_train.npy"),
    "scaled": ({"x_train": IMAGES / 255, "y_train": LABELS}, r"x_train image 1: .* got 0\.\d+.*multiply by 255"),
    "fraction": ({"x_train": IMAGES + 0.5, "y_train": LABELS}, "x_train image 1: .* whole numbers 0..255.*raw pixels"),
    "above": (
        {"x_train": np.pad(IMAGES[:2], ((0, 2), (0, 0), (0, 0)), constant_values=0) + TOO_BRIGHT, "y_train": LABELS},
        "image 3: .* got 300",
    ),
    "nan": ({"x_train": IMAGES * np.nan, "y_train": LABELS}, "x_train image 1: .* got nan"),
    "mask": ({"x_train": IMAGES > 128, "y_train": LABELS}, "no train image has one above 1.*Multiply by 255"),
    "text": ({"x_train": IMAGES.astype(str), "y_train": LABELS}, "a.npz/x_train must be numbers, got <U3"),
    "complex": ({"x_train": IMAGES * 1j, "y_train": LABELS}, "a.npz/x_train must be numbers, got complex"),
    "flat": ({"x_train": IMAGES.ravel(), "y_train": LABELS}, r"x_train must be \(images, height.* got shape \(36,\)"),
    "none": ({"x_train": IMAGES[:0], "y_train": LABELS[:0]}, r"x_train must have images, got shape \(0, 3, 3\)"),
    "no-pixels": ({"x_train": IMAGES[:, :0], "y_train": LABELS}, r"x_train must be .* got shape \(4, 0, 3\)"),
    "no-square": ({"x_train": draw_images(4, 63), "y_train": LABELS}, "a.npz/x_train: .* 63 pixels .* 7x9x1"),
    "one-hot": ({"x_train": IMAGES, "y_train": np.eye(4)}, r"y_train must be one label an image.*argmax\(axis=1\)"),
    "too-few": ({"x_train": IMAGES, "y_train": LABELS[:3]}, "a label for each of the 4 images of x_train, got 3"),
    "half": ({"x_train": IMAGES, "y_train": LABELS / 2}, "y_train image 1: labels must be whole numbers .* got 0.5"),
    "nan-label": ({"x_train": IMAGES, "y_train": LABELS * np.nan}, "y_train image 1: labels must be whole"),
    "date": ({"x_train": IMAGES, "y_train": LABELS.astype("M8[s]")}, "y_train must be whole numbers or text, got date"),
    "objects": ({"x_train": IMAGES, "y_train": LABELS.astype(object)}, "a.npz/y_train must be a plain array.*Object"),
    "one-class": ({"x_train": IMAGES, "y_train": LABELS * 0}, "a.npz/y_train: labels must be .* one class only"),
    "test-shape": ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:, :2]}, r"x_test .* got \(2, 3\)"),
    "test-form": ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES.reshape(4, 9)}, r"x_test .* got \(9,\)"),
    "test-scaled": ({"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES / 255}, "a.npz/x_test image 1: .*multiply"),
}


@pytest.mark.parametrize(("arrays", "words"), BAD.values(), ids=BAD)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_npz_that_is_no_data_set_is_refused(arrays: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=words):
        load_dataset(save(tmp_path, **arrays))


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (b"'shape': (4,", b"'shape': (4 ", "x_train must be a plain array"),
        (b"'shape': (4, 3, 3), }", b"'shape': (10**9, 3)}", "x_train must be a plain array"),
        (b"NUMPY\x01", b"NUMPY\x09", "x_train must be a plain array"),
        (b"b\x00\x00\x00", b"b\x00\xff\xff", "y_train: labels must be text that can be written as UTF-8"),
        (b"b\x00\x00\x00", b"\x00\xd8\x00\x00", "y_train: labels must be text that can be written as UTF-8"),
    ],
    ids=["header", "huge", "version", "no-character", "surrogate"],
)
def test_npz_with_a_broken_array_and_a_right_checksum_is_refused(
    before: bytes, after: bytes, words: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, array in (("x_train", IMAGES), ("y_train", np.array(["b", "a", "b", "a"]))):
            buffer = io.BytesIO()
            np.save(buffer, array)
            assert before in buffer.getvalue() or name not in words
            archive.writestr(f"{name}.npy", buffer.getvalue().replace(before, after))
    with pytest.raises(DataError, match=f"a.npz/{words}"):
        load_dataset(str(tmp_path / "a.npz"))


def test_npz_cut_off_inside_an_array_is_refused(tmp_path: Path) -> None:
    path = Path(save(tmp_path, x_train=IMAGES, y_train=LABELS))
    path.write_bytes(path.read_bytes().replace(b"'shape': (4, 3, 3)", b"'shape': (9, 3, 3)"))
    with pytest.raises(DataError, match=r"a.npz/x_train.npy is damaged"):
        load_dataset(str(path))

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.predictions import Predictions, read_predictions, write_predictions

ARRAYS = {
    "rows": np.array([4, 1]),
    "softmax": np.array([[0.25, 0.75], [0.5, 0.5]], np.float32),
    "test_softmax": np.array([[1.0, 0.0]], np.float32),
    "data": np.array("fingerprint"),
}


def predictions() -> Predictions:
    return Predictions(
        trial_id="t000001",
        rows=ARRAYS["rows"],
        softmax=ARRAYS["softmax"],
        test_softmax=ARRAYS["test_softmax"],
        data="fingerprint",
        split="split",
        epoch=5,
        config={"model": {"filters": [32, 64]}},
    )


def test_predictions_read_back_as_they_were(tmp_path: Path) -> None:
    url, written = str(tmp_path / "predictions.npz"), predictions()
    write_predictions(url, written)
    back = read_predictions(url)
    for name in ("trial_id", "data", "split", "epoch", "config"):
        assert getattr(back, name) == getattr(written, name)
    for name in ("rows", "softmax", "test_softmax"):
        np.testing.assert_array_equal(getattr(back, name), getattr(written, name))


def test_predictions_of_someone_else_need_four_arrays_only(tmp_path: Path) -> None:
    url = str(tmp_path / "theirs.npz")
    files.write_npz(url, ARRAYS)
    back = read_predictions(url)
    assert (back.trial_id, back.split, back.epoch, back.config) == ("theirs", "", 0, {})


def test_predictions_without_test_rows_are_sound(tmp_path: Path) -> None:
    url = str(tmp_path / "a.npz")
    files.write_npz(url, ARRAYS | {"test_softmax": np.zeros((0, 2), np.float32)})
    assert read_predictions(url).test_softmax.shape == (0, 2)


def test_predictions_torn_at_any_length_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "predictions.npz"
    write_predictions(str(path), predictions())
    whole = path.read_bytes()
    for length in range(0, len(whole), 41):
        path.write_bytes(whole[:length])
        with pytest.raises(StoredFileError, match=r"predictions\.npz is torn"):
            read_predictions(str(path))


@pytest.mark.parametrize("name", sorted(ARRAYS))
def test_predictions_without_an_array_are_refused_by_its_name(tmp_path: Path, name: str) -> None:
    url = str(tmp_path / "a.npz")
    files.write_npz(url, {key: array for key, array in ARRAYS.items() if key != name})
    with pytest.raises(StoredFileError, match=rf"a\.npz must hold .*, and lacks {name}$"):
        read_predictions(url)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rows": np.array([1.0, 2.0])}, "rows must be one column of whole numbers, got float64"),
        ({"rows": np.array([[1], [2]])}, r"rows must be one column of whole numbers, got int64 of shape \(2, 1\)"),
        ({"rows": np.array([1])}, "softmax must have one row for each of 1 rows"),
        ({"softmax": np.array([0.5, 0.5])}, "softmax must have one row for each"),
        ({"test_softmax": np.ones((1, 1))}, r"test_softmax must have 2 classes, got shape \(1, 1\)"),
        ({"softmax": np.array([[0, 1], [1, 0]])}, "softmax must be floating point, got int64"),
        (
            {"softmax": np.array([[0.5, 0.5], [0.5, 0.6]])},
            r"each row of softmax must be probabilities that sum to 1, got sum 1\.1 in row 1 \(1 such rows\)",
        ),
        ({"softmax": np.array([[0.5, np.nan], [0.5, 0.5]])}, "softmax must be probabilities .* in row 0"),
        ({"softmax": np.array([[1.5, -0.5], [0.5, 0.5]])}, "softmax must be probabilities .* in row 0"),
        ({"test_softmax": np.array([[0.2, 0.2]])}, r"test_softmax must be probabilities .* got sum 0\.4 in row 0"),
        ({"config": np.array("{")}, "config must be a JSON object and epoch a number"),
        ({"config": np.array("[]")}, "config must be a JSON object"),
        ({"epoch": np.array("first")}, "epoch a number"),
    ],
)
def test_predictions_that_are_no_softmax_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    url = str(tmp_path / "a.npz")
    files.write_npz(url, ARRAYS | change)
    with pytest.raises(StoredFileError, match=rf"a\.npz: .*{words}"):
        read_predictions(url)


def test_softmax_of_bfloat16_precision_is_near_enough_to_one(tmp_path: Path) -> None:
    # 8 bits of mantissa: each of ten classes of 0.1 is off by up to 2**-9 of itself
    url = str(tmp_path / "a.npz")
    rounded = np.full((2, 10), 0.1 * (1 + 2.0**-10))
    files.write_npz(url, ARRAYS | {"softmax": rounded, "test_softmax": rounded})
    assert len(read_predictions(url).softmax) == 2

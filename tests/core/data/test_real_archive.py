"""Kaggle's digit-recognizer.zip itself, where it lies beside the checkout."""

from pathlib import Path

import numpy as np
import pytest

from core.data import content, load
from core.data.load import load_dataset
from core.data.split import split_rows
from core.data.twins import count_twins

ARCHIVE = Path(__file__).resolve().parents[4] / "shared" / "data" / "digit-recognizer.zip"


@pytest.mark.skipif(not ARCHIVE.exists(), reason="digit-recognizer.zip does not lie in ../shared/data")
def test_real_archive_loads_whole_and_then_without_its_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cold = load_dataset(str(ARCHIVE), cache_dir=tmp_path)
    monkeypatch.setattr(load, "open_zip", None)
    monkeypatch.setattr(content, "hash_file", None)
    warm = load_dataset(str(ARCHIVE), cache_dir=tmp_path)
    assert cold.x_train.shape == (42_000, 28, 28, 1)
    assert cold.x_test.shape == (28_000, 28, 28, 1)
    assert cold.class_names.tolist() == [str(digit) for digit in range(10)]
    assert cold.submission_header == ("ImageId", "Label")
    assert (cold.test_ids[0], cold.test_ids[-1]) == ("1", "28000")
    assert np.array_equal(warm.x_train, cold.x_train)
    assert np.array_equal(warm.labels, cold.labels)
    assert warm.fingerprint == cold.fingerprint
    tail = split_rows(warm, "tail", 0)
    assert tail.holdout_rows.tolist() == list(range(33_600, 42_000))
    assert (len(tail.train_rows), tail.num_left_out) == (33_600, 0)
    assert count_twins(warm).num_train == 0

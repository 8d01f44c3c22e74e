import io
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest

from benchmarks.fresh import by_pandas
from benchmarks.load import fresh, fresh_and_cold, notes, unpack_train
from core.errors import DataError
from tests.core.data.making import TEST, TRAIN, dataset_of, draw_images, write_folder, write_zip


def test_train_csv_is_unpacked_byte_for_byte(tmp_path: Path) -> None:
    archive = Path(write_zip(tmp_path / "data.zip", {"sub/train.csv": TRAIN, "sub/test.csv": TEST}))
    unpacked = unpack_train(archive, tmp_path / "from-zip")
    assert unpacked.read_text() == TRAIN
    assert [path.name for path in unpacked.parent.iterdir()] == ["train.csv"]
    folder = Path(write_folder(tmp_path / "folder", train=TRAIN))
    assert unpack_train(folder, tmp_path / "from-folder").read_text() == TRAIN


def test_arrays_are_refused_since_pandas_reads_none(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", x_train=np.zeros((2, 2)))
    with pytest.raises(DataError, match=r"must be a zip or a folder with train.csv"):
        unpack_train(tmp_path / "data.npz", tmp_path / "out")


def test_a_fresh_process_says_seconds_and_memory(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", train=TRAIN)
    cold = fresh_and_cold("ours", folder, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
    warm = fresh("ours-read", folder, tmp_path / "cache")
    assert (tmp_path / "cache").is_dir()
    for measured in (cold, warm):
        assert measured.seconds > 0
        assert measured.peak_megabytes is None or measured.peak_megabytes > 5  # an interpreter alone has more


def test_pandas_reads_the_files_that_ours_reads(tmp_path: Path) -> None:
    members = {"sub/train.csv": TRAIN, "test.csv": TEST, "__MACOSX/sub/train.csv": "attributes", "other.csv": "a"}
    archive = write_zip(tmp_path / "data.zip", members)
    folder = write_folder(tmp_path / "data", train=TRAIN, test=TEST)
    train, test = pd.read_csv(io.StringIO(TRAIN)), pd.read_csv(io.StringIO(TEST))
    for source in (archive, folder):
        first, second = cast("list[pd.DataFrame]", by_pandas(source)())
        pd.testing.assert_frame_equal(first, train)
        pd.testing.assert_frame_equal(second, test)
    pd.testing.assert_frame_equal(cast(pd.DataFrame, by_pandas(f"{folder}/train.csv")()), train)


def test_notes_say_what_is_compared() -> None:
    text = "\n".join(notes(dataset_of(draw_images(2, 2, 2, 1), ["0", "1"], draw_images(3, 2, 2, 1))))
    for words in ("the same unpacked file for both", "checks every cell", "writes the cache", "made", "(3 rows)"):
        assert words in text

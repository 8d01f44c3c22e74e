import os
from pathlib import Path

import pytest

from core.data.load import load_dataset
from core.errors import ConfigError, DataError
from tests.core.data.making import TRAIN, write_folder


def test_load_dataset_says_that_there_is_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"--data .*digits\.zip: there is no such file or folder. Check the path"):
        load_dataset(str(tmp_path / "digits.zip"))


def test_load_dataset_refuses_a_single_csv_and_a_pipe(tmp_path: Path) -> None:
    write_folder(tmp_path, train=TRAIN)
    os.mkfifo(tmp_path / "pipe")
    for name in ("train.csv", "pipe"):
        with pytest.raises(DataError, match=f"{name} must be a zip, a folder or an .npz. Name the folder"):
            load_dataset(str(tmp_path / name))


@pytest.mark.parametrize("name", ["data.zip", "data.npz", "data"])
@pytest.mark.parametrize("content", [b"", b"label,pixel0\n1,2\n", b"PK\x03\x04 cut off"])
def test_load_dataset_refuses_what_is_no_zip(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} must be a zip, a folder or an .npz, and is no zip"):
        load_dataset(str(tmp_path / name))


def test_load_dataset_checks_the_shape_before_it_reads(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--image-shape must be height x width"):
        load_dataset(str(tmp_path / "none"), image_shape="28")


def test_load_dataset_takes_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(tmp_path / "digits", train=TRAIN)
    monkeypatch.chdir(tmp_path / "digits")
    assert load_dataset(".").name == "digits"

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from core.data.load import load_dataset
from core.errors import DataError
from tests.core.data.making import HEADER, TEST, TRAIN, write_folder, write_zip

CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def patch(path: str, signature: bytes, offset: int, value: bytes) -> None:
    """Overwrite a field of the first record with that signature."""
    data = bytearray(Path(path).read_bytes())
    start = data.index(signature) + offset
    data[start : start + len(value)] = value
    Path(path).write_bytes(data)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_reads_as_the_folder_does(compression: int, tmp_path: Path) -> None:
    folder = load_dataset(write_folder(tmp_path / "a", train=TRAIN, test=TEST))
    path = write_zip(tmp_path / "a.zip", {"test.csv": TEST, "train.csv": TRAIN}, compression)
    dataset = load_dataset(path)
    assert dataset.fingerprint == folder.fingerprint
    assert dataset.name == "a.zip"


@pytest.mark.parametrize("train", ["x/train.csv", "x\\train.csv", "../../train.csv", "/train.csv"])
def test_zip_member_may_lie_in_a_folder_and_nothing_is_extracted(train: str, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "deep" / "a.zip", {"x/": "", train: TRAIN, "__MACOSX/x/train.csv": "attributes"})
    assert load_dataset(path, cache_dir=tmp_path / "cache").labels.tolist() == [0, 1]
    assert [file.name for file in tmp_path.rglob("*.csv")] == []


def test_zip_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x": "", "train.csv": TRAIN})
    patch(path, LOCAL, 30, b"\0")
    patch(path, CENTRAL, 46, b"\0")
    assert load_dataset(path).labels.tolist() == [0, 1]


def test_zip_without_train_file_is_refused_by_what_it_holds(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"fashion_train.csv": TRAIN, "readme": ""})
    with pytest.raises(DataError, match=r"a.zip must hold train.csv, and holds fashion_train.csv, readme"):
        load_dataset(path)


def test_zip_with_two_train_files_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"x/train.csv": TRAIN, "y/train.csv": TRAIN})
    with pytest.raises(DataError, match=r"must hold train.csv once, and holds 2: x/train.csv, y/train.csv"):
        load_dataset(path)


def test_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    patch(path, CENTRAL, 8, b"\x01\x00")
    patch(path, LOCAL, 6, b"\x01\x00")
    with pytest.raises(DataError, match=r"a.zip/train.csv is encrypted. Unpack it with its password"):
        load_dataset(path)


@pytest.mark.parametrize("digit", [b"8", b"x"], ids=["reads-well", "reads-ill"])
def test_damaged_zip_is_refused_as_damaged_however_its_rows_read(digit: bytes, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN}, zipfile.ZIP_STORED)
    data = Path(path).read_bytes()
    Path(path).write_bytes(data.replace(b",255", b",25" + digit))
    with pytest.raises(DataError, match=r"a.zip/train.csv is damaged: Bad CRC-32.*Fetch the archive again"):
        load_dataset(path)


def test_damaged_deflate_stream_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN * 50})
    patch(path, LOCAL, 30 + len("train.csv") + 20, b"\xff" * 20)
    with pytest.raises(DataError, match=r"a.zip/train.csv is damaged"):
        load_dataset(path)


def test_cut_off_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[:-30])
    with pytest.raises(DataError, match=r"must be a zip, a folder or an .npz, and is no zip"):
        load_dataset(path)


def test_member_longer_than_it_claims_is_refused_though_its_checksum_fits(tmp_path: Path) -> None:
    claimed = f"{HEADER}\n3,0,10,20,255\n7,1,2,3,4\n".encode()
    path = write_zip(tmp_path / "a.zip", {"train.csv": claimed.decode() + "8,1,1,1,1\n" * 1000})
    patch(path, CENTRAL, 16, struct.pack("<I", zlib.crc32(claimed)))
    patch(path, CENTRAL, 24, struct.pack("<I", len(claimed)))
    with pytest.raises(DataError, match=r"a.zip/train.csv is damaged"):
        load_dataset(path)


def test_member_shorter_than_it_claims_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    patch(path, CENTRAL, 24, struct.pack("<I", len(TRAIN) + 5))
    with pytest.raises(DataError, match=f"damaged: it must have {len(TRAIN) + 5} bytes by the zip's own list"):
        load_dataset(path)


def test_member_that_claims_more_than_deflate_can_hold_is_refused_unread(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    patch(path, CENTRAL, 24, struct.pack("<I", 2**31))
    with pytest.raises(DataError, match=r"damaged: 2,147,483,648 bytes cannot come out of"):
        load_dataset(path)


def test_unknown_compression_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    patch(path, CENTRAL, 10, b"\x63\x00")
    with pytest.raises(DataError, match=r"a.zip/train.csv cannot be unpacked here"):
        load_dataset(path)

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from core.data.load import load_dataset
from core.errors import DataError
from core.store import files
from tests.core.data.making import TEST, TRAIN, draw_images, write_folder, write_zip

BUCKET = "memory://test_remote"


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths that are fetched from the store while the test runs; the store is empty at first."""
    files.remove(BUCKET)
    paths: list[str] = []
    get_file = MemoryFileSystem.get_file

    def noting_get_file(self: Any, path: str, *arguments: Any, **options: Any) -> Any:
        paths.append(path)
        return get_file(self, path, *arguments, **options)

    monkeypatch.setattr(MemoryFileSystem, "get_file", noting_get_file)
    return paths


def put_npz(name: str, seed: int = 0) -> str:
    images = draw_images(6, 4, 4, seed=seed)
    files.write_npz(f"{BUCKET}/{name}", {"x_train": images, "y_train": np.arange(6) % 2})
    return f"{BUCKET}/{name}"


def test_load_dataset_reads_a_url_as_it_reads_the_file(tmp_path: Path, fetched: list[str]) -> None:
    path = Path(write_zip(tmp_path / "digits.zip", {"train.csv": TRAIN, "test.csv": TEST}))
    files.write_bytes(f"{BUCKET}/digits.zip", path.read_bytes())
    ours, theirs = load_dataset(f"{BUCKET}/digits.zip", cache_dir=tmp_path / "cache"), load_dataset(str(path))
    assert (ours.name, ours.fingerprint) == (theirs.name, theirs.fingerprint)
    assert load_dataset(path.as_uri()).fingerprint == theirs.fingerprint
    assert len(fetched) == 1


def test_load_dataset_reads_a_folder_of_csvs_at_a_url(tmp_path: Path, fetched: list[str]) -> None:
    path = Path(write_folder(tmp_path / "digits", train=TRAIN, test=TEST))
    for name in ("train.csv", "test.csv"):
        files.write_bytes(f"{BUCKET}/digits/{name}", (path / name).read_bytes())
    files.write_bytes(f"{BUCKET}/digits/notes.txt", b"not ours")
    ours = load_dataset(f"{BUCKET}/digits/", cache_dir=tmp_path / "cache")
    assert (ours.name, ours.fingerprint) == ("digits", load_dataset(str(path)).fingerprint)
    assert sorted(name.rsplit("/", 1)[-1] for name in fetched) == ["test.csv", "train.csv"]


def test_an_unchanged_object_is_fetched_once_and_a_changed_one_again(tmp_path: Path, fetched: list[str]) -> None:
    url, cache = put_npz("data.npz"), tmp_path / "cache"
    first = load_dataset(url, cache_dir=cache)
    assert load_dataset(url, cache_dir=cache).fingerprint == first.fingerprint
    assert len(fetched) == 1
    put_npz("data.npz", seed=1)
    assert load_dataset(url, cache_dir=cache).fingerprint != first.fingerprint
    assert len(fetched) == 2
    assert len(list(cache.glob("remote/*/*"))) == 1, "the older copy is gone"


def test_an_object_of_which_nothing_tells_a_change_is_fetched_each_time(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put_npz("data.npz")
    info = MemoryFileSystem.info
    monkeypatch.setattr(
        MemoryFileSystem, "info", lambda self, path, **_: {k: v for k, v in info(self, path).items() if k != "created"}
    )
    for _ in range(2):
        load_dataset(url, cache_dir=tmp_path / "cache")
    assert len(fetched) == 2


def test_without_a_cache_folder_the_copy_is_gone_afterwards(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert load_dataset(put_npz("data.npz"), cache_dir=tmp_path / "file").name == "data.npz"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("data.npz", b"", "memory://test_remote/data.npz must be a zip, a folder or an .npz, and is no zip"),
        ("data.zip", b"PK\x03\x04 cut", "memory://test_remote/data.zip must be a zip, a folder or an .npz, and is no"),
        ("train.csv", b"label", "memory://test_remote/train.csv must be a zip, a folder or an .npz. Name the folder"),
        ("folder/a.csv", b"label", "--data memory://test_remote/folder must be .* and has no train.csv"),
    ],
)
def test_a_damaged_source_is_told_by_its_url(
    name: str, content: bytes, words: str, tmp_path: Path, fetched: list[str]
) -> None:
    files.write_bytes(f"{BUCKET}/{name}", content)
    with pytest.raises(DataError, match=words):
        load_dataset(f"{BUCKET}/{name.removesuffix('/a.csv')}", cache_dir=tmp_path)


def test_a_missing_source_is_told_by_its_url(tmp_path: Path, fetched: list[str]) -> None:
    with pytest.raises(DataError, match=r"^--data memory://test_remote/none\.zip: there is no such file or folder"):
        load_dataset(f"{BUCKET}/none.zip", cache_dir=tmp_path)


def test_an_unknown_kind_of_url_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^--data nosuchthing://b/a\.zip must be a path or an fsspec URL"):
        load_dataset("nosuchthing://b/a.zip", cache_dir=tmp_path)


def test_a_denied_source_is_told(tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    url = put_npz("data.npz")

    def deny(*arguments: Any, **options: Any) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "get_file", deny)
    with pytest.raises(DataError, match=r"^--data memory://test_remote/data\.npz cannot be fetched: access is denied"):
        load_dataset(url, cache_dir=tmp_path)


def test_an_object_cut_short_on_its_way_is_refused(
    tmp_path: Path, fetched: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = put_npz("data.npz")
    monkeypatch.setattr(MemoryFileSystem, "get_file", lambda self, path, to, **_: Path(to).write_bytes(b"PK"))
    with pytest.raises(DataError, match=r"^--data memory://test_remote/data\.npz must have [\d,]+ bytes, got 2: it"):
        load_dataset(url, cache_dir=tmp_path)
    assert list(tmp_path.glob("remote/*/*")) == []

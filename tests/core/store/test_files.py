import errno
import os
from pathlib import Path

import numpy as np
import pytest

from core.errors import StoredFileError, StudyError
from core.store import files


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def raise_disk_full(descriptor: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def raise_interrupt(descriptor: int) -> None:
    raise KeyboardInterrupt


def test_write_bytes_then_read_is_identity_and_makes_folders(tmp_path: Path) -> None:
    url = str(tmp_path / "a" / "b" / "file")
    files.write_bytes(url, b"one")
    files.write_bytes(url, b"two")
    assert files.read_bytes(url) == b"two"
    assert files_in(tmp_path / "a" / "b") == ["file"]


def test_a_failing_write_leaves_the_old_file_and_no_temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = str(tmp_path / "file")
    files.write_bytes(url, b"old")
    monkeypatch.setattr(os, "fsync", raise_disk_full)
    with pytest.raises(StudyError, match=r"file cannot be written: No space left on device\. Free space or choose"):
        files.write_bytes(url, b"new")
    assert files.read_bytes(url) == b"old"
    assert files_in(tmp_path) == ["file"]


def test_an_interrupted_write_leaves_the_old_file_and_no_temporary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = str(tmp_path / "file")
    files.write_bytes(url, b"old")
    monkeypatch.setattr(os, "fsync", raise_interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_bytes(url, b"new")
    assert files.read_bytes(url) == b"old"
    assert files_in(tmp_path) == ["file"]


def test_write_below_a_file_says_that_it_cannot(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StudyError, match=r"file/below cannot be written"):
        files.write_bytes(str(tmp_path / "file" / "below"), b"")


def test_read_of_a_missing_file_is_file_not_found(tmp_path: Path) -> None:
    for read in (files.read_bytes, files.read_json, files.read_npz):
        with pytest.raises(FileNotFoundError):
            read(str(tmp_path / "none"))


def test_read_of_a_folder_is_a_stored_file_error(tmp_path: Path) -> None:
    with pytest.raises(StoredFileError, match="cannot be read"):
        files.read_bytes(str(tmp_path))


@pytest.mark.parametrize("url", ["nosuchthing://bucket/study", "nosuchthing://x"])
def test_a_url_of_an_unknown_kind_is_refused_in_words(url: str) -> None:
    for use in (files.exists, files.list_folders, files.read_bytes):
        with pytest.raises(StudyError, match=f"{url} must be a path or an fsspec URL that this machine can open"):
            use(url)


def test_list_folders_is_sorted_and_leaves_files_out(tmp_path: Path) -> None:
    for name in ("t2", "t1", "t10"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("")
    assert files.list_folders(str(tmp_path)) == ["t1", "t10", "t2"]
    assert files.list_folders(str(tmp_path / "none")) == []
    assert files.list_folders(str(tmp_path / "file")) == []


def test_remove_takes_files_and_folders_and_nothing(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "folder" / "file"), b"")
    files.remove(str(tmp_path / "folder"))
    files.remove(str(tmp_path / "folder"))
    assert not files.exists(str(tmp_path / "folder"))


def test_remove_of_a_file_leaves_a_folder_in_its_place(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "page" / "file"), b"")
    with pytest.raises(StudyError, match=r"page cannot be deleted: .*\. Check who may write there"):
        files.remove(str(tmp_path / "page"), is_file=True)
    for _ in range(2):
        files.remove(str(tmp_path / "page" / "file"), is_file=True)
    assert list((tmp_path / "page").iterdir()) == []


def test_half_written_files_go_and_whole_ones_stay(tmp_path: Path) -> None:
    files.write_bytes(str(tmp_path / "trials" / "t000000" / "trial.json"), b"")
    (tmp_path / "trials" / "t000000" / ".softvote-0123").write_text("{")
    (tmp_path / ".softvote-4567").write_text("{")
    files.remove_half_written(str(tmp_path))
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["t000000", "trial.json", "trials"]
    files.remove_half_written(str(tmp_path / "none"))


def test_an_object_store_serves_as_a_folder_does() -> None:
    url = "memory://test_files/study"
    files.write_json(files.join(url, "trials", "t1", "trial.json"), {"a": 1})
    assert files.read_json(files.join(url, "trials", "t1", "trial.json")) == {"a": 1}
    assert files.list_folders(files.join(url, "trials")) == ["t1"]
    files.remove(url)
    assert not files.exists(url)


@pytest.mark.parametrize(
    ("url", "joined"), [("runs/a", "runs/a/x/y"), ("runs/a/", "runs/a/x/y"), ("/", "/x/y"), ("s3://b", "s3://b/x/y")]
)
def test_join_puts_one_slash_between(url: str, joined: str) -> None:
    assert files.join(url, "x", "y") == joined


def test_json_reads_back_as_it_was(tmp_path: Path) -> None:
    value = {"text": 'a "b"\n', "numbers": [1, 2.5, None], "nested": {"é": True}}
    files.write_json(str(tmp_path / "a.json"), value)
    assert files.read_json(str(tmp_path / "a.json")) == value


def test_json_refuses_nan_and_keeps_the_old_file(tmp_path: Path) -> None:
    url = str(tmp_path / "a.json")
    files.write_json(url, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        files.write_json(url, {"a": float("nan")})
    assert files.read_json(url) == {"a": 1}


def test_json_torn_at_any_length_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_json(str(path), {"number": 1, "epochs": [1.5, 2.5]})
    whole = path.read_bytes()
    for length in range(len(whole) - 2):
        path.write_bytes(whole[:length])
        with pytest.raises(StoredFileError, match=r"a\.json is torn or no JSON"):
            files.read_json(str(path))


@pytest.mark.parametrize("text", ["[1]", "3", "null"])
def test_json_that_is_no_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(StoredFileError, match=r"a\.json must hold a JSON object, got"):
        files.read_json(str(tmp_path / "a.json"))


def test_npz_reads_back_as_it_was(tmp_path: Path) -> None:
    arrays: dict[str, np.ndarray] = {
        "floats": np.arange(6, dtype=np.float32).reshape(2, 3),
        "empty": np.zeros((0, 3), np.uint8),
        "text": np.array(["a", "bc"]),
        "state/layer/kernel": np.array(1.5),
    }
    files.write_npz(str(tmp_path / "a.npz"), arrays)
    back = files.read_npz(str(tmp_path / "a.npz"))
    assert list(back) == list(arrays)
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)


def test_npz_torn_at_any_length_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    files.write_npz(str(path), {"a": np.arange(3)})
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(
            StoredFileError, match=r"a\.npz is torn or no \.npz archive: .*\. Delete it or restore it from a"
        ):
            files.read_npz(str(path))


def test_npz_with_any_one_byte_changed_is_refused_or_reads_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    files.write_npz(str(path), {"a": np.arange(3)})
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x01]) + whole[position + 1 :])
        try:
            arrays = files.read_npz(str(path))
        except StoredFileError:
            continue
        assert [array.tolist() for array in arrays.values()] == [[0, 1, 2]]


def test_npz_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{"code": 1}], dtype=object))
    with pytest.raises(StoredFileError, match=r"a\.npz is torn or no \.npz archive: Object arrays cannot be loaded"):
        files.read_npz(str(tmp_path / "a.npz"))


def test_npz_refuses_a_single_array_and_text(tmp_path: Path) -> None:
    np.save(tmp_path / "array.npy", np.arange(3))
    (tmp_path / "text.npz").write_text("ImageId,Label\n")
    for name in ("array.npy", "text.npz"):
        with pytest.raises(StoredFileError, match=f"{name} is torn or no .npz archive: it does not begin like one"):
            files.read_npz(str(tmp_path / name))


def test_local_path_is_that_of_a_file_here_and_none_on_an_object_store(tmp_path):
    assert files.local_path(str(tmp_path / "a")) == tmp_path / "a"
    assert files.local_path(f"file://{tmp_path}/a") == tmp_path / "a"
    assert files.local_path("memory://study/a") is None

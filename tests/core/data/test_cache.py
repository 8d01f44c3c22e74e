import multiprocessing
import os
import pickle
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.data import cache, content, load
from core.data.dataset import Dataset
from core.data.load import load_dataset
from tests.core.data.making import TEST, TRAIN, draw_images, to_csv, write_folder, write_zip


def refuse(*_arguments: object) -> None:
    raise AssertionError("a warm start must neither parse nor hash")


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name != "hashes"]


def load_and_return_fingerprint(source: str, folder: Path) -> str:
    return load_dataset(source, cache_dir=folder).fingerprint


def assert_same(one: Dataset, other: Dataset) -> None:
    for name in ("x_train", "labels", "class_names", "x_test", "test_ids"):
        first, second = getattr(one, name), getattr(other, name)
        assert np.array_equal(first, second)
        assert (first.shape, first.dtype.kind) == (second.shape, second.dtype.kind)
    assert (one.name, one.fingerprint) == (other.name, other.fingerprint)
    assert one.submission_header == other.submission_header


@pytest.mark.parametrize("with_test", [True, False])
@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_warm_start_reads_no_source_and_gives_the_same(
    kind: str, with_test: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = {"train": TRAIN} | ({"test": TEST, "sample_submission": "id,x\nö,0\n"} if with_test else {})
    source = write_folder(tmp_path / "data", **texts)
    if kind == "zip":
        source = write_zip(tmp_path / "data.zip", {f"{name}.csv": text for name, text in texts.items()})
    uncached = load._open_source(source).read(None)
    cold = load_dataset(source, cache_dir=tmp_path / "cache")
    for module, name in ((load, "read_kaggle"), (content, "hash_file")):
        monkeypatch.setattr(module, name, refuse)
    warm = load_dataset(source, cache_dir=tmp_path / "cache")
    assert_same(cold, uncached)
    assert_same(warm, uncached)


def test_images_are_mapped_read_only_plain_arrays(tmp_path: Path) -> None:
    images = load_dataset(write_folder(tmp_path / "data", train=TRAIN), cache_dir=tmp_path / "cache").x_train
    assert type(images) is np.ndarray
    assert not images.flags.writeable
    assert isinstance(images.base, np.memmap)
    buffers: list[pickle.PickleBuffer] = []  # out of band is how Ray stores without a copy
    assert len(pickle.dumps(images, protocol=5, buffer_callback=buffers.append)) < 500
    assert len(buffers) == 1


def test_changed_content_is_read_anew_though_size_and_time_are_kept(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", train=TRAIN)
    before = load_dataset(source, cache_dir=tmp_path / "cache")
    train = tmp_path / "data" / "train.csv"
    status = train.stat()
    train.write_text(TRAIN.replace("255", "254"))
    os.utime(train, ns=(status.st_atime_ns, status.st_mtime_ns))
    after = load_dataset(source, cache_dir=tmp_path / "cache")
    assert (before.x_train.max(), after.x_train.max()) == (255, 254)
    assert before.fingerprint != after.fingerprint


def test_test_file_that_comes_later_is_seen(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", train=TRAIN)
    assert len(load_dataset(source, cache_dir=tmp_path / "cache").x_test) == 0
    write_folder(tmp_path / "data", test=TEST)
    assert len(load_dataset(source, cache_dir=tmp_path / "cache").x_test) == 1


def test_moved_content_is_found_under_its_new_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    load_dataset(source, cache_dir=tmp_path / "cache")
    Path(source).rename(tmp_path / "b.zip")
    monkeypatch.setattr(load, "read_kaggle", refuse)
    assert load_dataset(str(tmp_path / "b.zip"), cache_dir=tmp_path / "cache").name == "b.zip"


def test_each_image_shape_has_its_entry(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", train=TRAIN)
    shapes = [
        load_dataset(source, image_shape=s, cache_dir=tmp_path / "cache").image_shape for s in (None, "1x4", "4x1")
    ]
    assert shapes == [(2, 2, 1), (1, 4, 1), (4, 1, 1)]
    assert len(entries(tmp_path / "cache")) == 3


@pytest.mark.parametrize("file", ["entry.json", "x_train.npy", "x_test.npy", "labels.npy", "class_names.npy"])
@pytest.mark.parametrize("damage", ["cut", "empty", "gone", "foreign"])
def test_damaged_entry_is_rebuilt_without_a_word(
    file: str, damage: str, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    source = write_folder(tmp_path / "data", train=TRAIN, test=TEST)
    before = load_dataset(source, cache_dir=tmp_path / "cache")
    path = next(iter(entries(tmp_path / "cache"))) / file
    whole = path.read_bytes()
    path.unlink()  # a new file: the old one stays mapped
    if damage != "gone":
        path.write_bytes({"cut": whole[:-3], "empty": b"", "foreign": b"[1, 2]"}[damage])
    assert_same(load_dataset(source, cache_dir=tmp_path / "cache"), before)
    assert path.read_bytes() == whole
    assert len(entries(tmp_path / "cache")) == 1
    assert not recwarn.list


def test_damaged_memo_is_replaced(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "a.zip", {"train.csv": TRAIN})
    before = load_dataset(source, cache_dir=tmp_path / "cache")
    (memo,) = (tmp_path / "cache" / "hashes").iterdir()
    whole = memo.read_bytes()
    for torn in (b"", b"[]", b"{}", whole[:-9], whole.replace(b'"size"', b'"sizes"')):
        memo.write_bytes(torn)
        assert load_dataset(source, cache_dir=tmp_path / "cache").fingerprint == before.fingerprint
        assert memo.read_bytes() == whole


def test_folder_that_cannot_be_made_or_written_is_done_without(
    tmp_path: Path, recwarn: pytest.WarningsRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = write_folder(tmp_path / "data", train=TRAIN)
    (tmp_path / "file").write_text("")
    below_a_file = load_dataset(source, cache_dir=tmp_path / "file" / "cache")
    read_only = load_dataset(source, cache_dir=Path("/proc"))  # not even root writes there
    monkeypatch.setattr(cache, "_save", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    full = load_dataset(source, cache_dir=tmp_path / "cache")
    for dataset in (below_a_file, read_only, full):
        assert dataset.labels.tolist() == [0, 1]
    assert entries(tmp_path / "cache") == []
    assert not recwarn.list


def test_cache_folder_is_the_argument_then_the_variable_then_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTVOTE_CACHE", str(tmp_path / "variable"))
    assert cache.cache_folder(tmp_path / "argument") == tmp_path / "argument"
    assert cache.cache_folder(None) == tmp_path / "variable"
    monkeypatch.delenv("SOFTVOTE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    assert cache.cache_folder(None) == tmp_path / "user" / "softvote"


def test_threads_that_fill_the_cache_at_once_agree(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", train=to_csv(draw_images(300, 10, 10), ["a", "b", "c"] * 100))
    barrier = threading.Barrier(6)

    def run() -> str:
        barrier.wait()
        return load_and_return_fingerprint(source, tmp_path / "cache")

    with ThreadPoolExecutor(6) as pool:
        found = [future.result() for future in [pool.submit(run) for _ in range(6)]]
    assert len(set(found)) == 1
    assert len(entries(tmp_path / "cache")) == 1


def test_processes_that_fill_the_cache_at_once_agree(tmp_path: Path) -> None:
    source = write_folder(tmp_path / "data", train=to_csv(draw_images(300, 10, 10), ["a", "b", "c"] * 100))
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = [pool.submit(load_and_return_fingerprint, source, tmp_path / "cache") for _ in range(4)]
        assert len({future.result() for future in futures}) == 1
    assert len(entries(tmp_path / "cache")) == 1

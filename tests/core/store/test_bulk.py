import contextlib
import gc
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem

from core.errors import StoredFileError, StudyError
from core.store import bulk, files
from core.store.bulk import Listing, read_each, uncollected

PLACES = ("memory://test_bulk/study", "local")


@pytest.fixture(params=PLACES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a folder on an object store, then one on a disk: both have to answer alike."""
    place = str(tmp_path) if request.param == "local" else request.param
    files.remove(f"{place}/trials")
    return f"{place}/trials"


def write_numbered(url: str, *numbers: int) -> list[str]:
    """Write a small JSON file for each number; return the URLs."""
    urls = [f"{url}/t{number}/trial.json" for number in numbers]
    for number, each in zip(numbers, urls, strict=True):
        files.write_json(each, {"number": number})
    return urls


def test_read_each_keeps_the_order_and_gives_each_file_its_own_error(url: str) -> None:
    urls = write_numbered(url, 2, 0, 1)
    files.write_bytes(urls[1], b"{")
    files.remove(urls[2])
    for found in (list(read_each(urls, files.read_json)), list(Listing(url).read_each(urls, files.read_json))):
        assert found[0] == {"number": 2}
        assert isinstance(found[1], StoredFileError)
        assert str(found[1]).startswith(f"{urls[1]} is torn or no JSON")
        assert isinstance(found[2], FileNotFoundError)


def test_a_listing_knows_files_and_empty_folders(url: str) -> None:
    (there,) = write_numbered(url, 1)
    files.write_npz(f"{url}/t1/predictions.npz", {})
    listing = Listing(url)
    assert listing.has(there)
    assert not listing.has(f"{url}/t2/trial.json")
    assert listing.has_whole_npz(f"{url}/t1/predictions.npz", ())
    assert not listing.has_whole_npz(f"{url}/t2/predictions.npz", ())
    assert not listing.is_empty(f"{url}/t1")
    assert listing.is_empty(f"{url}/t")
    assert listing.is_empty(f"{url}/t2")


def test_a_listing_of_nothing_is_empty(url: str) -> None:
    listing = Listing(url)
    assert not listing.has(f"{url}/t1/trial.json")
    assert list(listing.read_each([], files.read_json)) == []
    assert list(read_each([], files.read_json)) == []


def test_an_object_store_is_listed_once_and_read_in_bounded_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "memory://test_bulk/batches/trials"
    urls = write_numbered(url, *range(70))
    asked: list[int] = []
    cat = MemoryFileSystem.cat

    def counting_cat(self: Any, paths: list[str], **options: Any) -> Any:
        asked.append(len(paths))
        return cat(self, paths, **options)

    monkeypatch.setattr(MemoryFileSystem, "cat", counting_cat)
    read = Listing(url).read_each([*urls, f"{url}/none/trial.json"], files.read_json)
    assert next(read) == {"number": 0}
    assert asked == [bulk.NUM_AT_ONCE], "no more is fetched than the next files"
    assert [one["number"] for one in list(read)[:-1] if isinstance(one, dict)] == list(range(1, 70))
    assert asked == [32, 32, 6]


def test_a_store_that_fails_in_the_middle_is_told_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    urls = write_numbered("memory://test_bulk/failing/trials", 0, 1)

    def fail(*arguments: Any, **options: Any) -> None:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "cat_file", fail)
    monkeypatch.setattr(MemoryFileSystem, "cat", fail)
    with pytest.raises(StudyError, match=r"t0/trial\.json cannot be read: access is denied"):
        list(read_each(urls, files.read_json))


def test_collector_is_as_it_was_after_a_pause() -> None:
    for enable, expected in ((gc.enable, True), (gc.disable, False)):
        enable()
        with contextlib.suppress(ValueError), uncollected():
            assert not gc.isenabled()
            raise ValueError
        assert gc.isenabled() == expected
    gc.enable()

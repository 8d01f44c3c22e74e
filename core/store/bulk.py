"""Many files of a study at once: on an object store one listing and concurrent gets, on a disk one after the other."""

import contextlib
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from core.errors import StoredFileError
from core.store import files
from core.store.filesystem import is_local, open_filesystem, opened

T = TypeVar("T")
Read = Callable[[str, bytes | None], T]
"""Reads the file of a URL, whose content is known already unless it is None; raises as `core.store.files` does."""
Unread = FileNotFoundError | StoredFileError
"""Why a file was not read, where the reason is its own."""
NUM_AT_ONCE = 32
"""Files held in memory at a time: predictions have 1 to 2 MB each."""


class Listing:
    """What lies below a folder: on an object store as one listing gave it, on a disk as it is when asked."""

    def __init__(self, url: str) -> None:
        """List the files below `url`; none where it is missing.

        Raises:
            StudyError: the object store cannot be read.
        """
        self._urls: frozenset[str] | None = None
        if files.local_path(url) is not None:
            return
        with opened(url, "cannot be read") as (fs, path):
            fs.invalidate_cache()
            below = len(path.rstrip("/")) + 1
            self._urls = frozenset(files.join(url, name[below:]) for name in fs.find(path) if len(name) > below)

    def has(self, url: str) -> bool:
        """True where there is a file of this URL."""
        return files.exists(url) if self._urls is None else url in self._urls

    def has_whole_npz(self, url: str, names: tuple[str, ...]) -> bool:
        """True where an .npz with these arrays was written to its end: what is on an object store was put whole."""
        return files.is_whole_npz(url, names) if self._urls is None else url in self._urls

    def is_empty(self, url: str) -> bool:
        """True for a folder without any file but half-written ones."""
        if self._urls is None:
            return all(name.startswith(files.TEMPORARY_PREFIX) for name in files.list_names(url))
        return not any(name.startswith(f"{url}/") for name in self._urls)

    def read_each(self, urls: Sequence[str], read: Read[T]) -> Iterator[T | Unread]:
        """Do as `read_each`, without a request for a file that is not listed."""
        listed = urls if self._urls is None else [url for url in urls if url in self._urls]
        found = read_each(listed, read)
        for url in urls:
            yield next(found) if self._urls is None or url in self._urls else FileNotFoundError(url)


def read_each(urls: Iterable[str], read: Read[T]) -> Iterator[T | Unread]:
    """Yield what `read` makes of each file, in order, or the error that is this file's own.

    Args:
        urls: of one file system.
        read: such as `core.store.records.read_record`.

    Raises:
        StudyError: the object store does not answer or refuses.
    """
    for url, data in _contents(list(urls)):
        try:
            yield read(url, data)
        except (FileNotFoundError, StoredFileError) as error:
            yield error


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let Python look for no unreachable cycles while thousands of records are made.

    All of them are kept, and it would go over them again and again: a third of the time for 10,000.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _contents(urls: list[str]) -> Iterator[tuple[str, bytes | None]]:
    """Yield each URL with its file's content; None where the file is to be read by itself."""
    for start in range(0, len(urls), NUM_AT_ONCE):
        batch = urls[start : start + NUM_AT_ONCE]
        if is_local(open_filesystem(batch[0])[0]):
            yield from ((url, None) for url in batch)
            continue
        content = _fetch(batch)
        for url in batch:
            data = content.pop(url, None)
            yield url, data if isinstance(data, bytes) else None  # read again by itself, its failure finds its words


def _fetch(urls: list[str]) -> dict[str, Any]:
    """Return the contents of files on an object store by their URLs, of some perhaps an error in its place."""
    paths = {url: path for url, (_, path) in zip(urls, map(open_filesystem, urls), strict=True)}
    try:
        found = open_filesystem(urls[0])[0].cat(list(paths.values()), on_error="return")
    except Exception:  # nothing is lost: each is read by itself then
        return {}
    return {url: found.get(path) for url, path in paths.items()}

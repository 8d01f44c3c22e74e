"""A data set on an fsspec URL, as a copy in the cache folder that is fetched again when the original has changed.

<cache>/remote/<SHA-256 of the URL>/<SHA-256 of its stamp>/<name>      a file, or a folder of CSVs
"""

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.data.kaggle import FILE_NAMES
from core.errors import DataError, StudyError
from core.store.files import TEMPORARY_PREFIX
from core.store.filesystem import is_bucket_missing, is_local, open_filesystem, opened, scheme_of

_FOLDER = "remote"
_TELLING = {"etag", "generation", "content-md5", "md5hash", "crc32c", "digest"}
_TELLING |= {"lastmodified", "last_modified", "updated", "mtime", "created"}
"""What file systems call that which changes with a file's content, in small letters."""


def is_remote(source: str) -> bool:
    """True for a URL of something else than this machine's file systems."""
    return bool(scheme_of(source)) and not is_local(_told(source, open_filesystem, source)[0])


@contextlib.contextmanager
def local_copy(source: str, cache: Path | None) -> Iterator[Path]:
    """Yield the path of a copy of what lies at a URL, fetched where the cache has no copy of it as it is now.

    Args:
        source: Of a file, or of a folder with train.csv.
        cache: The cache folder; None keeps the copy only while the block runs.

    Raises:
        DataError: there is nothing at the URL, or it cannot be read, for whatever reason.
    """
    found = _told(source, _look_up, source)
    if cache is None:
        with tempfile.TemporaryDirectory(prefix=TEMPORARY_PREFIX) as folder:
            _fetch(source, found, Path(folder))
            yield Path(folder) / _name_of(source)
        return
    of_url = cache / _FOLDER / _sha256(source)
    stamp = {name: _stamp(info) for name, info in found.items()}
    copy = of_url / _sha256(json.dumps(stamp, sort_keys=True))
    if not copy.is_dir() or not all(stamp.values()):  # what tells nothing of itself may have changed
        _fetch_in_place(source, found, copy)
    yield copy / _name_of(source)


def _told(source: str, call: Any, *arguments: Any) -> Any:
    """Return what a call returns; an object store's failure is one of the data here."""
    try:
        return call(*arguments)
    except StudyError as error:
        raise DataError(f"--data {error}") from error


def _look_up(source: str) -> dict[str, dict[str, Any]]:
    """Return what the file system knows of each file: by its name in a folder of CSVs, by "" for a file."""
    with opened(source, "cannot be read") as (fs, path):
        fs.invalidate_cache()
        try:
            info = fs.info(path)
            if info["type"] != "directory":
                return {"": info}
            entries = {entry["name"].rstrip("/").rpartition("/")[2]: entry for entry in fs.ls(path, detail=True)}
        except FileNotFoundError as error:
            if is_bucket_missing(error):
                raise
            raise DataError(f"--data {source}: there is no such file or folder. Check the URL") from error
    found = {name: entries[name] for name in FILE_NAMES if name in entries}
    if not found:
        raise DataError(f"--data {source} must be a zip, an .npz or a folder with train.csv, and has no train.csv")
    return found


def _stamp(info: dict[str, Any]) -> dict[str, str]:
    """Return what changes when the file does; nothing where the file system knows no such thing."""
    telling = {name: str(value) for name, value in info.items() if name.lower() in _TELLING and value}
    return telling and telling | {"size": str(info.get("size"))}


def _fetch_in_place(source: str, found: dict[str, dict[str, Any]], copy: Path) -> None:
    """Fetch into a temporary folder and rename it, so that a copy is whole or absent; older ones go."""
    try:
        copy.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=copy.parent))
    except OSError as error:
        raise DataError(f"--data {source} cannot be kept in {copy.parent}: {error.strerror or error}") from error
    try:
        _fetch(source, found, temporary)
        for older in copy.parent.iterdir():
            if not older.name.startswith(TEMPORARY_PREFIX):
                shutil.rmtree(older, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process has put the same one there
            temporary.replace(copy)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _fetch(source: str, found: dict[str, dict[str, Any]], folder: Path) -> None:
    """Fetch the files into a folder, below the name that the source has."""
    target = folder / _name_of(source)
    try:
        with opened(source, "cannot be fetched") as (fs, path):
            if "" not in found:
                target.mkdir()
            for name, info in found.items():
                fs.get_file(f"{path.rstrip('/')}/{name}" if name else path, str(target / name))
                _require_whole(f"{source}/{name}" if name else source, target / name, info)
    except (StudyError, FileNotFoundError) as error:
        raise DataError(f"--data {error}") from error


def _require_whole(url: str, path: Path, info: dict[str, Any]) -> None:
    """Raise DataError where fewer or more bytes have come than the file has."""
    size, fetched = info.get("size"), path.stat().st_size
    if size is not None and fetched != size:
        raise DataError(f"--data {url} must have {size:,} bytes, got {fetched:,}: it changed meanwhile. Start again")


def _name_of(source: str) -> str:
    """Return a URL's last part, by which messages call the data set."""
    return source.partition("?")[0].rstrip("/").rpartition("/")[2] or "data"


def _sha256(text: str) -> str:
    """Return the SHA-256 (hex) of a text."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

"""Atomic reads and writes of whole files at a path or any fsspec URL.

A local file is written under a temporary name, synced and renamed; on an object store it is one put. A reader
therefore sees the old file or the new one, never half of either. Nothing here unpickles.
"""

import contextlib
import io
import json
import os
import uuid
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import StoredFileError
from core.store.filesystem import is_local, open_filesystem, opened

TEMPORARY_PREFIX = ".softvote-"
ZIP_MAGIC = b"PK"
CANNOT_READ = "cannot be read"
WRITING = "Free space or choose another folder"
DELETING = "Check who may write there"
TORN = "Delete it or restore it from a copy"


def join(url: str, *parts: str) -> str:
    """Return the URL of a file below `url`."""
    return "/".join([url.rstrip("/"), *parts]) if url != "/" else "/" + "/".join(parts)


def absolute(url: str) -> str:
    """Return a URL that means the same in a process that works in another folder."""
    fs, path = open_filesystem(url)
    return str(path) if is_local(fs) else url


def local_path(url: str) -> Path | None:
    """Return where the file of a URL lies on this machine's file systems; None on an object store."""
    fs, path = open_filesystem(url)
    return Path(path) if is_local(fs) else None


def write_bytes(url: str, data: bytes) -> None:
    """Write a whole file atomically, making the folders above it.

    Raises:
        StudyError: the place cannot be written (read-only, full, no permission, no such bucket).
    """
    with opened(url, "cannot be written", on_local=WRITING) as (fs, path):
        if is_local(fs):
            _replace_local_file(path, data)
        else:  # one put; s3fs sends 100 MB and more in parts, of which nothing is seen before the last has arrived
            fs.pipe_file(path, data)


def read_bytes(url: str) -> bytes:
    """Return a whole file.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it is there and cannot be read.
        StudyError: the object store that it lies on cannot be read.
    """
    with opened(url, CANNOT_READ) as (fs, path):
        return fs.cat_file(path)


def exists(url: str) -> bool:
    """True where a file or folder is at `url`.

    Raises:
        StudyError: the object store that it would lie on cannot be read.
    """
    return _kind_of(url) is not None


def is_folder(url: str) -> bool:
    """True where a folder is at `url`; raises as `exists` does."""
    return _kind_of(url) == "directory"


def is_whole_npz(url: str, names: tuple[str, ...]) -> bool:
    """True where an .npz with these arrays was written to its end; its content is not read.

    On an object store a file that is there was put whole, so that nothing more is asked.
    """
    fs, path = open_filesystem(url)
    if not is_local(fs):
        return exists(url)
    try:
        with fs.open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            return {f"{name}.npy" for name in names} <= set(archive.namelist())
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile):
        return False


def list_folders(url: str) -> list[str]:
    """Return the names of the folders directly below `url`, sorted; none where `url` is missing.

    Raises:
        StoredFileError: it is there and cannot be read.
        StudyError: the object store that it lies on cannot be read.
    """
    return _list(url, "directory")


def list_names(url: str) -> list[str]:
    """Return the names of all that lies directly below `url`, sorted; none where `url` is missing.

    Raises:
        As `list_folders`.
    """
    return _list(url, None)


def remove(url: str, *, is_file: bool = False) -> None:
    """Delete the file or the whole folder at `url`, if any; `is_file`: a file in one request, a folder is an error.

    Raises:
        StudyError: it cannot be deleted.
    """
    with opened(url, "cannot be deleted", on_local=DELETING) as (fs, path), contextlib.suppress(FileNotFoundError):
        if is_file:
            (os.unlink if is_local(fs) else fs.rm_file)(path)
        elif is_local(fs):
            fs.rm(path, recursive=True)
        elif found := fs.find(path):  # a folder there is its files, which a list of them deletes in one request
            fs.rm(found)


def remove_half_written(url: str) -> None:
    """Delete what killed writers left below `url` on this machine's disks; an object store has no halves of a put."""
    path = local_path(url)
    for temporary in path.rglob(f"{TEMPORARY_PREFIX}*") if path else ():
        with contextlib.suppress(OSError):  # it costs space, nothing else
            temporary.unlink()


def require_writable(url: str) -> None:
    """Try an object store's folder with a small file, which is gone again: hours of training would end at a denial.

    Raises:
        StudyError: it cannot be written, or nothing can be deleted there.
    """
    if local_path(url) is not None:  # the first file that is written there tells, before any training
        return
    name = f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    with opened(url, "cannot be written", on_local=WRITING) as (fs, path):
        fs.pipe_file(join(path, name), b"")
    with opened(url, "cannot be cleared of old files") as (fs, path):
        fs.rm_file(join(path, name))


def write_json(url: str, value: dict[str, Any]) -> None:
    """Write `value` as indented JSON; NaN and infinity are refused, since JSON has neither."""
    write_bytes(url, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_json(url: str, data: bytes | None = None) -> dict[str, Any]:
    """Read what `write_json` wrote; `data` is the file's content where it is known already.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: the file is torn or holds no JSON object.
    """
    data = read_bytes(url) if data is None else data
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StoredFileError(f"{url} is torn or no JSON: {error}. {TORN}") from error
    if not isinstance(value, dict):
        raise StoredFileError(f"{url} must hold a JSON object, got {type(value).__name__}")
    return value


def read_json_of_format(url: str, version: int, what: str, data: bytes | None = None) -> dict[str, Any]:
    """Read a JSON object whose `format` is a version, of `data` where that is known; return its other fields.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it is torn, holds no JSON object, or one of another version; `what` says what it must be.
    """
    raw = read_json(url, data)
    found = raw.pop("format", None)
    if found != version:
        raise StoredFileError(f"{url} must be {what} of format {version}, got {found!r}. Use the version that wrote it")
    return raw


def write_npz(url: str, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays as one uncompressed .npz (softmax hardly compresses, and reading stays fast)."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_bytes(url, buffer.getvalue())


def read_npz(url: str, data: bytes | None = None) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz, checksums verified, pickles refused; of `data` where its content is known already.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: the file is torn, no .npz, or holds pickled objects.
    """
    data = read_bytes(url) if data is None else data
    if not data.startswith(ZIP_MAGIC):  # numpy would take it for a pickle and advise to load it unsafely
        raise StoredFileError(f"{url} is torn or no .npz archive: it does not begin like one. {TORN}")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise StoredFileError(f"{url} is torn or no .npz archive: {error}. {TORN}") from error


def _kind_of(url: str) -> str | None:
    """Return `file`, `directory` or another kind of what is at `url`; None for nothing."""
    with contextlib.suppress(FileNotFoundError), opened(url, CANNOT_READ) as (fs, path):
        if is_local(fs):
            return "directory" if fs.isdir(path) else "file" if fs.exists(path) else None
        fs.invalidate_cache()
        return str(fs.info(path)["type"])
    return None


def _list(url: str, kind: str | None) -> list[str]:
    """Return the sorted names below `url` of one kind of entry, or of all."""
    entries = []
    with contextlib.suppress(FileNotFoundError), opened(url, CANNOT_READ) as (fs, path):
        fs.invalidate_cache()
        entries = fs.ls(path, detail=True)
    return sorted(Path(entry["name"]).name for entry in entries if kind in (None, entry["type"]))


def _replace_local_file(path: str, data: bytes) -> None:
    """Write `data` beside `path`, sync, rename; the temporary file is gone in every case."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.parent / f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

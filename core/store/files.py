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

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem

from core.errors import StoredFileError, StudyError

TEMPORARY_PREFIX = ".softvote-"
ZIP_MAGIC = b"PK"


def join(url: str, *parts: str) -> str:
    """Return the URL of a file below `url`."""
    return "/".join([url.rstrip("/"), *parts]) if url != "/" else "/" + "/".join(parts)


def absolute(url: str) -> str:
    """Return a URL that means the same in a process that works in another folder."""
    fs, path = _filesystem(url)
    return str(path) if isinstance(fs, LocalFileSystem) else url


def local_path(url: str) -> Path | None:
    """Return where the file of a URL lies on this machine's file systems; None on an object store."""
    fs, path = _filesystem(url)
    return Path(path) if isinstance(fs, LocalFileSystem) else None


def write_bytes(url: str, data: bytes) -> None:
    """Write a whole file atomically, making the folders above it.

    Raises:
        StudyError: the place cannot be written (read-only, full, no permission).
    """
    fs, path = _filesystem(url)
    try:
        if isinstance(fs, LocalFileSystem):
            _replace_local_file(path, data)
        else:
            fs.pipe_file(path, data)
    except OSError as error:
        raise StudyError(
            f"{url} cannot be written: {error.strerror or error}. Free space or choose another folder"
        ) from error


def read_bytes(url: str) -> bytes:
    """Return a whole file.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it is there and cannot be read.
    """
    fs, path = _filesystem(url)
    try:
        return fs.cat_file(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StoredFileError(f"{url} cannot be read: {error.strerror or error}") from error


def exists(url: str) -> bool:
    """True where a file or folder is at `url`."""
    fs, path = _filesystem(url)
    return bool(fs.exists(path))


def is_folder(url: str) -> bool:
    """True where a folder is at `url`."""
    fs, path = _filesystem(url)
    return bool(fs.isdir(path))


def is_whole_npz(url: str, names: tuple[str, ...]) -> bool:
    """True where an .npz with these arrays was written to its end; its content is not read."""
    fs, path = _filesystem(url)
    try:
        with fs.open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            return {f"{name}.npy" for name in names} <= set(archive.namelist())
    except (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile):
        return False


def list_folders(url: str) -> list[str]:
    """Return the names of the folders directly below `url`, sorted; none where `url` is missing.

    Raises:
        StoredFileError: it is there and cannot be read.
    """
    return _list(url, "directory")


def list_names(url: str) -> list[str]:
    """Return the names of all that lies directly below `url`, sorted; none where `url` is missing.

    Raises:
        StoredFileError: it is there and cannot be read.
    """
    return _list(url, None)


def remove(url: str) -> None:
    """Delete the file or the whole folder at `url`; nothing happens where there is none.

    Raises:
        StudyError: it cannot be deleted.
    """
    fs, path = _filesystem(url)
    try:
        fs.rm(path, recursive=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StudyError(f"{url} cannot be deleted: {error.strerror or error}. Check who may write there") from error


def remove_half_written(url: str) -> None:
    """Delete what killed writers left below `url` on this machine's disks; an object store has no halves of a put."""
    fs, path = _filesystem(url)
    if isinstance(fs, LocalFileSystem):
        for temporary in Path(path).rglob(f"{TEMPORARY_PREFIX}*"):
            with contextlib.suppress(OSError):  # it costs space, nothing else
                temporary.unlink()


def write_json(url: str, value: dict[str, Any]) -> None:
    """Write `value` as indented JSON; NaN and infinity are refused, since JSON has neither."""
    write_bytes(url, (json.dumps(value, indent=1, allow_nan=False) + "\n").encode())


def read_json(url: str) -> dict[str, Any]:
    """Read what `write_json` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: the file is torn or holds no JSON object.
    """
    try:
        value = json.loads(read_bytes(url))
    except (ValueError, RecursionError) as error:
        raise StoredFileError(f"{url} is torn or no JSON: {error}. Delete it or restore it from a copy") from error
    if not isinstance(value, dict):
        raise StoredFileError(f"{url} must hold a JSON object, got {type(value).__name__}")
    return value


def read_json_of_format(url: str, version: int, what: str) -> dict[str, Any]:
    """Read a JSON object whose `format` is a version; return its other fields.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: it is torn, holds no JSON object, or one of another version; `what` says what it must be.
    """
    raw = read_json(url)
    found = raw.pop("format", None)
    if found != version:
        raise StoredFileError(f"{url} must be {what} of format {version}, got {found!r}. Use the version that wrote it")
    return raw


def write_npz(url: str, arrays: dict[str, np.ndarray]) -> None:
    """Write named arrays as one uncompressed .npz (softmax hardly compresses, and reading stays fast)."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    write_bytes(url, buffer.getvalue())


def read_npz(url: str) -> dict[str, np.ndarray]:
    """Read all arrays of an .npz, checksums verified, pickles refused.

    Raises:
        FileNotFoundError: there is no such file.
        StoredFileError: the file is torn, no .npz, or holds pickled objects.
    """
    data = read_bytes(url)
    if not data.startswith(ZIP_MAGIC):  # numpy would take it for a pickle and advise to load it unsafely
        raise StoredFileError(f"{url} is torn or no .npz archive: it does not begin like one")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (ValueError, OSError, EOFError, KeyError, RuntimeError, zipfile.BadZipFile) as error:
        raise StoredFileError(f"{url} is torn or no .npz archive: {error}") from error


def _filesystem(url: str) -> tuple[Any, str]:
    """Return the file system of `url` and the path in it; an unknown or not installed kind is a StudyError."""
    try:
        return fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise StudyError(f"{url} must be a path or an fsspec URL that this machine can open: {error}") from error


def _list(url: str, kind: str | None) -> list[str]:
    """Return the sorted names below `url` of one kind of entry, or of all."""
    fs, path = _filesystem(url)
    fs.invalidate_cache()
    try:
        entries = fs.ls(path, detail=True)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise StoredFileError(f"{url} cannot be read: {error.strerror or error}") from error
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

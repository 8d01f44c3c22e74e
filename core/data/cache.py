"""Parsed data sets as memory-mapped .npy files in the user's cache folder, so that a warm start parses nothing.

    <cache>/<key>/       entry.json (fingerprint, header) and an .npy an array; key = SHA-256 of content and options
    <cache>/hashes/      what `content` remembers

An entry is written under a temporary name, synced and renamed, so it is whole or absent, whoever else fills the
cache at the same time. A damaged one is replaced. Where the folder cannot be used, everything works without it.
"""

import hashlib
import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from core.data.dataset import Dataset
from core.store.files import TEMPORARY_PREFIX

FOLDER_VARIABLE = "SOFTVOTE_CACHE"
_FORMAT = 1
_ENTRY = "entry.json"
_MAPPED = ("x_train", "x_test")
_READ = ("labels", "class_names", "test_ids")


def cache_folder(folder: Path | None) -> Path | None:
    """Return `folder`, else $SOFTVOTE_CACHE, else the user's cache folder; None where none can be made."""
    named = os.environ.get(FOLDER_VARIABLE)
    if folder is None:
        folder = Path(named) if named else platformdirs.user_cache_path("softvote", appauthor=False)
        if not named and not folder.is_absolute():  # a user without a home: "~" stayed as it was
            return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return folder


def entry_key(content: dict[str, str], options: dict[str, Any]) -> str:
    """Return the name of an entry: SHA-256 (hex) of the files' own hashes and of what else decides the parse."""
    return hashlib.sha256(json.dumps([_FORMAT, content, options], sort_keys=True).encode()).hexdigest()


def read_entry(folder: Path, name: str) -> Dataset | None:
    """Return the entry as a Dataset called `name`, images memory-mapped and read-only; None where none is whole."""
    try:
        raw = json.loads((folder / _ENTRY).read_bytes())
        arrays = {array: _load(folder, array) for array in (*_MAPPED, *_READ)}
        first, second = raw["submission_header"]
        dataset = Dataset(
            name=name, submission_header=(str(first), str(second)), fingerprint=str(raw["fingerprint"]), **arrays
        )
        shapes_agree = raw["shapes"] == _shapes(dataset)
    except (OSError, ValueError, TypeError, KeyError, EOFError, RecursionError):
        return None
    return dataset if shapes_agree else None


def write_entry(folder: Path, dataset: Dataset) -> None:
    """Write the entry at `folder`, unless another process has by now; failing to costs only time."""
    try:
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder.parent))
    except OSError:
        return
    try:
        for array in (*_MAPPED, *_READ):
            _save(temporary / f"{array}.npy", getattr(dataset, array))
        _write_description(temporary / _ENTRY, dataset)
        _put_in_place(temporary, folder)
    except OSError:
        return
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _shapes(dataset: Dataset) -> dict[str, list[Any]]:
    """Return shape and kind of each array, by which a torn entry shows."""
    arrays = {name: getattr(dataset, name) for name in (*_MAPPED, *_READ)}
    return {name: [*array.shape, array.dtype.kind] for name, array in arrays.items()}


def _load(folder: Path, name: str) -> np.ndarray:
    """Load one array; the images mapped, unless empty (nothing to map)."""
    path = folder / f"{name}.npy"
    if name in _READ:
        return np.load(path, allow_pickle=False)
    # a plain view: numpy pickles its memmap class by copying, which would cost Ray's zero-copy put
    return np.load(path, mmap_mode="r", allow_pickle=False).view(np.ndarray)


def _save(path: Path, array: np.ndarray) -> None:
    """Write one array and sync it, so that a rename after it never outlives its content."""
    with path.open("xb") as file:
        np.save(file, array, allow_pickle=False)
        file.flush()
        os.fsync(file.fileno())


def _write_description(path: Path, dataset: Dataset) -> None:
    """Write what is no array."""
    raw = {
        "fingerprint": dataset.fingerprint,
        "submission_header": dataset.submission_header,
        "shapes": _shapes(dataset),
    }
    with path.open("x", encoding="utf-8") as file:
        json.dump(raw, file)
        file.flush()
        os.fsync(file.fileno())


def _put_in_place(temporary: Path, folder: Path) -> None:
    """Rename the finished entry; a whole one that is there already stays, a damaged one goes."""
    if read_entry(folder, "") is not None:
        return
    if folder.exists():
        damaged = Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX, dir=folder.parent))
        folder.replace(damaged / folder.name)
        shutil.rmtree(damaged, ignore_errors=True)
    temporary.replace(folder)

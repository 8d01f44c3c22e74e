"""The SHA-256 of a source file, remembered by path, size and times so that an unchanged file is not read again."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from core.errors import StudyError
from core.store import files

_HASHES = "hashes"


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """What changes when a file changes, known without reading it."""

    path: str
    """Absolute, links resolved."""
    size: int
    modified_ns: int
    changed_ns: int
    """The inode's own time: a copy that keeps size and mtime (cp -p, rsync -t) shows here."""


def stamp_of(path: Path) -> Stamp:
    """Return a file's stamp; OSError where there is none."""
    status = path.stat()
    return Stamp(
        path=str(path.resolve()),
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        changed_ns=status.st_ctime_ns,
    )


def content_sha256(stamp: Stamp, cache: Path) -> str:
    """Return the SHA-256 (hex) of the stamped file's content, from the cache folder where that knows it."""
    memo = cache / _HASHES / f"{hashlib.sha256(stamp.path.encode(errors='surrogateescape')).hexdigest()}.json"
    remembered = _recall(memo, stamp)
    if remembered is not None:
        return remembered
    sha256 = hash_file(Path(stamp.path))
    if stamp_of(Path(stamp.path)) == stamp:
        _remember(memo, stamp, sha256)
    return sha256


def hash_file(path: Path) -> str:
    """Return the SHA-256 (hex) of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recall(memo: Path, stamp: Stamp) -> str | None:
    """Return what was remembered for exactly this stamp, if anything."""
    try:
        raw = json.loads(memo.read_bytes())
        sha256 = str(raw.pop("sha256"))
        return sha256 if Stamp(**raw) == stamp else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _remember(memo: Path, stamp: Stamp, sha256: str) -> None:
    """Write the memo; a cache that cannot be written costs only time."""
    try:
        files.write_json(str(memo), {**asdict(stamp), "sha256": sha256})
    except (StudyError, OSError, ValueError):
        return

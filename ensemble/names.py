"""What tells the studies of one vote apart: where each lies, and the shortest name that no other one has."""

import hashlib
import os
from collections.abc import Sequence

from core.store import files
from core.store.filesystem import open_filesystem

LONGEST_FOLDER = 100
"""Letters of a folder's name; most file systems take 255 bytes."""


def place_of(url: str) -> str:
    """Return where a study lies, the same for every spelling of its path or URL.

    Raises:
        StudyError: the kind of URL is unknown, or the package for it is not installed.
    """
    path = files.local_path(url)
    if path is not None:
        return os.path.realpath(path)
    fs, remote = open_filesystem(url)
    return str(fs.unstrip_protocol(remote)).rstrip("/")


def names_of(urls: Sequence[str]) -> tuple[str, ...]:
    """Return a name for each study, in their order: as much of the end of its path as no two of them share.

    Args:
        urls: of different places.

    Raises:
        As `place_of`.
    """
    parts = [[part for part in place_of(url).split("/") if part] for url in urls]
    for length in range(1, max(map(len, parts)) + 1):
        names = ["/".join(one[-length:]) for one in parts]
        if len(set(names)) == len(names):
            break
    return tuple(names)


def shared_folder(urls: Sequence[str]) -> str:
    """Return the folder's name for a vote of these studies, whatever their order: ensemble-first+second.

    Raises:
        As `place_of`.
    """
    joined = "+".join(name.replace("/", "-") for name in sorted(names_of(urls)))
    if len(joined) > LONGEST_FOLDER:
        places = "\n".join(sorted(map(place_of, urls)))
        joined = f"{len(urls)}-studies-{hashlib.sha256(places.encode()).hexdigest()[:12]}"
    return f"ensemble-{joined}"

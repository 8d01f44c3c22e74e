"""study.journal: the study as Optuna's journal file, for optuna-dashboard. A view: nothing decides by it.

Optuna owns the format, we own the file. Readers keep byte offsets, so whole lines stay where they are and others are
only appended, each batch in one write: that needs no lock, which a reader could hold or a killed process leave behind.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.harmless import Harmless
from core.store import files
from core.store.append import append
from core.store.bulk import uncollected
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.journal_study import JournalStudy
from search.ledger import Ledger

UPLOAD_SECONDS = 60.0
"""Least time between two uploads to an object store; each sends the whole file."""
UPLOAD_BYTES = 6_000_000
"""Of a larger file uploads are as many times rarer, so that they take 100 kB a second at most: one of 10,000 trials
goes every seven minutes."""


@contextlib.contextmanager
def keep_journal(folder: StudyFolder, name: str, ledger: Ledger) -> Iterator[None]:
    """Bring a study's journal up to the ledger's records, and let it follow them while the block runs.

    What goes wrong with it costs one line on stderr, never the search.

    Args:
        folder: the study's.
        name: of the study, for readers.
        ledger: its records, loaded; it gets a follower.
    """
    journal = _JournalFile(folder.journal, name)
    journal.bring_up(ledger.records, ledger.num_taken)
    ledger.followers["study.journal"] = journal.follow
    try:
        yield
    finally:
        ledger.followers.pop("study.journal", None)
        journal.close()


class _JournalFile:
    """The file itself, or a local copy of it where the study lies on an object store."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._name = name
        self._study: JournalStudy | None = None
        self._path = Path()
        self._scratch: str | None = None
        self._uploaded = 0.0
        self._rarity = 1.0
        self._without_harm = Harmless(f"{url} is not up to date", "The search goes on; its next start mends that file")

    def bring_up(self, records: list[TrialRecord], num_taken: int) -> None:
        """Make the file say what the records say."""
        with self._without_harm:
            self._open(records, num_taken)

    def follow(self, record: TrialRecord) -> None:
        """Append what the record has and the file has not."""
        if self._study is not None:
            with self._without_harm:
                self._study.add(record)
                append(self._path, self._study.fresh)
                if time.monotonic() - self._uploaded >= UPLOAD_SECONDS * self._rarity:
                    self._upload()

    def close(self) -> None:
        """Write and upload what is left."""
        if self._study is not None:
            with self._without_harm:
                append(self._path, self._study.fresh)
                self._upload()
        self._study = None
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    @uncollected()
    def _open(self, records: list[TrialRecord], num_taken: int) -> None:
        """Append to the file that is there, or write it anew where it is none of this study's."""
        path = files.local_path(self._url)
        if path is None:
            self._scratch = tempfile.mkdtemp(prefix="softvote-")
        self._path = path or Path(self._scratch or "") / "study.journal"
        found = self._read()
        whole = found[: found.rfind(b"\n") + 1]
        try:
            study = JournalStudy(whole, self._name, records, num_taken)
        except Exception:  # zeros, half a line between whole ones, another study's
            whole = b""
            study = JournalStudy(whole, self._name, records, num_taken)
        if whole and path is not None:
            if len(found) > len(whole):
                os.truncate(path, len(whole))
            self._study = study
            append(self._path, study.fresh)
        else:
            files.write_bytes(str(self._path), whole + study.fresh)
            study.fresh.clear()
            self._study = study
        self._upload()

    def _read(self) -> bytes:
        """Return what the study's folder has, nothing where it cannot be read."""
        try:
            return files.read_bytes(self._url)
        except Exception:
            return b""

    def _upload(self) -> None:
        """Send the local copy to where the study lies."""
        if self._scratch is not None:
            self._uploaded, content = time.monotonic(), self._path.read_bytes()
            self._rarity = max(1.0, len(content) / UPLOAD_BYTES)
            files.write_bytes(self._url, content)

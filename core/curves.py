"""curves.tfevents of each trial, kept up with the records while they grow: TensorBoard shows a training as it goes."""

import os
import time
from collections.abc import Iterable
from pathlib import Path

from core.harmless import Harmless
from core.store import files
from core.store.append import append
from core.store.curves import END_BYTES, curves_after, curves_of, has_end, is_over
from core.store.records import TrialRecord
from core.store.study import StudyFolder

BRING_UP_SECONDS = 3.0
"""What a start may spend on trials of earlier ones that lack theirs: measured on two cores, more or less busy, it was
enough for 1,900 to 4,000 trials of 7 epochs, and 900 to 1,400 of 70."""


class Curves:
    """Writes the files of one study's trials, each opened for a moment an epoch.

    What goes wrong costs one line on stderr, never the training. An object store cannot append: there a file is put
    once, when its trial has ended.
    """

    def __init__(self, folder: StudyFolder) -> None:
        """Write into the trials' folders of `folder`."""
        self._folder = folder
        self._is_local = files.local_path(folder.url) is not None
        self._num_epochs: dict[str, int] = {}
        """Of the trials being trained, what their files have."""
        self._without_harm = Harmless(
            f"the curves for TensorBoard in {folder.above_trials} are not up to date", "The training goes on"
        )

    def follow(self, record: TrialRecord) -> None:
        """Write what the record has and its file has not."""
        with self._without_harm:
            if not self._is_local:
                if is_over(record):
                    files.write_bytes(self._url_of(record), curves_of(record))
                return
            written = self._num_epochs.pop(record.trial_id, None)  # forgotten where this fails: then looked up
            if written is None or written > len(record.epochs):
                self._mend(record)
            else:
                append(self._path_of(record), bytearray(curves_after(record, written)))
            if not record.has_ended and record.epochs:
                self._num_epochs[record.trial_id] = len(record.epochs)

    def bring_up(self, records: Iterable[TrialRecord]) -> None:
        """Write the files of ended trials that lack theirs, in this order, as far as they go in BRING_UP_SECONDS."""
        deadline = time.monotonic() + BRING_UP_SECONDS
        with self._without_harm:
            for record in records if self._is_local else ():
                if time.monotonic() > deadline:
                    return
                if is_over(record) and not has_end(_tail(self._path_of(record))):
                    self._mend(record)

    def _mend(self, record: TrialRecord) -> None:
        """Make the file say what the record says, whatever is there."""
        path, content = self._path_of(record), curves_of(record)
        found = path.read_bytes() if path.is_file() else b""
        if found and content.startswith(found):
            append(path, bytearray(content[len(found) :]))
        elif content:
            temporary = path.with_name(f"{files.TEMPORARY_PREFIX}{path.name}")
            temporary.write_bytes(content)
            temporary.replace(path)

    def _url_of(self, record: TrialRecord) -> str:
        """Return the file of a trial."""
        return self._folder.trial(record.trial_id).curves

    def _path_of(self, record: TrialRecord) -> Path:
        """Return the file of a trial on this machine's disks."""
        return Path(files.local_path(self._url_of(record)) or "")


def _tail(path: Path) -> bytes:
    """Return a file's last bytes; none where there is no file."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - END_BYTES))
            return file.read()
    except FileNotFoundError:
        return b""

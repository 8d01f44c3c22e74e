"""Which trials keep their model on disk: the best few, so that a long search does not fill it."""

from core.store import files
from core.store.records import TrialRecord
from core.store.study import StudyFolder


class ModelShelf:
    """Holds the models of the best ended trials; predictions are kept of all."""

    def __init__(self, folder: StudyFolder, size: int) -> None:
        """Keep `size` models in the study's folder."""
        self._folder = folder
        self._size = size
        self._dropped: set[int] = set()
        self._num_seen = 0

    def keep_best(self, ranked: list[TrialRecord], failed: list[TrialRecord]) -> None:
        """Delete the models of failed trials and of all but the first of `ranked` (best first)."""
        if len(ranked) + len(failed) == self._num_seen:
            return
        self._num_seen = len(ranked) + len(failed)
        for record in (*ranked[self._size :], *failed):
            if record.number not in self._dropped:
                files.remove(self._folder.trial(record.trial_id).model)
                self._dropped.add(record.number)

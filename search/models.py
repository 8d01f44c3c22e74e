"""Which trials keep their model on disk: the best few, so that a long search does not fill it."""

import heapq

from core.store import files
from core.store.bulk import Listing
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.standings import Standings, merit_of


class ModelShelf:
    """Holds the models of the best ended trials; predictions are kept of all."""

    def __init__(self, folder: StudyFolder, size: int) -> None:
        """Keep `size` models in the study's folder."""
        self._folder = folder
        self._size = size
        self._worst_first: list[tuple[float, int, str]] = []
        """A heap of those on the shelf: merit negated, trial's id."""
        self._num_seen = 0

    def keep_best(self, standings: Standings) -> None:
        """Delete the models of failed trials and of all but the best, each once, as they end.

        Of trials that ended before the first call most have none: where the study is on an object store one listing
        tells, not a request for each.
        """
        ended = standings.ended_after(self._num_seen)
        listing = Listing(self._folder.above_trials) if ended and self._num_seen == 0 else None
        for record in ended:
            self._num_seen += 1
            trial_id = self._displaced_by(record)
            model = None if trial_id is None else self._folder.trial(trial_id).model
            if model is not None and (listing is None or listing.has(model)):
                files.remove(model)

    def _displaced_by(self, record: TrialRecord) -> str | None:
        """Return whose model goes as this trial ends: its own, a worse one's, or none."""
        if record.state == "failed":
            return record.trial_id
        log_loss, number = merit_of(record)
        entry = (-log_loss, -number, record.trial_id)
        if len(self._worst_first) < self._size:
            heapq.heappush(self._worst_first, entry)
            return None
        return heapq.heappushpop(self._worst_first, entry)[2] if self._size else record.trial_id

"""What the vote would score now: the mean of the best few trials' softmax, reckoned beside the search."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.metrics import log_loss, num_errors
from core.store import files
from core.store.dataset import DataSummary, read_data_summary
from core.store.predictions import read_labelled_softmax
from core.store.study import StudyFolder

MOST_MEMBERS = 5
MOST_CELLS = 2_000_000
"""Rows times classes; of more, five trials' softmax would take more memory and time than a glance is worth."""
REST = 40
"""After each reckoning its thread rests so many times as long as that took: it has a fortieth of a core at most."""
LEAST_REST_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class VoteScore:
    """What the mean of some trials' softmax scores on the holdout rows, which chose them: optimistic."""

    num_members: int
    num_errors: int
    num_rows: int
    log_loss: float


class VoteSoFar:
    """Reckons it in a thread of its own; whatever goes wrong there is silent and costs the search nothing."""

    def __init__(self, folder: StudyFolder) -> None:
        """Look at the trials of `folder`, once `look_at` names some."""
        self._folder = folder
        self.score: VoteScore | None = None
        """The latest; None before the first, and where there is none."""
        self.why_not: str = ""
        """Why it is not reckoned, in a few words."""
        self._data: DataSummary | None = None
        self._wanted: tuple[str, ...] = ()
        self._softmax: dict[str, np.ndarray | None] = {}  # (num_holdout, num_classes) float32; None: of no use
        self._has_news = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def look_at(self, trial_ids: Sequence[str]) -> None:
        """Reckon the score of the best trials, best first, soon; nothing happens where they are the same as before."""
        wanted = tuple(trial_ids[:MOST_MEMBERS])
        if wanted == self._wanted or self.why_not:
            return
        self._wanted = wanted
        self._has_news.set()
        if self._thread is None:
            thread = threading.Thread(target=self._run, daemon=True, name="vote so far")
            try:
                thread.start()
            except RuntimeError:
                self.why_not = "not reckoned: this machine has no thread to spare"
                return
            self._thread = thread

    def close(self) -> None:
        """End the thread; it is not waited for."""
        self._closed.set()
        self._has_news.set()

    def _run(self) -> None:
        """Reckon whenever there is news, and rest in between."""
        while self._has_news.wait() and not self._closed.is_set():
            self._has_news.clear()
            began = time.perf_counter()
            try:
                self._look(self._wanted)
            except Exception:  # a glance at the vote is worth no warning; the vote itself tells of what is damaged
                self.score = None
            if self.why_not:
                return
            self._closed.wait(max(LEAST_REST_SECONDS, REST * (time.perf_counter() - began)))

    def _look(self, wanted: tuple[str, ...]) -> None:
        """Reckon the score once, or say why it is not reckoned."""
        if files.local_path(self._folder.url) is None:
            self.why_not = "not reckoned on an object store"
            return
        self._data = self._data or read_data_summary(self._folder.data)
        num_rows, num_classes = len(self._data.holdout_rows), len(self._data.class_names)
        if num_rows * num_classes > MOST_CELLS:
            self.why_not = f"not reckoned on so many rows ({num_rows:,})"
            return
        self.score = self._reckon(wanted, self._data)

    def _reckon(self, wanted: tuple[str, ...], data: DataSummary) -> VoteScore | None:
        """Return the score of the best few that average best."""
        self._softmax = {trial_id: self._softmax_of(trial_id, data) for trial_id in wanted}
        labels = data.labels[data.holdout_rows]
        total = np.zeros((len(labels), len(data.class_names)))
        scores: list[VoteScore] = []
        for softmax in (one for one in self._softmax.values() if one is not None):
            total += softmax
            mean = total / (len(scores) + 1)
            scores.append(
                VoteScore(
                    num_members=len(scores) + 1,
                    num_errors=num_errors(mean, labels),
                    num_rows=len(labels),
                    log_loss=log_loss(mean, labels),
                )
            )
        return min(scores, key=lambda score: (score.log_loss, score.num_members), default=None)

    def _softmax_of(self, trial_id: str, data: DataSummary) -> np.ndarray | None:
        """Return a trial's softmax of the holdout rows, read once; None where it is not what it must be."""
        if trial_id in self._softmax:
            return self._softmax[trial_id]
        try:
            rows, softmax = read_labelled_softmax(self._folder.trial(trial_id).predictions)
        except Exception:
            return None
        fits = np.array_equal(rows, data.holdout_rows) and softmax.shape == (len(rows), len(data.class_names))
        return softmax if fits else None

"""Beside the search, to MLflow: a thread sends what records have become; a slow or dead server stops nothing."""

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from core.credentials import without_credentials
from core.harmless import Harmless
from core.store import files
from core.store.committee import CommitteeFolder
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from ensemble.result import VoteResult
from search.ledger import Ledger
from search.tracking.runs import StudyRuns
from search.tracking.server import open_client, said

RETRY_SECONDS = 20.0
"""Between two tries, while the server takes nothing."""
CLOSE_SECONDS = 20.0
"""What the search waits for at its end; what is not sent by then is the next start's."""
INTERRUPTED_SECONDS = 3.0


class Tracker:
    """Sends records as they are when their turn comes: of each trial no more than the last one waits."""

    def __init__(self, runs: StudyRuns, uri: str) -> None:
        """Start no thread before something is to be sent."""
        self._runs = runs
        self._uri = uri
        self._waiting: dict[str, TrialRecord] = {}
        self._last: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._is_closing = False
        self._has_warned = False
        self._thread: threading.Thread | None = None

    def follow(self, record: TrialRecord) -> None:
        """Take a record to send; costs the search microseconds."""
        with self._changed:
            self._waiting[record.trial_id] = record
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="mlflow", daemon=True)
                self._thread.start()
            self._changed.notify()

    def bring_up(self, records: Iterable[TrialRecord]) -> None:
        """Take what earlier starts left; what the server has already is not sent again."""
        for record in records:
            self.follow(record)

    def close(self, status: str, vote: VoteResult | None, *, within: float) -> None:
        """Send what is left and how the study's run ends, as far as it goes in so many seconds."""
        deadline = time.monotonic() + within
        with self._changed:
            self._last = lambda: self._runs.conclude(status, vote, _ensemble_json(vote))
            self._is_closing = True
            self._changed.notify()
        if self._thread is None:  # nothing was followed: a study of no trial
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            num_left = len(self._waiting)
            if self._last is not None or self._thread.is_alive():
                left = f"{num_left} trials and the study's end" if num_left else "the study's end"
                self._tell(f"{left} could not be sent. The next start of the same command sends what is missing")

    def _send_all(self) -> None:
        """Send until there is nothing left and nothing to come."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closing)
                trial_id, record = next(iter(self._waiting.items()), ("", None))
                self._waiting.pop(trial_id, None)
            try:
                if record is not None:
                    self._runs.send(record)
                elif self._last is not None:
                    self._last()
                    self._last = None
                    return
                else:
                    return
            except Exception as error:
                if self._gives_up_after(error, record):
                    return

    def _gives_up_after(self, error: Exception, record: TrialRecord | None) -> bool:
        """Keep what could not be sent for another try, a while later; True where there is no while left."""
        with self._changed:
            if record is not None:
                self._waiting.setdefault(record.trial_id, record)
            was_closing = self._is_closing
            if not self._has_warned:
                self._tell(f"{said(error, self._uri)}. The search goes on; what is missing is sent again")
            self._has_warned = True
            if not was_closing:
                self._changed.wait_for(lambda: self._is_closing, timeout=RETRY_SECONDS)
        return was_closing

    def _tell(self, what: str) -> None:
        """Print one line."""
        print(f"warning: MLflow at {without_credentials(self._uri)}: {what}", file=sys.stderr)


def new_tracker(uri: str | None, manifest: Manifest) -> Tracker | None:
    """Return what sends a study to the server of --mlflow, which has answered; None where none is named.

    Raises:
        ConfigError: the extra is missing, the server does not answer, or the study's experiment is deleted there.
    """
    if uri is None:
        return None
    runs = StudyRuns(open_client(uri), manifest)
    runs.check()
    return Tracker(runs, uri)


@contextlib.contextmanager
def tracked(tracker: Tracker | None, ledger: Ledger, generation: int) -> Iterator[Callable[[VoteResult], None]]:
    """Let a tracker follow a search while the block runs; yield what is told of its vote.

    Args:
        tracker: None where nobody asked for one.
        ledger: the study's, loaded.
        generation: of this start.
    """
    votes: list[VoteResult] = []
    if tracker is None:
        yield votes.append
        return
    committee = Ledger(CommitteeFolder(ledger.folder.url), generation)
    committee.load()
    harmless = Harmless(
        "MLflow is not told of all of this study", "The search goes on; its next start sends what is missing"
    )
    with harmless:
        tracker.bring_up([*ledger.records, *committee.records])
    ledger.followers["MLflow"] = tracker.follow
    status, seconds = "FAILED", CLOSE_SECONDS
    try:
        yield votes.append
        status = "FINISHED"
    except KeyboardInterrupt:
        status, seconds = "KILLED", INTERRUPTED_SECONDS
        raise
    finally:
        ledger.followers.pop("MLflow", None)
        with harmless:
            tracker.close(status, votes[-1] if votes else None, within=seconds)


def _ensemble_json(vote: VoteResult | None) -> str | None:
    """Return the content of ensemble.json, where there is a vote."""
    return None if vote is None else files.read_bytes(vote.ensemble_json).decode()

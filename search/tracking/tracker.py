"""Beside the search, to MLflow: a thread sends what records have become; a slow or dead server stops nothing."""

import contextlib
import functools
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from core.credentials import address_without_credentials
from core.harmless import Harmless
from core.store import files
from core.store.committee import CommitteeFolder
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from ensemble.result import VoteResult
from search.ledger import Ledger
from search.tracking.runs import StudyRuns
from search.tracking.server import is_refusal, open_client, said

Job = Callable[[], None]

RETRY_SECONDS = 20.0
"""Between two tries, while the server takes nothing."""
CLOSE_SECONDS = 20.0
"""What the search waits for at its end; what is not sent by then is the next start's."""
INTERRUPTED_SECONDS = 3.0
"""The same after Ctrl-C."""
TRIALS_SHARE = 0.75
"""Of either, for what waits; the rest is for how the study ended."""
MOST_UNANSWERED = 3
"""Tries at the end, one after the other, after which a server is taken to be gone."""
MOST_NAMED = 3
"""Trials that are named as they are refused, and at the end: a server may refuse them all."""


class Tracker:
    """Sends records as they are when their turn comes: of each trial no more than the last one waits.

    What a server refuses is set aside until it has changed or the search ends, so that it holds up nothing; a server
    that does not answer is asked again a while later.
    """

    def __init__(self, runs: StudyRuns, uri: str) -> None:
        """Start no thread before something is to be sent."""
        self._runs = runs
        self._uri = uri
        self._waiting: dict[str, Job] = {}
        """By trial or other name, what is still to be done, what is being done included."""
        self._refused: dict[str, Job] = {}
        self._named: set[str] = set()
        self._at_end: dict[str, Job] = {}
        self._trials_until = 0.0
        self._changed = threading.Condition()
        self._is_closing = False
        self._is_over = False
        self._has_warned = False
        self._why = ""
        self._thread: threading.Thread | None = None

    def follow(self, record: TrialRecord) -> None:
        """Take a record to send; costs the search microseconds."""
        self._take(record.trial_id, functools.partial(self._runs.send, record))

    def bring_up(self, records: Iterable[TrialRecord]) -> None:
        """Take the settings, and what earlier starts left; what the server has already is not sent again."""
        self._take("the settings", self._runs.send_settings)
        for record in records:
            self.follow(record)

    def close(self, status: str, vote: VoteResult | None, *, within: float) -> None:
        """Send what is left and how the study's run ends, as far as it goes in so many seconds."""
        deadline = time.monotonic() + within
        with self._changed:
            if vote is not None:
                self._at_end["the vote's scores"] = functools.partial(self._runs.send_vote, vote)
            self._at_end["the study's end"] = functools.partial(self._runs.end, status)
            if vote is not None:  # last: not every server takes files
                self._at_end["ensemble.json"] = functools.partial(_send_file, self._runs, vote.ensemble_json)
            self._trials_until = time.monotonic() + TRIALS_SHARE * within
            self._is_closing = True
            self._changed.notify()
        if self._thread is None:  # nothing was followed
            return
        self._thread.join(max(0.0, deadline - time.monotonic()))
        with self._changed:
            left = ", ".join([*_shortened(list(self._refused | self._waiting)), *self._at_end])
            why = f" ({self._why})" if self._why else ""
            if left:
                self._tell(f"{left} could not be sent{why}. The next start of the same command sends what is missing")
            self._is_over = True

    def _take(self, name: str, job: Job) -> None:
        """Let a job wait for its turn, in place of an earlier one of its name."""
        with self._changed:
            self._refused.pop(name, None)
            self._waiting[name] = job
            if self._thread is None:
                self._thread = threading.Thread(target=self._send_all, name="mlflow", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _send_all(self) -> None:
        """Send what comes until the search ends, then all that is left once more, and the end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closing)
                if self._is_closing:
                    break
                name, job = next(iter(self._waiting.items()))
            error = self._try(self._waiting, name, job)
            if error is not None and is_refusal(error):
                self._set_aside(name, job)
            elif error is not None:
                self._wait_after(name, job, error)
        with self._changed:
            self._waiting, self._refused = self._refused | self._waiting, {}
        self._send_rest()

    def _send_rest(self) -> None:
        """Try each thing that is left once, until there is no answer or no time any more, then the end."""
        num_unanswered = 0
        for name, job in list(self._waiting.items()):
            if num_unanswered >= MOST_UNANSWERED or time.monotonic() > self._trials_until:
                break
            error = self._try(self._waiting, name, job)
            num_unanswered = 0 if error is None or is_refusal(error) else num_unanswered + 1
        for name, job in list(self._at_end.items()):
            self._try(self._at_end, name, job)

    def _try(self, jobs: dict[str, Job], name: str, job: Job) -> Exception | None:
        """Do one of some jobs, and take it from them where that is well; return what went wrong."""
        try:
            job()
        except Exception as error:
            with self._changed:
                self._why = said(error, self._uri)
            if is_refusal(error):
                self._name(name, error)
            else:
                self._runs.forget()  # what was not answered may have been done
            return error
        with self._changed:
            if jobs.get(name) is job:
                del jobs[name]
        return None

    def _set_aside(self, name: str, job: Job) -> None:
        """Let those behind a refused job go on."""
        with self._changed:
            if self._waiting.get(name) is job:
                self._refused[name] = self._waiting.pop(name)

    def _name(self, name: str, error: Exception) -> None:
        """Tell once of each of the first that are refused."""
        if name in self._named or len(self._named) >= MOST_NAMED:
            return
        self._named.add(name)
        is_last = len(self._named) == MOST_NAMED
        rest = ". What else it refuses is told at the end" if is_last else ""
        again = "" if self._is_closing else ". All else is sent, and this is tried again at the end"
        self._tell(f"it refuses {name}: {said(error, self._uri)}{again}{rest}")

    def _wait_after(self, name: str, job: Job, error: Exception) -> None:
        """Let a server that does not answer be for a while; another job is the next one then."""
        with self._changed:
            if self._waiting.get(name) is job:
                self._waiting[name] = self._waiting.pop(name)
            if not self._has_warned and not self._is_closing:
                self._tell(f"{said(error, self._uri)}. The search goes on; what is missing is sent again")
                self._has_warned = True
            self._changed.wait_for(lambda: self._is_closing, timeout=RETRY_SECONDS)

    def _tell(self, what: str) -> None:
        """Print one line, unless the search has gone on without: a thread that prints may break Python's own end."""
        if self._is_over:
            return
        print(f"warning: MLflow at {address_without_credentials(self._uri)}: {what}", file=sys.stderr)


def new_tracker(uri: str | None, manifest: Manifest) -> Tracker | None:
    """Return what sends a study to the server of --mlflow, which has answered; None where none is named.

    Raises:
        ConfigError: the extra is missing, the server does not answer, or the study's experiment is deleted there.
    """
    if uri is None:
        return None
    client = open_client(uri, check=lambda client: StudyRuns(client, manifest).check())
    return Tracker(StudyRuns(client, manifest), uri)


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


def _send_file(runs: StudyRuns, url: str) -> None:
    """Send ensemble.json."""
    runs.send_file(files.read_bytes(url).decode())


def _shortened(names: list[str]) -> list[str]:
    """Return a few of some names, and how many more there are."""
    num_more = len(names) - MOST_NAMED
    return names if num_more <= 0 else [*names[:MOST_NAMED], f"{num_more:,} more"]

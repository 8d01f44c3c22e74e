"""What a search shows while it runs: a live bar on a terminal, one calm line an ended trial elsewhere."""

import time
from collections import Counter

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from core.progress import print_line
from core.store.records import EpochReport, TrialRecord
from search.watch import Watch


class SearchProgress:
    """Draws a steering's state; call `update` after each change."""

    def __init__(self, steering: Watch, console: Console, unit: str = "trials") -> None:
        """Watch `steering`, whose trials are called `unit`."""
        self._steering = steering
        self._console = console
        self._unit = unit
        self._started = time.time()
        self._counts = Counter(record.state for record in steering.ledger.ended)
        self._num_before = self._num_shown = steering.ledger.num_ended
        self._num_notices = 0
        self._bar = Progress(
            TextColumn(f"{{task.completed}}/{{task.fields[of]}} {unit}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[status]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        total = steering.num_trials
        self._task = self._bar.add_task("", total=total, of=total or "?", status="starting workers")

    def __enter__(self) -> "SearchProgress":
        """Begin to draw."""
        self._bar.start()
        self.update()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the last state on the screen."""
        self._bar.stop()

    def update(self) -> None:
        """Draw the state as it is now."""
        ledger = self._steering.ledger
        for notice in self._steering.notices[self._num_notices :]:
            self._num_notices += 1
            print_line(self._console, notice)
        for record in sorted(ledger.ended_after(self._num_shown), key=lambda record: record.number):
            self._num_shown += 1
            self._counts[record.state] += 1
            print_line(self._console, self._line(record))
        self._bar.update(self._task, completed=ledger.num_ended, status=self._status())

    def _line(self, record: TrialRecord) -> str:
        """Return one ended trial's line."""
        head = f"[{self._num_shown}/{self._steering.num_trials or '?'}] {record.trial_id} {record.state:<8}"
        if record.best is None or record.state == "failed":
            return f"{head} {record.error or ''}"
        if self._unit != "trials":  # a committee's training predicts after its last epoch
            last = record.epochs[-1]
            score = "on all rows, unscored" if self._unit == "refits" else _score(last)
            return f"{head} {score}  after {last.epoch} epochs  {record.seconds:.1f} s"
        best = record.best
        return f"{head} {_score(best)}  best epoch {best.epoch} of {len(record.epochs)}  {record.seconds:.1f} s"

    def _status(self) -> str:
        """Return the live line: running, pruned, failed, the best so far, machines, the time left."""
        counts = {state: self._counts[state] for state in ("pruned", "failed")}
        parts = [f"{len(self._steering.running)} running", *(f"{n} {state}" for state, n in counts.items() if n)]
        best = self._steering.ledger.best if self._unit == "trials" else None
        if best is not None and best.best is not None:
            parts.append(f"best {best.best.log_loss:.4f} ({best.best.accuracy:.4f})")
        if self._steering.spending:
            parts.append(self._steering.spending)
        if self._steering.machines:
            parts.append(self._steering.machines)
        left = self._seconds_left(self._steering.ledger.num_ended)
        if left is not None:
            parts.append(f"about {_duration(left)} left")
        return " · ".join(parts)

    def _seconds_left(self, num_ended: int) -> float | None:
        """Return the time left at this start's pace, within the time budget; None before the first end."""
        steering = self._steering
        until_deadline = None if steering.deadline is None else max(steering.deadline - time.time(), 0.0)
        num_new = num_ended - self._num_before
        if steering.num_trials is None or num_new == 0:
            return None if until_deadline == float("inf") else until_deadline
        pace = (time.time() - self._started) / num_new
        by_trials = pace * max(steering.num_trials - num_ended, 0)
        return by_trials if until_deadline is None else min(by_trials, until_deadline)


def _score(epoch: EpochReport) -> str:
    """Return an epoch's scores."""
    return f"log-loss {epoch.log_loss:.4f}  accuracy {epoch.accuracy:.4f}"


def _duration(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"

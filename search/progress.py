"""What a search shows while it runs: one calm line an ended trial, and on a terminal a live view below them."""

import sys
import time

from rich.console import Console

from core.live import LiveView, is_ascii, is_live
from core.progress import print_line
from core.store.records import EpochReport, TrialRecord
from search.live.budget import BudgetLines
from search.live.standing import Standing
from search.live.view import StageView
from search.live.vote_so_far import MOST_MEMBERS, VoteSoFar
from search.watch import Watch


class SearchProgress:
    """Shows a steering's state; call `update` after each change, and now and then for the clock's sake."""

    def __init__(self, steering: Watch, console: Console, unit: str = "trials", began: float | None = None) -> None:
        """Watch `steering`, whose trials are called `unit`; `began` is the command's start, now by default."""
        self._steering = steering
        self._console = console
        self._unit = unit
        self._num_shown = steering.ledger.num_ended
        self._num_notices = 0
        plain = is_ascii(console)
        self._budget = BudgetLines(steering, unit, began or time.time(), is_ascii=plain)
        self._view: LiveView | None = None
        self._vote: VoteSoFar | None = None
        if is_live(console):
            self._vote = VoteSoFar(steering.ledger.folder) if unit == "trials" else None
            stage = StageView(self._budget, Standing(steering, unit), self._vote, is_ascii=plain)
            self._view = LiveView(console, stage.lines)

    def __enter__(self) -> "SearchProgress":
        """Begin to show."""
        if self._view is not None:
            self._view.start()
        self.update()
        return self

    def __exit__(self, *exception: object) -> None:
        """Leave the last state on the screen."""
        if self._vote is not None:
            self._vote.close()
        if self._view is None:
            return
        try:
            self._view.show(self._news())
        finally:
            self._view.stop()

    def update(self) -> None:
        """Show the state as it is now; a terminal's four times a second at most, with all that has come together."""
        if self._view is None:
            for line in self._news():
                print_line(self._console, line)
        elif self._view.is_due:
            if self._vote is not None:
                self._vote.look_at([record.trial_id for record in self._steering.ledger.ranked[:MOST_MEMBERS]])
            self._view.show(self._news())

    def _news(self) -> list[str]:
        """Return a line for each notice and each ended trial that has not been told yet."""
        lines = self._steering.notices[self._num_notices :]
        self._num_notices += len(lines)
        ended = self._steering.ledger.ended_after(self._num_shown)
        for record in sorted(ended, key=lambda record: record.number):
            self._num_shown += 1
            self._budget.counts[record.state] += 1
            lines.append(self._line(record))
            if self._console.quiet and record.state == "failed":
                print(f"warning: {record.trial_id} failed: {record.error}", file=sys.stderr)
        return lines

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


def _score(epoch: EpochReport) -> str:
    """Return an epoch's scores."""
    return f"log-loss {epoch.log_loss:.4f}  accuracy {epoch.accuracy:.4f}"

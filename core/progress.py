"""What a training shows while it runs: one calm line an epoch, and on a terminal a live view of its curve below."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from core.gauge import bar, curve, duration
from core.live import Line, LiveView, fitted, is_ascii, is_live, print_lines
from core.store.records import EpochReport, best_of

PLAIN_WIDTH = 120
"""Columns where the output is no terminal (a log, a pipe)."""
TICK_SECONDS = 1.0
"""How often the clock is drawn during an epoch."""


class EpochProgress:
    """Shows epochs as they end."""

    def __init__(self, console: Console, *, num_epochs: int, num_holdout: int, done: Sequence[EpochReport]) -> None:
        self._console = console
        self._num_epochs = num_epochs
        self._num_holdout = num_holdout
        self._epochs = list(done)
        self._num_before = len(done)
        self._began = self._heard = time.monotonic()
        self.view = LiveView(console, self._lines, tick_seconds=TICK_SECONDS) if is_live(console) else None

    def show(self, report: EpochReport) -> None:
        """Show an epoch that has ended."""
        self._epochs.append(report)
        self._heard = time.monotonic()
        width = len(str(self._num_epochs))
        head = f"epoch {report.epoch:{width}}/{self._num_epochs}  loss {report.loss:.4f}"
        line = f"{head}  {self._scores(report)}  rate {report.learning_rate:.1e}  {report.seconds:.1f} s"
        if self.view is None:
            print_line(self._console, line)
        else:
            self.view.show([line])

    @property
    def _num_done(self) -> int:
        """Epochs that have ended, those of earlier starts included."""
        return self._epochs[-1].epoch if self._epochs else 0

    def _scores(self, report: EpochReport) -> str:
        """Return an epoch's scores on the holdout."""
        return f"accuracy {report.accuracy:.4f}  errors {self._num_errors(report)}  log-loss {report.log_loss:.5f}"

    def _num_errors(self, report: EpochReport) -> int:
        """Return how many holdout rows were wrong."""
        return round((1 - report.accuracy) * self._num_holdout)

    def _lines(self, width: int, height: int) -> list[Line]:
        """Return the live lines: how far it is, the best epoch, the curve of the log-loss."""
        lines = [[], self._bar_line(width)] if height > 6 else [self._bar_line(width)]
        best = best_of(self._epochs)
        if best is not None:
            lines += [self._best_line(best, width), self._curve_line(width)]
        return lines[: max(height - 1, 1)]

    def _bar_line(self, width: int) -> Line:
        """Return epochs done and left, time used and left."""
        num_done = self._num_done
        done, rest = bar(num_done / self._num_epochs, 24, is_ascii=is_ascii(self._console))
        left = self._seconds_left()
        line = fitted(
            "epoch",
            [
                (0, (f"{num_done}/{self._num_epochs}", "bold")),
                (3, ("" if len(self._epochs) > self._num_before else "building the model", "dim")),
                (1, ("" if left is None else f"about {duration(left)} left", "bold")),
                (2, (f"{duration(time.monotonic() - self._began)} so far", "")),
            ],
            width,
            reserved=26 if width >= 60 else 0,
        )
        return [*line[:2], ("  ", ""), (done, "green"), (rest, "dim"), *line[2:]] if width >= 60 else line

    def _seconds_left(self) -> float | None:
        """Return the time left by the last epochs of this start; None before the first, and after all."""
        last = [epoch.seconds for epoch in self._epochs[self._num_before :]][-5:]
        if not last or self._num_done == self._num_epochs:
            return None
        by_epochs = sum(last) / len(last) * (self._num_epochs - self._num_done)
        return max(by_epochs - (time.monotonic() - self._heard), 0.0)

    def _best_line(self, best: EpochReport, width: int) -> Line:
        """Return the epoch of least log-loss so far."""
        pieces = [
            (0, (f"log-loss {best.log_loss:.5f}", "green")),
            (2, (f"accuracy {best.accuracy:.4f}", "")),
            (1, (f"errors {self._num_errors(best)} of {self._num_holdout:,}", "")),
            (1, (f"epoch {best.epoch}", "")),
        ]
        return fitted("best", pieces, width)

    def _curve_line(self, width: int) -> Line:
        """Return the log-loss of all epochs as a curve, on a log scale, from the first shown to the last."""
        losses = [epoch.log_loss for epoch in self._epochs]
        letters = curve(losses, max(width - 30, 0), is_ascii=is_ascii(self._console))
        first = losses[-len(letters)] if letters else losses[-1]
        pieces = [(1, (f"{first:.4f}", "dim")), (1, (letters, "cyan")), (0, (f"{losses[-1]:.4f}", ""))]
        return fitted("log-loss", pieces, width)


@contextmanager
def epoch_progress(
    console: Console, *, num_epochs: int, num_holdout: int, done: Sequence[EpochReport] = ()
) -> Iterator[EpochProgress]:
    """Show a training from its first to its last epoch, of which `done` are done already."""
    progress = EpochProgress(console, num_epochs=num_epochs, num_holdout=num_holdout, done=done)
    if progress.view is None:
        yield progress
        return
    progress.view.start()
    try:
        yield progress
    finally:
        progress.view.stop()


def print_line(console: Console, line: str) -> None:
    """Print a line as it is: brackets are no markup, and no path is broken in two."""
    print_lines(console, [line])


def new_console(*, quiet: bool = False) -> Console:
    """Return the console of a command: stdout, at the terminal's width, a log's at 120 columns; quiet, it is silent."""
    is_terminal = sys.stdout.isatty()
    # FORCE_COLOR in a CI's log asks for colours, not for a cursor that moves
    return Console(
        width=None if is_terminal else PLAIN_WIDTH, force_interactive=None if is_terminal else False, quiet=quiet
    )

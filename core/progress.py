"""What a training shows while it runs: a live bar on a terminal, one calm line an epoch elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from core.store.records import EpochReport

PLAIN_WIDTH = 120
"""Columns where the output is no terminal (a log, a pipe)."""


class EpochProgress:
    """Shows epochs as they end."""

    def __init__(self, console: Console, bar: Progress, task: TaskID, *, num_epochs: int, num_holdout: int) -> None:
        self._console = console
        self._bar = bar
        self._task = task
        self._num_epochs = num_epochs
        self._num_holdout = num_holdout

    def show(self, report: EpochReport) -> None:
        """Show an epoch that has ended."""
        num_wrong = round((1 - report.accuracy) * self._num_holdout)
        scores = f"accuracy {report.accuracy:.4f}  errors {num_wrong}  log-loss {report.log_loss:.5f}"
        if not self._console.is_terminal:
            width = len(str(self._num_epochs))
            head = f"epoch {report.epoch:{width}}/{self._num_epochs}  loss {report.loss:.4f}"
            tail = f"rate {report.learning_rate:.1e}  {report.seconds:.1f} s"
            print_line(self._console, f"{head}  {scores}  {tail}")
        self._bar.update(self._task, completed=report.epoch, scores=scores)


@contextmanager
def epoch_progress(
    console: Console, *, num_epochs: int, num_holdout: int, num_done: int = 0
) -> Iterator[EpochProgress]:
    """Draw a bar from the first to the last epoch of a training, of which `num_done` are done already."""
    bar = Progress(
        TextColumn("epoch {task.completed}/{task.total}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[scores]}"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    task = bar.add_task("", total=num_epochs, completed=num_done, scores="building the model")
    with bar:
        yield EpochProgress(console, bar, task, num_epochs=num_epochs, num_holdout=num_holdout)


def print_line(console: Console, line: str) -> None:
    """Print a line as it is: brackets are no markup, and no path is broken in two."""
    console.print(line, soft_wrap=True, markup=False, highlight=False, emoji=False)


def new_console() -> Console:
    """Return the console of a command: stdout, at the terminal's width, a log's at 120 columns."""
    return Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH)

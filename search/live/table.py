"""Rows of trials in columns that fit the terminal: those that run, and the best that have ended."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import set_cell_size

from core.gauge import bar
from core.live import Line
from core.store.records import TrialRecord

STATE_WIDTH = 10
LEAST_WIDTH_OF_ALL = 64
"""Columns from which on bars, states and configurations are shown."""
LEAST_WIDTH_OF_A_CONFIG = 12


@dataclass(frozen=True, kw_only=True)
class Row:
    """One trial, or one configuration of a committee."""

    name: str
    epoch: str
    """Such as 12/60."""
    log_loss: float | None
    """None before the first epoch, and where none is scored."""
    accuracy: float | None
    config: str
    state: str = ""
    share: float | None = None
    """Of its epochs that are done, shown as a bar in place of a state."""


def running_row(record: TrialRecord, config: str, *, is_scored: bool = True) -> Row:
    """Return a running trial as its last epoch left it."""
    last = record.epochs[-1] if record.epochs else None
    num_done, total = len(record.epochs), int(record.config.get("train", {}).get("epochs", 0))
    return Row(
        name=record.trial_id,
        epoch=f"{num_done}/{total or '?'}",
        log_loss=last.log_loss if last and is_scored else None,
        accuracy=last.accuracy if last and is_scored else None,
        config=config,
        share=num_done / total if total else 0.0,
    )


def ended_row(record: TrialRecord, config: str) -> Row:
    """Return an ended trial as its best epoch left it."""
    best = record.best
    assert best is not None, "ranked records have epochs"
    return Row(
        name=record.trial_id,
        epoch=f"{best.epoch}/{len(record.epochs)}",
        log_loss=best.log_loss,
        accuracy=best.accuracy,
        config=config,
        state=record.state,
    )


class Table:
    """Lays rows of several tables out in the same columns."""

    def __init__(self, rows: Sequence[Row], width: int, *, is_ascii: bool) -> None:
        """Take the columns' widths from all `rows`."""
        self._width = width
        self._is_ascii = is_ascii
        self._name = max([9, *(len(row.name) for row in rows)]) + 1
        self._epoch = max([5, *(len(row.epoch) for row in rows)])
        self._has_all = width >= LEAST_WIDTH_OF_ALL

    def header(self, title: str, epoch: str = "epoch") -> Line:
        """Return the line above a table."""
        return self._line((title, "bold"), epoch, [("", "")], "log-loss", "accuracy", "config", style="dim")

    def line(self, row: Row) -> Line:
        """Return a row."""
        if row.share is None:
            state = [(row.state, "green" if row.state == "complete" else "yellow")]
        else:
            done, left = bar(row.share, STATE_WIDTH, is_ascii=self._is_ascii)
            state = [(done, "cyan"), (left, "dim")]
        log_loss = "-" if row.log_loss is None else f"{row.log_loss:.4f}"
        accuracy = "-" if row.accuracy is None else f"{row.accuracy:.4f}"
        return self._line((row.name, ""), row.epoch, state, log_loss, accuracy, row.config)

    def _line(
        self,
        name: tuple[str, str],
        epoch: str,
        state: list[tuple[str, str]],
        log_loss: str,
        accuracy: str,
        config: str,
        style: str = "",
    ) -> Line:
        """Return cells in columns, as many as there is room for."""
        line = [(f"{name[0]:<{self._name}}", name[1]), (f"{epoch:>{self._epoch}}", style)]
        if self._has_all:
            used = sum(len(text) for text, _ in state)
            line += [("  ", ""), *state, (" " * (STATE_WIDTH - used), "")]
        line.append((f"  {log_loss:>8}", style or "bold"))
        if self._width - sum(len(text) for text, _ in line) >= 10:
            line.append((f"  {accuracy:>8}", style))
        room = self._width - sum(len(text) for text, _ in line) - 2
        if self._has_all and room >= LEAST_WIDTH_OF_A_CONFIG:
            line.append((f"  {_cut(config, room, is_ascii=self._is_ascii)}", "dim"))
        return line


def _cut(text: str, width: int, *, is_ascii: bool) -> str:
    """Return a text, its end cut off where it is too wide."""
    if len(text) <= width and text.isascii():
        return text
    dots = "..." if is_ascii else "…"
    cut = set_cell_size(text, width).rstrip()
    return cut if cut == text else set_cell_size(text, width - len(dots)) + dots

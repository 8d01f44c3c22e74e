"""Every trial's learning curve, with the rungs and where it was pruned."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from core.html.blocks import prose
from core.html.figure import BLUE, GREY, figure
from core.html.page import Section
from core.html.ticks import log_axis
from core.store.records import TrialRecord
from search.page.kinds import COMPLETE, CUT, FAILED, PRUNED, RUNNING, Kind, by_kind, kind_of
from search.page.layout import BEST_LINE_WIDTH, LEGEND, MOST_SINGLE_TICKS, axis
from search.page.records import SearchRecords
from search.page.thin import drawn_of
from search.page.words import plural

MOST_DRAWN = 200
LOG_FROM_EPOCHS = 20
"""Longer trainings have their epochs on a log scale, on which rungs are as far from each other."""
EDGE = 0.03
"""Free on both sides of the epochs, as a share of them."""


def curves_section(found: SearchRecords) -> Section:
    """Return the section; without a figure where no trial has an epoch."""
    title, anchor = "Learning curves", "curves"
    with_epochs = [record for record in found.trials if record.epochs]
    if not with_epochs:
        return Section(anchor=anchor, title=title, body=prose("No trial has an epoch."))
    drawn = drawn_of(with_epochs, MOST_DRAWN)
    best = found.ranked[0] if found.ranked else None
    plot = go.Figure()
    for kind, records in by_kind(record for record in drawn.records if best is None or record is not best):
        plot.add_trace(_lines(kind, records))
    if best is not None:
        plot.add_trace(_line_of_best(best))
    for rung in found.rungs:
        plot.add_vline(x=rung, line={"color": GREY, "dash": "dot", "width": 1})
    losses = [epoch.log_loss for record in drawn.records for epoch in record.epochs]
    plot.update_layout(
        xaxis=_axis_of_epochs(max(found.epochs, *(len(record.epochs) for record in with_epochs))),
        yaxis=log_axis(losses, "holdout log-loss"),
        legend=LEGEND,
    )
    body = figure(plot, alt=_alt(found, with_epochs, best), height=440)
    return Section(anchor=anchor, title=title, lead=_lead(found), body=body + drawn.note)


def _axis_of_epochs(most: int) -> dict[str, Any]:
    """Return an axis of whole numbers from 1, of one epoch as well."""
    if most >= LOG_FROM_EPOCHS:
        return log_axis([1, most], "epoch")
    edge = 0.2 + EDGE * most
    return axis("epoch", range=[1 - edge, most + edge], dtick=1 if most <= MOST_SINGLE_TICKS else None)


def curve_lines(records: Sequence[TrialRecord]) -> tuple[list[int | None], list[float | None], list[str]]:
    """Return the curves of several trials as one line with gaps, and what is said of each point."""
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for record in records:
        for epoch in record.epochs:
            x.append(epoch.epoch)
            y.append(epoch.log_loss)
            text.append(record.trial_id)
        x.append(None)
        y.append(None)
        text.append("")
    return x, y, text


def _lines(kind: Kind, records: Sequence[TrialRecord]) -> go.Scatter:
    """Return the curves of one kind; what was stopped early has its mark at its end."""
    x, y, text = curve_lines(records)
    ends = [after is None and here is not None for here, after in zip(x, [*x[1:], None], strict=True)]
    return go.Scatter(
        x=x, y=y, text=text, name=kind.word, mode="lines+markers", opacity=0.75,
        hovertemplate="%{text}, epoch %{x}: %{y:.4f}<extra></extra>",
        line={"color": kind.colour, "width": 1.2},
        marker={
            "color": kind.colour, "symbol": kind.symbol, "size": [8 if end else 0 for end in ends],
            "line": {"color": kind.colour, "width": 2},
        },
    )  # fmt: skip


def _line_of_best(best: TrialRecord) -> go.Scatter:
    """Return the best trial's curve, thick."""
    epochs = best.epochs
    return go.Scatter(
        x=[epoch.epoch for epoch in epochs], y=[epoch.log_loss for epoch in epochs],
        name=f"best: {best.trial_id}", mode="lines+markers", line={"color": BLUE, "width": BEST_LINE_WIDTH + 1},
        marker={"color": BLUE, "size": [0] * (len(epochs) - 1) + [9]},
        hovertemplate=f"{best.trial_id}, epoch %{{x}}: %{{y:.4f}}<extra></extra>",
    )  # fmt: skip


def _lead(found: SearchRecords) -> str:
    """Return how to read the curves."""
    text = "A line is a trial's holdout log-loss after each epoch (log scale); a mark shows where it ended."
    if found.rungs:
        rungs = _listed(found.rungs)
        text += (
            f" Dotted lines are the rungs, after epoch {rungs}: there a trial goes on if it is among the best quarter "
            "of those that came so far, or the best of the first few."
        )
    return text


def _alt(found: SearchRecords, records: Sequence[TrialRecord], best: TrialRecord | None) -> str:
    """Return the figure in words."""
    words = [f"Learning curves of {plural(len(records), 'trial')}"]
    if best is not None and best.best is not None:
        words.append(f"the best, {best.trial_id}, from {best.epochs[0].log_loss:.4f} to {best.best.log_loss:.4f}")
    for kind in (COMPLETE, PRUNED, CUT, FAILED, RUNNING):
        lengths = [len(record.epochs) for record in records if kind_of(record) is kind]
        if lengths:
            words.append(f"{len(lengths):,} {kind.word} after {_between(lengths)}")
    return "; ".join(words) + "."


def _between(lengths: Sequence[int]) -> str:
    """Return such as `1 to 10 epochs`."""
    least, most = min(lengths), max(lengths)
    return plural(most, "epoch") if least == most else f"{least} to {most} epochs"


def _listed(numbers: Sequence[int]) -> str:
    """Return such as `1, 4 and 16`."""
    words = [str(each) for each in numbers]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"

"""How the best came to be: each trial's score and the best so far, over trials and over time."""

from collections.abc import Callable, Sequence
from typing import Any

import plotly.graph_objects as go

from core.html.blocks import prose, row
from core.html.figure import GREY, figure
from core.html.page import Section
from core.html.ticks import log_axis
from core.store.records import TrialRecord
from search.page.kinds import by_kind
from search.page.layout import BEST_LINE_WIDTH, LEGEND, MOST_SINGLE_TICKS, axis, dots
from search.page.records import SearchRecords, is_scored
from search.page.thin import drawn_of
from search.page.words import number, unit_of

PlaceOf = Callable[[TrialRecord], float]
MOST_DRAWN = 800
HEADROOM = 1.25
"""Failed trials have no score: they stand so many times above the worst one."""
EDGE = 0.03
"""Free on both sides of the numbers, as a share of them."""


def best_section(found: SearchRecords) -> Section:
    """Return the section; without a figure where no trial has a score."""
    title, anchor = "How the best came to be", "best"
    if not found.ranked:
        return Section(anchor=anchor, title=title, body=prose("No trial has a score."))
    drawn = drawn_of(found.trials, MOST_DRAWN)
    began = min(record.started for record in found.trials)
    unit, seconds = unit_of(max(record.ended or record.started for record in found.trials) - began)

    def place_in_time(record: TrialRecord) -> float:
        return ((record.ended or record.started) - began) / seconds

    by_number = _steps(found.trials, lambda record: record.number)
    by_time = _steps(found.trials, place_in_time)
    body = row(
        figure(
            _plot(drawn.records, by_number, lambda record: record.number, _axis_of_numbers(found.trials)),
            alt=f"Best log-loss of each trial by its number, and so far: {_changes(by_number, 'trial {:.0f}')}.",
            caption="Over trials, in the order in which they began.",
        ),
        figure(
            _plot(drawn.records, by_time, place_in_time, axis(unit, rangemode="tozero")),
            alt=f"The same by the time of its end: {_changes(by_time, '{:.3g} ' + unit)}.",
            caption="Over time: each trial stands where it ended.",
        ),
    )
    lead = (
        "A mark is a trial's best holdout log-loss (less is better; log scale), the line the best so far. Pruned "
        "trials stand at what they had when they were stopped; failed ones, which have none, at the upper edge."
    )
    return Section(anchor=anchor, title=title, lead=lead, body=body + drawn.note)


def _axis_of_numbers(records: Sequence[TrialRecord]) -> dict[str, Any]:
    """Return an axis of whole numbers, of one trial as well."""
    last = max(record.number for record in records)
    edge = 0.5 + EDGE * last
    return axis("trial", range=[-edge, last + edge], dtick=1 if last <= MOST_SINGLE_TICKS else None)


def _plot(
    records: Sequence[TrialRecord], steps: list[tuple[float, float]], place_of: PlaceOf, x_axis: dict[str, Any]
) -> go.Figure:
    """Return marks of the trials and the line of the best so far."""
    plot = go.Figure()
    ended = [record for record in records if record.has_ended]
    losses = [record.best.log_loss for record in ended if is_scored(record) and record.best]
    worst, drawn = max(losses, default=1.0), []
    for kind, of_kind in by_kind(ended):
        heights = [
            record.best.log_loss if is_scored(record) and record.best else worst * HEADROOM for record in of_kind
        ]
        drawn += heights
        plot.add_trace(dots(kind, [place_of(record) for record in of_kind], heights, [_hover(r) for r in of_kind]))
    end = max((place_of(record) for record in ended), default=0.0)
    x, y = zip(*steps, (end, steps[-1][1]), strict=True)
    line = {"color": GREY, "width": BEST_LINE_WIDTH, "shape": "hv"}
    plot.add_trace(go.Scatter(x=x, y=y, mode="lines", name="best so far", line=line, hoverinfo="skip"))
    return plot.update_layout(xaxis=x_axis, yaxis=log_axis(drawn, "log-loss"), legend=LEGEND)


def _steps(records: Sequence[TrialRecord], place_of: PlaceOf) -> list[tuple[float, float]]:
    """Return where the best so far became better, and what it was then."""
    steps: list[tuple[float, float]] = []
    for record in sorted(records, key=place_of):
        best = record.best
        if is_scored(record) and best is not None and (not steps or best.log_loss < steps[-1][1]):
            steps.append((float(place_of(record)), best.log_loss))
    return steps


def _changes(steps: list[tuple[float, float]], where: str) -> str:
    """Return the last few improvements in words."""
    return ", ".join(f"{number(value)} at {where.format(place)}" for place, value in steps[-4:])


def _hover(record: TrialRecord) -> str:
    """Return what is said of a mark."""
    best = record.best
    if not is_scored(record) or best is None:
        return f"{record.trial_id} failed after {len(record.epochs)} epochs"
    return (
        f"{record.trial_id}: log-loss {best.log_loss:.4f}, accuracy {best.accuracy:.4f}<br>"
        f"best epoch {best.epoch} of {len(record.epochs)}"
    )

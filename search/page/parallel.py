"""Parallel coordinates: a line a trial through the values of its knobs, to see what the best have in common."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from core.html.figure import BLUE, GREEN, GREY, YELLOW, figure, label
from core.html.page import Section
from core.store.records import TrialRecord
from search.page.knobs import Knob, knobs_of
from search.page.layout import LEGEND
from search.page.records import SearchRecords
from search.page.thin import drawn_of
from search.page.words import number, plural

MOST_DRAWN = 150
MOST_AXES = 10
PIXELS_AN_AXIS = 92
"""At least: a phone scrolls within the figure."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """Trials of similar rank, drawn alike."""

    name: str
    share: float
    """Up to which rank among all, as a share."""
    colour: str
    width: float
    opacity: float


BANDS = (
    Band(name="best tenth", share=0.1, colour=GREEN, width=2.6, opacity=1.0),
    Band(name="to the best quarter", share=0.25, colour=BLUE, width=1.8, opacity=0.9),
    Band(name="to the best half", share=0.5, colour=YELLOW, width=1.2, opacity=0.7),
    Band(name="others", share=1.0, colour=GREY, width=0.9, opacity=0.4),
)


def parallel_section(found: SearchRecords, important: Sequence[str]) -> Section | None:
    """Return the section, None where no scored trial has knobs that vary.

    Args:
        found: the study.
        important: knobs, most important first; empty where that is not known.
    """
    ranked = [record for record in found.ranked if record.params]
    knobs = _chosen(ranked, important)
    if not knobs:
        return None
    drawn = drawn_of(ranked, MOST_DRAWN)
    ranks = {record.number: rank for rank, record in enumerate(ranked)}
    plot = go.Figure()
    banded = _banded(drawn.records, ranks)
    for band, records in reversed(banded):  # the best above all others
        plot.add_trace(_lines(band, records, knobs))
    _write_axes(plot, knobs)
    told = "; ".join(f"{band.name} {_range(records)}" for band, records in banded)
    of_all = f"{len(knobs)} of {plural(len(knobs_of(ranked)), 'knob')}"
    chosen = "the most important ones" if important else "those that most trials have"
    body = figure(
        plot,
        alt=f"Lines of {plural(len(drawn.records), 'trial')} through {plural(len(knobs), 'knob')}; log-losses: {told}.",
        caption=f"{of_all}, {chosen}; a gap is a knob that a trial has not.",
        height=430,
        least_width=PIXELS_AN_AXIS * len(knobs),
    )
    lead = "A line is a trial, coloured by its rank in log-loss. Where the thick lines meet, the best trials agree."
    return Section(anchor="parallel", title="What the best have in common", lead=lead, body=body + drawn.note)


def _chosen(records: Sequence[TrialRecord], important: Sequence[str]) -> list[Knob]:
    """Return the knobs that get an axis: those that vary, by importance or by how many trials have them."""
    knobs = [knob for knob in knobs_of(records) if len(knob.choices) > 1 or knob.high > knob.low]
    if important:
        order = {name: place for place, name in enumerate(important)}
        knobs.sort(key=lambda knob: order.get(knob.name, len(order)))
    else:
        knobs.sort(key=lambda knob: -sum(knob.name in record.params for record in records))
    return knobs[:MOST_AXES]


def _banded(records: Sequence[TrialRecord], ranks: dict[int, int]) -> list[tuple[Band, list[TrialRecord]]]:
    """Return the records of each band that has any; the very best is always in the first."""
    last = max(len(ranks) - 1, 1)
    found: dict[str, list[TrialRecord]] = {}
    for record in sorted(records, key=lambda record: ranks[record.number]):
        band = next(band for band in BANDS if ranks[record.number] / last <= band.share)
        found.setdefault(band.name, []).append(record)
    return [(band, found[band.name]) for band in BANDS if band.name in found]


def _lines(band: Band, records: Sequence[TrialRecord], knobs: Sequence[Knob]) -> go.Scatter:
    """Return the lines of a band as one with gaps."""
    x: list[int | None] = []
    y: list[float | None] = []
    text: list[str] = []
    for record in records:
        assert record.best is not None, "ranked trials have epochs"
        for place, knob in enumerate(knobs):
            value = record.params.get(knob.name)
            x.append(place)
            y.append(knob.place(value) if knob.name in record.params else None)
            text.append(
                f"{record.trial_id}, log-loss {record.best.log_loss:.4f}<br>{label(knob.name)} {label(number(value))}"
            )
        x.append(None)
        y.append(None)
        text.append("")
    return go.Scatter(
        x=x, y=y, text=text, mode="lines+markers", name=f"{band.name}: {_range(records)}", opacity=band.opacity,
        line={"color": band.colour, "width": band.width}, marker={"color": band.colour, "size": 4},
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip


def _range(records: Sequence[TrialRecord]) -> str:
    """Return the log-losses of some trials."""
    losses = [record.best.log_loss for record in records if record.best is not None]
    least, most = f"{min(losses):.3g}", f"{max(losses):.3g}"
    return least if least == most else f"{least} to {most}"


def _write_axes(plot: go.Figure, knobs: Sequence[Knob]) -> None:
    """Draw an upright axis a knob with its values beside it, and its name below."""
    upright = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1}}
    beside = {"showarrow": False, "xanchor": "left", "xshift": 4, "yshift": 7, "font": {"size": 11}}
    plot.update_layout(
        shapes=[upright | {"x0": place, "x1": place} for place in range(len(knobs))],
        annotations=[
            beside | {"x": place, "y": height, "text": label(text)}
            for place, knob in enumerate(knobs)
            for height, text in knob.ticks
        ],
        xaxis={
            "tickvals": list(range(len(knobs))),
            "ticktext": [label(knob.name).replace("_", "<br>", 1) for knob in knobs],
            "range": [-0.2, len(knobs) - 0.3], "showgrid": False, "zeroline": False, "tickangle": 0,
        },
        yaxis={"visible": False, "range": [-0.06, 1.08]},
        legend=LEGEND | {"traceorder": "reversed"},
    )  # fmt: skip

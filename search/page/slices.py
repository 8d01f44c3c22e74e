"""Slices: log-loss against each knob by itself."""

import math
from collections.abc import Sequence

import plotly.graph_objects as go
from markupsafe import Markup

from core.html.figure import figure, label
from core.html.images import gallery
from core.html.page import Section
from core.html.ticks import log_axis
from core.store.records import TrialRecord
from search.page.kinds import by_kind
from search.page.knobs import GROUPS, Knob, knobs_of
from search.page.records import SearchRecords
from search.page.thin import drawn_of
from search.page.words import number, plural

MOST_DRAWN = 250
LEAST_WIDTH = 165
"""CSS pixels of a figure: two side by side on a phone, six on a laptop."""
MARGIN = {"l": 30, "r": 14, "t": 5, "b": 20}
JITTER = 0.25
"""Trials of one choice stand side by side over this share of the way to the next one."""
GOLDEN = 0.618034
"""Multiples of it, whole parts left out, spread evenly."""
EDGE = 0.05
"""Free on both sides of a knob's range, as a share of it."""
FEW = 6
"""Whole numbers that are all written."""


def slices_section(found: SearchRecords) -> Section | None:
    """Return the section, None where no scored trial has knobs."""
    ranked = [record for record in found.ranked if record.params]
    knobs = knobs_of(ranked)
    if not knobs:
        return None
    drawn = drawn_of(sorted(ranked, key=lambda record: record.number), MOST_DRAWN)
    parts = []
    for group in GROUPS:
        of_group = [knob for knob in knobs if knob.group == group]
        if of_group:
            tiles = [_slice(knob, drawn.records) for knob in of_group]
            parts.append(Markup("<h3>{}</h3>").format(group))
            parts.append(gallery(tiles, label=f"{group}: {plural(len(tiles), 'knob')}", least_width=LEAST_WIDTH))
    parts.append(drawn.note)
    lead = (
        "Best holdout log-loss (log scale) against each knob by itself, over the trials that have it: green circles "
        "are complete trials, orange crosses pruned ones, which had fewer epochs to become good, violet triangles what "
        "the budget cut."
    )
    return Section(anchor="slices", title="Knob by knob", lead=lead, body=Markup("").join(parts))


def _slice(knob: Knob, records: Sequence[TrialRecord]) -> Markup:
    """Return one knob's figure."""
    with_knob = [record for record in records if knob.name in record.params]
    losses = [record.best.log_loss for record in with_knob if record.best is not None]
    plot = go.Figure()
    for kind, of_kind in by_kind(with_knob):
        plot.add_trace(
            go.Scatter(
                x=[_place(knob, record) for record in of_kind],
                y=[record.best.log_loss for record in of_kind if record.best is not None],
                text=[f"{record.trial_id}: {label(number(record.params[knob.name]))}" for record in of_kind],
                mode="markers", showlegend=False, opacity=0.8,
                marker={
                    "color": kind.colour, "symbol": kind.symbol, "size": 6,
                    "line": {"color": kind.colour, "width": 1.5},
                },
                hovertemplate="%{text}, log-loss %{y:.4f}<extra></extra>",
            )
        )  # fmt: skip
    plot.update_layout(xaxis=_axis(knob), yaxis=log_axis(losses, most_ticks=5), margin=MARGIN, font={"size": 11})
    name = Markup("<strong>{}</strong>").format(knob.name)
    return name + figure(plot, alt=_alt(knob, with_knob), height=160)


def _place(knob: Knob, record: TrialRecord) -> float:
    """Return where a trial stands: at its value, or about the place of its choice."""
    value = record.params[knob.name]
    if not knob.choices:
        return float(value)
    return knob.choices.index(value) + JITTER * (record.number * GOLDEN % 1 - 0.5) * 2


def _axis(knob: Knob) -> dict[str, object]:
    """Return the knob's axis, all of its range."""
    if knob.choices:
        texts = [label(number(choice)) for choice in knob.choices]
        return {"tickvals": list(range(len(texts))), "ticktext": texts, "range": [-0.5, len(texts) - 0.5]}
    low, high = (math.log10(knob.low), math.log10(knob.high)) if knob.is_log else (knob.low, knob.high)
    edge = EDGE * (high - low) or EDGE
    whole_range: dict[str, object] = {"range": [low - edge, high + edge]}
    if knob.is_log:
        return log_axis([knob.low, knob.high], most_ticks=3, least_ticks=2) | whole_range
    is_short = knob.is_whole and knob.high - knob.low < FEW
    return whole_range | ({"dtick": 1} if is_short else {"nticks": 4})


def _alt(knob: Knob, records: Sequence[TrialRecord]) -> str:
    """Return the figure in words: what the best and the worst trial have."""
    scored = sorted(
        ((record.best.log_loss, record.params[knob.name]) for record in records if record.best is not None),
        key=lambda pair: pair[0],
    )
    if not scored:
        return f"{knob.name}: no trial drawn has it"
    (best, at_best), (worst, at_worst) = scored[0], scored[-1]
    return (
        f"Log-loss of {plural(len(scored), 'trial')} against {knob.name}: least {best:.4f} at {number(at_best)}, "
        f"most {worst:.4f} at {number(at_worst)}"
    )

"""How many trials ran over time, where there are too many to draw each."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from core.html.figure import figure
from search.page.kinds import COMMITTEE, KINDS, kind_of
from search.page.lanes import Stretch
from search.page.layout import LEGEND, axis
from search.page.words import duration, plural, unit_of

NUM_SLICES = 120


def busy_figure(stretches: Sequence[Stretch]) -> Markup:
    """Return the mean number of trials at once in each of many equal parts of the time, stacked by kind."""
    began, ended = min(each.start for each in stretches), max(each.end for each in stretches)
    edges = np.linspace(began, max(ended, began + 1e-9), NUM_SLICES + 1)
    unit, seconds = unit_of(ended - began)
    middles = ((edges[:-1] + edges[1:]) / 2 - began) / seconds
    plot = go.Figure()
    total = np.zeros(NUM_SLICES)
    for kind in (*KINDS, COMMITTEE):
        of_kind = [each for each in stretches if _word(each) == kind.word]
        if of_kind:
            level = trials_at_once(of_kind, edges)
            total += level
            plot.add_trace(
                go.Bar(
                    x=middles.tolist(), y=np.round(level, 3).tolist(), name=kind.word,
                    marker={"color": kind.colour, "line": {"width": 0}},
                    hovertemplate=f"%{{y:.2f}} {kind.word}<extra></extra>",
                )
            )  # fmt: skip
    plot.update_layout(xaxis=axis(unit), yaxis=axis("trials at once"), barmode="stack", bargap=0, legend=LEGEND)
    return figure(
        plot,
        alt=(
            f"{plural(len(stretches), 'trial')} over time: {total.mean():.1f} at once on average, {total.max():.1f} at "
            "most."
        ),
        caption=(
            f"{plural(len(stretches), 'trial')} are too many to draw each: the mean number at once in each "
            f"{duration((ended - began) / NUM_SLICES)}, by how they ended."
        ),
    )


def trials_at_once(
    stretches: Sequence[Stretch],
    edges: np.ndarray,  # (num_slices + 1,) seconds, ascending
) -> np.ndarray:
    """Return the mean number of trials in each slice of time, (num_slices,) float."""
    starts, ends = (np.array([getattr(each, name) for each in stretches]) for name in ("start", "end"))
    done = [np.minimum(np.maximum(edge - starts, 0.0), ends - starts).sum() for edge in edges]
    return np.diff(done) / np.diff(edges)


def _word(each: Stretch) -> str:
    """Return the kind of a trial or training."""
    return COMMITTEE.word if "-" in each.record.trial_id else kind_of(each.record).word

"""How many rows of each class there are to train on and to score on: an uneven holdout biases scores."""

import math

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import fold, table
from core.html.figure import BLUE, GREY, ORANGE, figure, label
from core.html.page import Section
from core.html.words import percent, significant
from ensemble.page.evidence import Evidence

SIGNIFICANCE = 0.05
LEAST_EXPECTED = 5
"""Rows of a class below which the test is rough (Cochran's rule)."""


def shares_section(evidence: Evidence) -> Section:
    """Return the counts of each class as shares of train and holdout, side by side."""
    groups = _groups(evidence)
    train, holdout = groups[0][1], groups[1][1]
    columns = ["class", *(f"{name}{what}" for name, _ in groups for what in (", rows", ", share"))]
    rows = [
        (name, *(cell for _, counts in groups for cell in _cells(counts, place)))
        for place, name in enumerate(evidence.classes)
    ]
    caption = "Rows of each class" + (", and of the test rows as the vote has it" if len(groups) > 2 else "")
    shown = table(columns, rows, caption=caption, numeric=range(1, len(columns)))
    body = _figure(evidence, groups) + (fold("The numbers", shown) if len(rows) > 4 else shown)
    return Section(anchor="data", title="The data", body=body, lead=evenness_in_words(train, holdout))


def evenness_in_words(
    train: np.ndarray,  # (num_classes,) int rows of each class
    holdout: np.ndarray,  # (num_classes,) int
) -> str:
    """Return whether train and holdout differ in their classes by more than chance, by a chi-square test."""
    start = f"{int(train.sum()):,} rows train, {int(holdout.sum()):,} are held out. "
    tables = np.stack([train, holdout])[:, (train + holdout) > 0]
    if tables.shape[1] < 2 or not tables.sum(axis=1).all():
        return f"{start}There are no two classes in both to be compared."
    expected = tables.sum(axis=1)[:, None] * tables.sum(axis=0) / tables.sum()
    statistic, freedom = float(((tables - expected) ** 2 / expected).sum()), tables.shape[1] - 1
    p_value = chi_square_tail(statistic, freedom)
    if p_value < SIGNIFICANCE:
        verdict = (
            "The holdout's mix of classes differs from the others' by more than chance: its scores are of that mix"
        )
    elif p_value > 1 - SIGNIFICANCE:
        verdict = "The holdout's mix of classes is that of the others, closer than chance alone would deal it"
    else:
        verdict = "The holdout's mix of classes differs from the others' by no more than chance"
    rough = "; a class has so few rows that this is rough" if expected.min() < LEAST_EXPECTED else ""
    return f"{start}{verdict} (chi-square {statistic:.1f}, {freedom} degrees of freedom, p {_sign(p_value)}{rough})."


def chi_square_tail(statistic: float, freedom: int) -> float:
    """Return the probability of a chi-square value of this or more.

    Wilson and Hilferty's approximation, The distribution of chi-square (1931): right to 0.01 from one degree of
    freedom on.
    """
    spread = 2 / (9 * freedom)
    deviate = ((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return 0.5 * math.erfc(deviate / math.sqrt(2))


def _sign(p_value: float) -> str:
    """Return a p-value with its sign of comparison."""
    words = significant(p_value)
    return words if words.startswith("below") else f"= {words}"


def _groups(evidence: Evidence) -> list[tuple[str, np.ndarray]]:
    """Return the rows of each class in train, holdout and, as the vote has it, test."""
    data, result = evidence.data, evidence.result
    num_classes, is_held_out = len(data.class_names), np.zeros(len(data.labels), dtype=bool)
    is_held_out[data.holdout_rows] = True
    groups = [("train", data.labels[~is_held_out]), ("holdout", data.labels[is_held_out])]
    if result.num_test:
        groups.append(("test, as voted", result.test_softmax.argmax(axis=1)))
    return [(name, np.bincount(classes, minlength=num_classes)) for name, classes in groups]


def _cells(counts: np.ndarray, place: int) -> tuple[str, str]:
    """Return a class's count and share."""
    return f"{counts[place]:,}", percent(float(counts[place]) / max(1, int(counts.sum())), 2)


def _figure(evidence: Evidence, groups: list[tuple[str, np.ndarray]]) -> Markup:
    """Return the shares as bars."""
    places = np.arange(len(evidence.classes))
    bars = [
        go.Bar(
            x=places,
            y=counts / max(1, int(counts.sum())),
            name=f"{name} ({int(counts.sum()):,})",
            marker={"color": colour},
            hovertemplate="%{y:.2%}<extra></extra>",
        )
        for (name, counts), colour in zip(groups, (BLUE, ORANGE, GREY), strict=False)
    ]
    ticks = {"tickvals": places, "ticktext": [label(name) for name in evidence.classes]}
    layout = {
        "xaxis": {**ticks, "title": {"text": "class"}},
        "yaxis": {"tickformat": ".0%" if len(places) < 20 else ".1%"},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    }
    train, holdout = (counts / max(1, int(counts.sum())) for _, counts in groups[:2])
    widest = int(abs(train - holdout).argmax())
    alt = (
        f"Shares of {len(places)} classes in train and holdout: furthest apart in class {evidence.classes[widest]}, "
        f"{percent(float(train[widest]), 2)} and {percent(float(holdout[widest]), 2)}."
    )
    plot = go.Figure(bars, layout)
    return figure(plot, alt=alt, caption="Share of the rows of each class", least_width=min(1500, 24 * len(places)))

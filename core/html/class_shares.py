"""How many rows of each class there are to train on and to score on: an uneven holdout biases scores."""

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from core.html.blocks import fold, table
from core.html.figure import BLUE, GREY, LEGEND_ABOVE, ORANGE, figure, label
from core.html.page import Section
from core.html.words import LONGEST_AT_AN_AXIS, counted, names_in_short, percent, significant

SIGNIFICANCE = 0.05
LEAST_EXPECTED = 5
"""Rows of a class below which the test is rough (Cochran's rule)."""
MOST_DRAWN = 60
"""Classes with bars; of more only those whose shares are furthest apart."""
MOST_LISTED = 1000
MOST_OPEN = 4
"""Classes up to which the table is not folded away."""
BAR_WIDTH = 24
"""CSS pixels of a class at least, where there are many."""

Part = tuple[str, np.ndarray]
"""What some rows are called, and how many of each class there are, (num_classes,) int."""


def class_shares_section(parts: Sequence[Part], class_names: Sequence[str], *, num_left_out: int = 0) -> Section:
    """Return the counts of each class as shares of each part, side by side.

    Args:
        parts: train first, then holdout, then what else there is.
        class_names: in any length.
        num_left_out: labelled rows in neither train nor holdout.
    """
    shown = _furthest_apart(parts, MOST_DRAWN)
    listed = _table(parts, names_in_short(class_names))
    body = _figure(parts, shown, class_names)
    body += listed if len(class_names) <= MOST_OPEN else fold("The numbers", listed)
    lead = evenness_in_words(parts[0][1], parts[1][1])
    if num_left_out:
        lead += f" Left out of both, being the same image as a held out one: {counted(num_left_out, 'row')}."
    return Section(anchor="data", title="The data", body=body, lead=lead)


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


def _shares(counts: np.ndarray) -> np.ndarray:
    """Return counts as shares of all, (num_classes,) float."""
    return np.asarray(counts / max(1, int(counts.sum())))


def _furthest_apart(parts: Sequence[Part], most: int) -> np.ndarray:
    """Return at most so many classes, ascending: all, or those whose shares of train and holdout differ most."""
    apart = abs(_shares(parts[0][1]) - _shares(parts[1][1]))
    return np.sort(np.argsort(-apart, kind="stable")[:most])


def _figure(parts: Sequence[Part], shown: np.ndarray, class_names: Sequence[str]) -> Markup:
    """Return the shares of some classes as bars."""
    import plotly.graph_objects as go

    num, places = len(class_names), np.arange(len(shown))
    bars = [
        go.Bar(
            x=places, y=_shares(counts)[shown], customdata=counts[shown], name=f"{name} ({int(counts.sum()):,})",
            marker={"color": colour}, hovertemplate="%{customdata:,} rows, %{y:.2%}<extra></extra>",
        )
        for (name, counts), colour in zip(parts, (ORANGE, BLUE, GREY), strict=False)
    ]  # fmt: skip
    all_names = names_in_short(class_names, longest=LONGEST_AT_AN_AXIS)
    names = [all_names[place] for place in shown]
    layout = {
        "xaxis": {"tickvals": places, "ticktext": [label(name) for name in names], "title": {"text": "class"}},
        "yaxis": {"tickformat": ".0%" if num < 20 else ".1%"},
        "legend": LEGEND_ABOVE,
    }
    train, holdout = (_shares(counts) for _, counts in parts[:2])
    widest = int(abs(train - holdout).argmax())
    alt = (
        f"Shares of {num:,} classes in train and holdout: furthest apart in class "
        f"{names_in_short(class_names)[widest]}, {percent(float(train[widest]), 2)} and "
        f"{percent(float(holdout[widest]), 2)}."
    )
    left_out = f"; the {len(shown)} furthest apart of {num:,}" if len(shown) < num else ""
    caption = f"Share of the rows of each class{left_out}"
    return figure(go.Figure(bars, layout), alt=alt, caption=caption, least_width=_width(len(shown)))


def _width(num_shown: int) -> int:
    """Return the pixels that the bars need."""
    return BAR_WIDTH * num_shown if num_shown > 12 else 0


def _table(parts: Sequence[Part], names: list[str]) -> Markup:
    """Return the counts and shares, of very many classes those furthest apart."""
    columns = ["class", *(f"{name}{what}" for name, _ in parts for what in (", rows", ", share"))]
    listed = _furthest_apart(parts, MOST_LISTED)
    rows = [(names[place], *(cell for _, counts in parts for cell in _cells(counts, place))) for place in listed]
    caption = "Rows of each class" + (f"; the {len(rows):,} furthest apart" if len(rows) < len(names) else "")
    return table(columns, rows, caption=caption, numeric=range(1, len(columns)))


def _cells(counts: np.ndarray, place: int) -> tuple[str, str]:
    """Return a class's count and share."""
    return f"{counts[place]:,}", percent(float(counts[place]) / max(1, int(counts.sum())), 2)

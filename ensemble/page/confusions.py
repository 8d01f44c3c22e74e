"""Which classes the vote takes for which."""

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import prose, row, table
from core.html.figure import figure, label
from core.html.page import Section
from core.html.words import counted, percent
from ensemble.page.evidence import Evidence

MOST_CLASSES_DRAWN = 15
"""Of more classes only those that are confused most are drawn."""
MOST_LISTED = 15
CELL = 44
"""CSS pixels."""


def confusions_section(evidence: Evidence) -> Section:
    """Return the confusion matrix, or its worst block, and the most frequent confusions."""
    counts = confusion_counts(evidence.labels, evidence.said, len(evidence.classes))
    pairs = most_frequent(counts)
    lead = f"On the {len(evidence.labels):,} {evidence.rows_in_words}, by the vote that they chose: optimistic."
    if not pairs:
        listed = prose("No row is taken for another class: there is nothing off the diagonal.")
    else:
        listed = _list(evidence, counts, pairs)
    body = row(_matrix(evidence, counts), listed)
    return Section(anchor="confusions", title="What it confuses", body=body, lead=lead)


def confusion_counts(
    labels: np.ndarray,  # (num_rows,) int
    said: np.ndarray,  # (num_rows,) int
    num_classes: int,
) -> np.ndarray:
    """Return how many rows of each class are taken for each, (num_classes, num_classes) int64, true class first."""
    pairs = labels.astype(np.int64) * num_classes + said
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def most_frequent(counts: np.ndarray) -> list[tuple[int, int]]:
    """Return true and said class of the confusions, most rows first (ties: by the classes' order)."""
    errors = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    ranked = np.argsort(-errors, axis=None, kind="stable")
    places = ranked[: np.count_nonzero(errors)]
    return [(int(place) // len(counts), int(place) % len(counts)) for place in places]


def _list(evidence: Evidence, counts: np.ndarray, pairs: list[tuple[int, int]]) -> Markup:
    """Return the table of the most frequent confusions."""
    names = evidence.classes
    rows = [
        (names[true], names[said], f"{counts[true, said]:,}", percent(counts[true, said] / counts[true].sum(), 2))
        for true, said in pairs[:MOST_LISTED]
    ]
    num_more = len(pairs) - len(rows)
    caption = "The most frequent confusions" + (f"; {num_more} more kinds are rarer" if num_more else "")
    columns = ("true class", "the vote says", "rows", "of the class's rows")
    return table(columns, rows, caption=caption, numeric=(2, 3))


def _matrix(evidence: Evidence, counts: np.ndarray) -> Markup:
    """Return the matrix as a heatmap, coloured by errors alone: beside the diagonal they would all look alike."""
    shown = _shown_classes(counts)
    block, names = counts[np.ix_(shown, shown)], [label(evidence.classes[place]) for place in shown]
    errors = np.where(np.eye(len(block), dtype=bool), 0, block)
    places = np.arange(len(shown))
    text = [[f"{number:,}" if number else "" for number in line] for line in block.tolist()]
    heat = go.Heatmap(
        z=errors, x=places, y=places, zmin=0, zmax=max(1, int(errors.max())), autocolorscale=True, showscale=False,
        text=text, texttemplate="%{text}", hoverinfo="skip", xgap=1, ygap=1,
    )  # fmt: skip
    axis = {"tickvals": places, "ticktext": names, "showgrid": False, "zeroline": False}
    layout = {
        "xaxis": {**axis, "title": {"text": "the vote says"}, "side": "top"},
        "yaxis": {**axis, "title": {"text": "true class"}, "autorange": "reversed"},
        "margin": {"t": 70, "b": 15, "l": 60, "r": 15},
    }
    what = "" if len(shown) == len(counts) else f"The {len(shown)} classes that are confused most. "
    side = 90 + CELL * len(shown)
    return figure(
        go.Figure(heat, layout),
        alt=f"{what}{_in_words(evidence, block, shown)}",
        caption=f"{what}Rows by true class and by what the vote says; the shade is of errors alone.",
        height=max(220, side),
        least_width=min(side, 320 if len(shown) <= 10 else 1000),
    )


def _in_words(evidence: Evidence, block: np.ndarray, shown: np.ndarray) -> str:
    """Return what a matrix comes to."""
    right = int(np.trace(block))
    pairs = [(evidence.classes[shown[t]], evidence.classes[shown[s]], block[t, s]) for t, s in most_frequent(block)[:3]]
    worst = ", ".join(f"{true} taken for {said} {counted(int(num), 'time')}" for true, said, num in pairs)
    return f"Confusion matrix: {right:,} of {int(block.sum()):,} rows right" + (f"; {worst}." if worst else ".")


def _shown_classes(counts: np.ndarray) -> np.ndarray:
    """Return the classes that are drawn, in their order: all, or those that take part in most confusions."""
    if len(counts) <= MOST_CLASSES_DRAWN:
        return np.arange(len(counts))
    errors = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    involved = errors.sum(axis=0) + errors.sum(axis=1)
    return np.sort(np.argsort(-involved, kind="stable")[:MOST_CLASSES_DRAWN])

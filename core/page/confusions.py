"""What is taken for what: the confusion matrix, the most frequent confusions, each class's own score."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import fold, prose, row, table
from core.html.figure import ORANGE, figure
from core.html.page import Section
from core.page.material import Material

MOST_LISTED = 10
MOST_WITH_NUMBERS = 20
"""Classes up to which each cell says its count."""
MOST_BESIDE = 12
"""Classes up to which the matrix leaves room for a table beside it."""
CELL = 24
"""CSS pixels of a cell's side at least."""


def confusions_section(material: Material) -> Section:
    """Return the section of the confusion matrix."""
    counts = confusion_of(material.true, material.predicted, len(material.class_names))
    pairs = most_frequent(counts)
    lead = (
        "Rows are true classes, columns what the model says; the colour is of errors alone. "
        "Holdout rows, at the best epoch."
    )
    if not pairs:
        beside: Markup = prose("Nothing is confused: there is no error among these rows.")
    else:
        beside = _most_frequent_table(counts, pairs, material)
    matrix = _figure(counts, material)
    body = row(matrix, beside) if len(counts) <= MOST_BESIDE else matrix + beside
    body += fold("Each class's own score", _class_table(counts, material))
    return Section(anchor="confusions", title="What it confuses", lead=lead, body=body)


def confusion_of(
    true: np.ndarray,  # (num_rows,) int
    predicted: np.ndarray,  # (num_rows,) int
    num_classes: int,
) -> np.ndarray:
    """Return counts, (num_classes, num_classes) int64: rows by true class, columns by predicted class."""
    cells = true.astype(np.int64) * num_classes + predicted
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def most_frequent(
    counts: np.ndarray,  # (num_classes, num_classes) int
) -> list[tuple[int, int]]:
    """Return the pairs (true, predicted) of the most frequent confusions, ten at most; ties in the classes' order."""
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_LISTED]
    return [divmod(int(cell), len(counts)) for cell in order if wrong.flat[cell]]


def _figure(counts: np.ndarray, material: Material) -> Markup:
    """Return the matrix as a heatmap; what is right is uncoloured, since it would outshine every error."""
    import plotly.graph_objects as go

    names, num = material.figure_names, len(counts)
    wrong = np.where(np.eye(num, dtype=bool) | (counts == 0), np.nan, counts)
    heat = go.Heatmap(
        x=names, y=names, z=wrong, zmin=0, zmax=max(1.0, float(np.nanmax(wrong, initial=0))), opacity=0.6,
        colorscale=[[0, "rgba(196,78,0,0.05)"], [1, ORANGE]], showscale=num > MOST_WITH_NUMBERS, xgap=1, ygap=1,
        hovertemplate="%{z} rows of %{y} taken for %{x}<extra></extra>",
    )  # fmt: skip
    traces = [heat]
    if num <= MOST_WITH_NUMBERS:
        true, predicted = np.nonzero(counts)
        texts = [f"{count:,}" for count in counts[true, predicted].tolist()]
        traces.append(
            go.Scatter(
                x=[names[place] for place in predicted], y=[names[place] for place in true], text=texts, mode="text",
                hoverinfo="skip",
            )
        )  # fmt: skip
    plot = go.Figure(traces)
    every = {"type": "category", "categoryorder": "array", "categoryarray": names, "showgrid": False}
    every |= {"tickvals": names, "ticktext": material.axis_names}
    plot.update_layout(
        xaxis={"title": "predicted", "side": "bottom", **every, "range": [-0.5, num - 0.5]},
        yaxis={"title": "true", **every, "range": [num - 0.5, -0.5]},
        showlegend=False,
        margin={"t": 10},
    )
    num_wrong = int(counts.sum() - np.trace(counts))
    pairs = [f"{material.name(t)} taken for {material.name(p)} {counts[t, p]:,}" for t, p in most_frequent(counts)[:3]]
    alt = f"Confusion matrix of {counts.sum():,} rows and {num} classes: {num_wrong:,} errors" + (
        f"; most often {', '.join(pairs)}." if pairs else "."
    )
    side = min(1000, max(380, CELL * num + 90))
    return figure(plot, alt=alt, height=side, least_width=min(CELL * num + 70, 1000) if num > MOST_BESIDE else 0)


def _most_frequent_table(counts: np.ndarray, pairs: list[tuple[int, int]], material: Material) -> Markup:
    """Return the most frequent confusions as a table."""
    of_class = counts.sum(axis=1)
    rows = [
        [material.name(t), material.name(p), f"{counts[t, p]:,}", f"{counts[t, p] / of_class[t]:.2%}"] for t, p in pairs
    ]
    num_kinds = int((counts > 0).sum() - (np.diag(counts) > 0).sum())
    more = f", of {num_kinds:,} kinds" if num_kinds > len(pairs) else ""
    columns = ["true", "taken for", "rows", "of the class"]
    return table(columns, rows, caption=f"Most frequent confusions{more}", numeric=(2, 3))


def _class_table(counts: np.ndarray, material: Material) -> Markup:
    """Return rows, errors, recall and precision of each class."""
    of_class, said, right = counts.sum(axis=1), counts.sum(axis=0), np.diag(counts)
    rows = [
        [
            material.name(label),
            f"{of_class[label]:,}",
            f"{of_class[label] - right[label]:,}",
            _share(right[label], of_class[label]),
            f"{said[label] - right[label]:,}",
            _share(right[label], said[label]),
        ]
        for label in range(len(counts))
    ]
    columns = ["class", "rows", "missed", "found (recall)", "others taken for it", "right when said (precision)"]
    return table(columns, rows, caption="Scores by class on the holdout", numeric=range(1, 6))


def _share(part: int, whole: int) -> str:
    """Return a share in percent, or that there is no whole."""
    return f"{part / whole:.2%}" if whole else "none"

"""The data: how many rows each class has in train and holdout, and what they look like."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import fold, table
from core.html.figure import BLUE, ORANGE, figure
from core.html.images import gallery, tiles
from core.html.page import Section
from core.page.material import Material
from core.page.thumbnail import thumbnail

MOST_CLASSES = 60
MOST_SAMPLES = 8
"""Images of a class."""
MOST_PICTURES = 160
"""Images of all classes together, but for one of each."""


def samples_section(material: Material) -> Section:
    """Return the section of the data."""
    num = len(material.class_names)
    holdout = np.bincount(material.true, minlength=num)
    train = np.bincount(material.labels[material.is_train], minlength=num)
    lead = (
        f"{len(material.labels):,} labelled rows, {len(material.rows):,} of them held out. Were the classes mixed "
        "otherwise in the holdout than in the rest, its score would be of other data than it was learnt from."
    )
    body = _figure(material, train, holdout) + fold("The counts", _table(material, train, holdout)) + _samples(material)
    return Section(anchor="data", title="The data", lead=lead, body=body)


def _figure(material: Material, train: np.ndarray, holdout: np.ndarray) -> Markup:
    """Return each class's share of both parts."""
    import plotly.graph_objects as go

    names = material.figure_names
    parts = (("train", train, ORANGE), ("holdout", holdout, BLUE))
    plot = go.Figure(
        [
            go.Bar(
                x=names, y=counts / max(1, counts.sum()), name=f"{name} ({counts.sum():,} rows)", customdata=counts,
                marker={"color": colour}, hovertemplate="%{x}: %{customdata} rows, %{y:.2%}<extra></extra>",
            )
            for name, counts, colour in parts
        ]
    )  # fmt: skip
    plot.update_layout(
        xaxis={"type": "category", "title": "class", "tickvals": names, "ticktext": material.axis_names},
        yaxis={"title": "share of the rows", "tickformat": ".0%"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
    )  # fmt: skip
    alt = (
        f"Share of each of {len(names)} classes: in train from {train.min() / max(1, train.sum()):.1%} to "
        f"{train.max() / max(1, train.sum()):.1%}, in the holdout from {holdout.min() / holdout.sum():.1%} to "
        f"{holdout.max() / holdout.sum():.1%}."
    )
    return figure(plot, alt=alt, height=300, least_width=18 * len(names) if len(names) > 20 else 0)


def _table(material: Material, train: np.ndarray, holdout: np.ndarray) -> Markup:
    """Return the counts."""
    rows = [
        [material.name(label), f"{train[label]:,}", f"{holdout[label]:,}"] for label in range(len(material.class_names))
    ]
    return table(["class", "train", "holdout"], rows, caption="Rows of each class", numeric=(1, 2))


def _samples(material: Material) -> Markup:
    """Return the first images of each class."""
    shown, num = [], min(MOST_SAMPLES, max(1, MOST_PICTURES // len(material.class_names)))
    for label in range(min(len(material.class_names), MOST_CLASSES)):
        rows = np.flatnonzero(material.labels == label)[:num].tolist()
        pictures = [thumbnail(material.images[row], 32) for row in rows]
        alt = f"{len(rows)} images of class {material.name(label)}"
        shown.append(Markup("<div>{}</div>{}").format(material.name(label), tiles(pictures, alt=alt, least_side=28)))
    if len(material.class_names) > MOST_CLASSES:
        shown.append(Markup("{} classes more").format(len(material.class_names) - MOST_CLASSES))
    return Markup("<h3>The first rows of each class</h3>") + gallery(shown, label="Images by class", least_width=290)

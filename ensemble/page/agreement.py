"""How alike the members are: in what they say, and in what they get wrong."""

import numpy as np
import plotly.graph_objects as go
from markupsafe import Markup

from core.html.blocks import prose, row
from core.html.figure import figure, label
from core.html.page import Section
from core.html.words import percent
from ensemble.page.evidence import Evidence

MOST_WITH_NUMBERS = 10
"""Members up to which each cell has room for its number."""
ANCHOR, TITLE = "agreement", "How alike the members are"


def agreement_section(evidence: Evidence) -> Section:
    """Return both matrices of the members that vote."""
    classes = evidence.result.opinions.classes
    if len(classes) == 1:
        return Section(anchor=ANCHOR, title=TITLE, body=prose("One member votes alone: there is none to agree with."))
    body = row(
        _matrix(evidence, same_class(classes), "Share of the rows with the same class"),
        _matrix(evidence, shared_errors(classes, evidence.labels), "Of the rows that either gets wrong, both do"),
    )
    lead = (
        f"Pairs of members on the {len(evidence.labels):,} {evidence.rows_in_words}. A vote gains most from members "
        "that are good and err on other rows than each other."
    )
    return Section(anchor=ANCHOR, title=TITLE, body=body, lead=lead)


def same_class(
    classes: np.ndarray,  # (num_members, num_rows) int
) -> np.ndarray:
    """Return on which share of the rows two members have the same class, (num_members, num_members) float."""
    return np.array([(classes == one).mean(axis=1) for one in classes])


def shared_errors(
    classes: np.ndarray,  # (num_members, num_rows) int
    labels: np.ndarray,  # (num_rows,) int
) -> np.ndarray:
    """Return, of the rows that one or the other gets wrong, the share that both do; NaN where there is no such row."""
    wrong = (classes != labels).astype(np.float64)
    both = wrong @ wrong.T
    either = wrong.sum(axis=1)[:, None] + wrong.sum(axis=1) - both
    return np.divide(both, either, out=np.full(both.shape, np.nan), where=either > 0)


def _matrix(evidence: Evidence, shares: np.ndarray, title: str) -> Markup:
    """Return a heatmap of pairs; a member with itself is left blank."""
    num = len(shares)
    pairs = np.where(np.eye(num, dtype=bool), np.nan, shares)
    if np.isnan(pairs).all():
        return prose(f"{title}: no member is wrong anywhere.")
    places, names = np.arange(num), [label(name) for name in evidence.voters]
    text = [["" if np.isnan(value) else f"{value:.1%}" for value in line] for line in pairs]
    heat = go.Heatmap(
        z=pairs, x=places, y=places, text=text, autocolorscale=True, showscale=False, xgap=1, ygap=1, hoverongaps=False,
        texttemplate="%{text}" if num <= MOST_WITH_NUMBERS else None, hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    axis = {"tickvals": places, "ticktext": names, "showgrid": False, "zeroline": False}
    layout = {"xaxis": {**axis, "tickangle": -45}, "yaxis": {**axis, "autorange": "reversed"}}
    height = max(260, 150 + min(40, 800 // num) * num)
    alt = f"{title}: {_in_words(evidence, pairs)}"
    return figure(go.Figure(heat, layout), alt=alt, caption=title, height=height, least_width=340)


def _in_words(evidence: Evidence, pairs: np.ndarray) -> str:
    """Return the mean over pairs and the most alike."""
    first, second = np.unravel_index(np.nanargmax(pairs), pairs.shape)
    names = evidence.voters
    return (
        f"mean over pairs {percent(float(np.nanmean(pairs)), 1)}, most alike {names[first]} and {names[second]} with "
        f"{percent(float(pairs[first, second]), 1)}."
    )

"""What this page's figures have alike."""

from typing import Any

import plotly.graph_objects as go

from search.page.kinds import Kind

LEGEND = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
BEST_LINE_WIDTH = 2.5
MOST_SINGLE_TICKS = 12
"""Whole numbers up to which each is written beside its axis."""


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """Return a plain axis."""
    return {"title": {"text": title}, **more}


def dots(kind: Kind, x: list[Any], y: list[Any], hover: list[str], **more: Any) -> go.Scatter:
    """Return the marks of trials of one kind."""
    marker = {"color": kind.colour, "symbol": kind.symbol, "size": 8, "line": {"color": kind.colour, "width": 2}}
    return go.Scatter(
        x=x, y=y, mode="markers", name=kind.word, text=hover, hovertemplate="%{text}<extra></extra>",
        marker=marker | more.pop("marker", {}), **more,
    )  # fmt: skip

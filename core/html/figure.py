"""Plotly figures within a page: drawn by the page's script in the colours of its theme, light or dark."""

import html
from typing import TYPE_CHECKING

from markupsafe import Markup

if TYPE_CHECKING:
    import plotly.graph_objects as go

WEBGL = ("parcoords", "scatter3d", "surface", "mesh3d", "isosurface", "volume", "cone", "streamtube", "splom")
SCRIPT_MARK = 'class="chart"'
"""What a body with a figure has."""

BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED, GREY, VIOLET = (
    "#0067b1", "#c44e00", "#007a4d", "#a3459a", "#8a6d00", "#c2384c", "#4c6a78", "#5b4fc4",
)  # fmt: skip
"""Colours for figures; on a dark page the script draws each one's lighter twin (templates/script.js)."""
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, RED, GREY, VIOLET)
LEGEND_ABOVE = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
"""A layout's legend, where it takes no width from the figure."""
INK = "#1b1f24"
"""As dark as text, on a dark page as light: for what must be seen upon another colour."""
STATE_COLOURS = {"complete": GREEN, "pruned": ORANGE, "failed": RED, "running": BLUE}


def figure(plot: "go.Figure", *, alt: str, caption: str = "", height: int = 360, least_width: int = 0) -> Markup:
    """Return a figure as HTML.

    Args:
        plot: of SVG traces alone (WebGL, which parcoords and scattergl ask for, is not everywhere), without a
            template, title or size of its own; font, grid and background are the page's.
            NaN is a gap.
        alt: what it shows, in words, with its most important numbers: for who cannot see it.
        caption: what stands below it.
        height: in CSS pixels.
        least_width: in CSS pixels; a narrower screen scrolls within the figure. 0 for any width.

    Raises:
        ValueError: a trace would be drawn by WebGL.
    """
    by_webgl = sorted({trace.type for trace in plot.data if trace.type.endswith("gl") or trace.type in WEBGL})
    if by_webgl:
        raise ValueError(f"a figure's traces must be drawn as SVG, got {', '.join(by_webgl)}")
    plot.update_layout(template=None)
    text = plot.to_json()
    assert text is not None
    return Markup(
        '<figure><div class="scroll"><div class="chart" role="img" aria-label="{alt}" '
        'style="height:{height}px;min-width:{least_width}px"></div>'
        '<script type="application/json">{json}</script></div>{caption}</figure>'
    ).format(
        alt=alt,
        height=height,
        least_width=least_width,
        json=_closed(text),
        caption=Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
    )


def label(text: str) -> str:
    """Return a name as a figure shows it letter by letter; plotly reads <b> and &lt; as markup."""
    return html.escape(text, quote=False)


def _closed(text: str) -> Markup:
    """Return JSON that cannot end the script element it stands in, whatever its strings say."""
    return Markup(text.replace("<", "\\u003c").replace("&", "\\u0026"))

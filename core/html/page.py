"""A page: title, one sentence, sections; everything that it shows lies within its one file."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from core.html.figure import SCRIPT_MARK

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a page with a heading, found again by its anchor."""

    anchor: str
    """What stands behind the # of its address: letters, digits, hyphens."""
    title: str
    body: Markup
    lead: str = ""
    """What the section shows and how to read it, a sentence or two."""


def render_page(
    *,
    title: str,
    lead: str,
    sections: Sequence[Section],
    links: Sequence[tuple[str, str]] = (),
    made_from: Sequence[str] = (),
) -> bytes:
    """Return the page as HTML in UTF-8; plotly is in it once where a section has a figure, and not otherwise.

    Args:
        title: of the page, such as the study's name.
        lead: the result in one sentence.
        sections: in the order in which they are read.
        links: to other pages: relative address and words.
        made_from: what the page was made from and when, a line each, for its foot.
    """
    has_figures = any(SCRIPT_MARK in section.body for section in sections)
    text = (
        environment()
        .get_template("page.html")
        .render(
            title=title,
            lead=lead,
            sections=sections,
            navigation=navigation(links),
            made_from=made_from,
            style=_text_of("style.css"),
            theme=_text_of("theme.js"),
            script=_text_of("script.js"),
            plotly=_plotly() if has_figures else "",
        )
    )
    return text.encode()


def navigation(links: Sequence[tuple[str, str]]) -> Markup:
    """Return links to other pages, relative address and words each; nothing of none."""
    items = Markup("").join(Markup('<a href="{}">{}</a>').format(address, words) for address, words in links)
    return Markup('<nav aria-label="Other pages">{}</nav>').format(items) if links else Markup("")


@functools.cache
def environment() -> jinja2.Environment:
    """Return where the templates are; whatever is put into one is escaped, unless it is Markup."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)


def _text_of(name: str) -> Markup:
    """Return one of our own files as it is."""
    return Markup((TEMPLATES / name).read_text())


def _plotly() -> Markup:
    """Return plotly's own script, 4.8 MB; read where it is needed, since few commands write pages."""
    from plotly.offline import get_plotlyjs

    return Markup(get_plotlyjs())

"""Parts of a section: tables, facts, bars, what is folded away."""

from collections.abc import Iterable, Sequence

from markupsafe import Markup

from core.html.page import environment

Cell = str | int | float | Markup


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    caption: str,
    numeric: Iterable[int] = (),
    notes: Sequence[Cell] = (),
) -> Markup:
    """Return a table that scrolls within itself where the screen is narrow.

    Args:
        columns: heads.
        rows: cells as they are shown; the first of each is its row's head.
        caption: what the table is, for all readers.
        numeric: places of columns that are set to the right.
        notes: what is too long for a column, one a row or none at all: below its row, as wide as the screen lets it.
    """
    rows = list(rows)
    below = list(notes) or [""] * len(rows)
    return _block(
        "table", columns=columns, rows=list(zip(rows, below, strict=True)), caption=caption, numeric=set(numeric)
    )


def facts(pairs: Iterable[tuple[str, Cell]]) -> Markup:
    """Return names with their values, as cards that wrap."""
    return _block("facts", pairs=list(pairs))


def bars(shares: Iterable[tuple[str, float, str]], *, label: str) -> Markup:
    """Return small horizontal bars, of probabilities for instance.

    Args:
        shares: name, share of the whole width in [0, 1], and kind: `right`, `wrong` or nothing.
        label: what the bars are, for who cannot see them.
    """
    return _block("bars", shares=list(shares), label=label)


def prose(*paragraphs: str) -> Markup:
    """Return text."""
    return Markup("").join(Markup("<p>{}</p>").format(text) for text in paragraphs)


def fold(summary: str, body: Markup) -> Markup:
    """Return what is shown once its summary is clicked."""
    return Markup("<details><summary>{}</summary>{}</details>").format(summary, body)


def choice(options: Sequence[tuple[str, Markup]], *, label: str, anchor: str) -> Markup:
    """Return parts of which the reader chooses one to see; without scripts, or on paper, all are there.

    Args:
        options: names, each with its part.
        label: what is chosen.
        anchor: letters, digits, hyphens; once a page.
    """
    return _block("choice", options=list(options), label=label, anchor=anchor)


def row(*parts: Markup) -> Markup:
    """Return parts side by side where there is room."""
    return Markup('<div class="row">{}</div>').format(Markup("").join(parts))


def _block(name: str, **values: object) -> Markup:
    """Return one macro's HTML."""
    return Markup(getattr(environment().get_template("blocks.html").module, name)(**values))

"""What is taken for what, on a page: the matrix, the most frequent confusions, each class's own score."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from core.html.blocks import fold, prose, row, table
from core.html.confusions import Confusion, confusion_counts, confusions_of, most_confused
from core.html.figure import figure, label
from core.html.words import LONGEST_AT_AN_AXIS, counted, names_in_short, percent

MOST_DRAWN = 30
"""Classes in the matrix; of more only those of the most frequent confusions."""
MOST_WITH_THE_DIAGONAL = 15
"""Classes up to which cells are wide enough for the many rows that are right."""
MOST_BESIDE = 12
"""Classes up to which the matrix leaves room for a table beside it."""
MOST_LISTED = 15
MOST_SCORED = 1000
"""Classes with a line of their own scores; of more only those with most errors."""
WIDE_CELL, CELL, FONT = 44, 30, 11
"""CSS pixels."""
MOST_DIGITS = 5
"""Of a cell's number up to which its letters are not shrunk."""
LEGEND = "Rows by true class, columns by what is said; the shade is of errors alone."


def confusions_body(
    labels: np.ndarray,  # (num_rows,) int class indices
    said: np.ndarray,  # (num_rows,) int class indices
    class_names: Sequence[str],
    *,
    who: str,
) -> Markup:
    """Return the matrix, of many classes its worst block, the most frequent confusions, and each class's own score.

    Args:
        labels: true classes.
        said: what was said instead.
        class_names: in any length.
        who: who said it, such as `the vote`.
    """
    num, names = len(class_names), names_in_short(class_names)
    pairs = confusions_of(labels, said, num)
    shown = most_confused(pairs, num, MOST_DRAWN)
    matrix = Markup("")
    if len(shown):
        matrix = _matrix(confusion_counts(labels, said, shown, num), shown, pairs, class_names, who)
    of_class = np.bincount(labels, minlength=num)
    beside = _list(pairs, of_class, names, who) if pairs else prose("Nothing is confused: there is no error.")
    body = row(matrix, beside) if num <= MOST_BESIDE else matrix + beside
    return body + fold("Each class's own score", _scores(labels, said, names))


def _matrix(
    block: np.ndarray,  # (num_shown, num_shown) int
    shown: np.ndarray,  # (num_shown,) int class indices
    pairs: list[Confusion],
    class_names: Sequence[str],
    who: str,
) -> Markup:
    """Return the heatmap, coloured by errors alone: beside the diagonal they would all look alike."""
    import plotly.graph_objects as go

    num, diagonal = len(shown), np.eye(len(shown), dtype=bool)
    all_names = names_in_short(class_names, longest=LONGEST_AT_AN_AXIS)
    names = [all_names[place] for place in shown]
    errors, places = np.where(diagonal, 0, block), np.arange(num)
    written = block if num <= MOST_WITH_THE_DIAGONAL else errors
    text = [[str(number) if number else "" for number in line] for line in written.tolist()]
    widest = max((len(one) for line in text for one in line), default=0)
    hover = [[f"{names[t]} taken for {names[s]}: {block[t, s]:,}" for s in range(num)] for t in range(num)]
    heat = go.Heatmap(
        z=errors, x=places, y=places, zmin=0, zmax=max(1, int(errors.max(initial=0))), autocolorscale=True,
        showscale=False, text=text, texttemplate="%{text}", customdata=[[label(one) for one in line] for line in hover],
        textfont={"size": FONT} if widest <= MOST_DIGITS else None,
        hovertemplate="%{customdata}<extra></extra>", xgap=1, ygap=1,
    )  # fmt: skip
    axis = {"tickvals": places, "ticktext": [label(name) for name in names], "showgrid": False, "zeroline": False}
    layout = {
        "xaxis": {**axis, "title": {"text": f"{who} says"}, "side": "top"},
        "yaxis": {**axis, "title": {"text": "true class"}, "autorange": "reversed"},
        "margin": {"t": 70, "b": 15, "l": 60, "r": 15},
    }
    side = 90 + (WIDE_CELL if num <= MOST_WITH_THE_DIAGONAL else CELL) * num
    return figure(
        go.Figure(heat, layout),
        alt=_in_words(block, shown, pairs, class_names),
        caption=f"{_left_out(errors, pairs, len(class_names))}{LEGEND}",
        height=max(220, side),
        least_width=_least_width(names, widest) if num <= MOST_BESIDE else side,
    )


def _least_width(names: list[str], widest: int) -> int:
    """Return the pixels that a matrix needs for its labels and for numbers of `widest` letters."""
    return 45 + 7 * max(map(len, names)) + max(20, 7 * min(widest, MOST_DIGITS)) * len(names)


def _left_out(errors: np.ndarray, pairs: list[Confusion], num_classes: int) -> str:
    """Return what the matrix does not show; empty where it shows all."""
    num_shown = len(errors)
    if num_shown == num_classes:
        return ""
    num_errors = sum(one.num_rows for one in pairs)
    return (
        f"The {num_shown} classes of the most frequent confusions, with {int(errors.sum()):,} of the {num_errors:,} "
        f"errors between them; {num_classes - num_shown:,} classes are left out. "
    )


def _in_words(block: np.ndarray, shown: np.ndarray, pairs: list[Confusion], class_names: Sequence[str]) -> str:
    """Return what the matrix comes to."""
    names = names_in_short(class_names)
    worst = ", ".join(
        f"{names[one.true]} taken for {names[one.said]} ({counted(one.num_rows, 'time')})" for one in pairs[:3]
    )
    num_rows, num_right = int(block.sum()), int(np.trace(block))
    of_all = f" of {len(class_names):,}" if len(shown) < len(class_names) else ""
    return (
        f"Confusion matrix of {counted(num_rows, 'row')} and {len(shown)}{of_all} classes: "
        f"{counted(num_rows - num_right, 'error')}" + (f"; most often {worst}." if worst else ".")
    )


def _list(pairs: list[Confusion], of_class: np.ndarray, names: list[str], who: str) -> Markup:
    """Return the table of the most frequent confusions."""
    rows = [
        (names[one.true], names[one.said], f"{one.num_rows:,}", percent(one.num_rows / of_class[one.true], 2))
        for one in pairs[:MOST_LISTED]
    ]
    more = pairs[len(rows) :]
    caption = "The most frequent confusions" + (f": {len(rows)} of {len(pairs):,} kinds" if more else "")
    if more:
        caption += f"; the others have {counted(sum(one.num_rows for one in more), 'row')} in all"
    return table(("true class", f"{who} says", "rows", "of the class"), rows, caption=caption, numeric=(2, 3))


def _scores(labels: np.ndarray, said: np.ndarray, names: list[str]) -> Markup:
    """Return rows, errors, recall and precision of each class."""
    of_class, of_said, right = (
        np.bincount(one, minlength=len(names)) for one in (labels, said, labels[labels == said])
    )
    worst = np.argsort(2 * right - of_class - of_said, kind="stable")
    rows = [
        (
            names[place],
            f"{of_class[place]:,}",
            f"{of_class[place] - right[place]:,}",
            _share(right[place], of_class[place]),
            f"{of_said[place] - right[place]:,}",
            _share(right[place], of_said[place]),
        )
        for place in np.sort(worst[:MOST_SCORED])
    ]
    columns = ("class", "rows", "missed", "found (recall)", "others taken for it", "right when said (precision)")
    num_more = len(names) - len(rows)
    caption = "Scores by class" + (f"; {num_more:,} classes with the fewest errors are left out" if num_more else "")
    return table(columns, rows, caption=caption, numeric=range(1, 6))


def _share(part: int, whole: int) -> str:
    """Return a share in percent, or that there is no whole."""
    return percent(part / whole, 2) if whole else "none"

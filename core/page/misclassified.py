"""The holdout rows that the model gets wrong, the surest first."""

from markupsafe import Markup

from core.html.blocks import bars, fold, prose
from core.html.images import gallery, picture
from core.html.page import Section
from core.page.material import Material
from core.page.thumbnail import thumbnail

MOST_SHOWN = 120
MOST_UNFOLDED = 35
NUM_BARS = 3
"""Classes whose probability is shown: the most probable ones, and the true one in any case."""


def misclassified_section(material: Material) -> Section:
    """Return the gallery of errors."""
    wrong = material.wrong_surest_first()
    title, anchor = "What it gets wrong", "errors"
    if len(wrong) == 0:
        body = prose(f"Nothing: all {len(material.rows):,} holdout rows are right at the best epoch.")
        return Section(anchor=anchor, title=title, body=body)
    lead = (
        f"{len(wrong):,} of {len(material.rows):,} holdout rows, those first of which the model was surest. Bars are "
        "its softmax: red what it said, green what is true."
    )
    tiles = [_tile(material, place) for place in wrong[:MOST_SHOWN].tolist()]
    body = gallery(tiles[:MOST_UNFOLDED], label="Misclassified holdout rows, the surest first")
    if len(tiles) > MOST_UNFOLDED:
        rest = gallery(tiles[MOST_UNFOLDED:], label="Misclassified holdout rows of which it was less sure")
        body += fold(f"The next {len(tiles) - MOST_UNFOLDED}", rest)
    if len(wrong) > MOST_SHOWN:
        body += prose(f"{len(wrong) - MOST_SHOWN:,} more are not shown; of those the model was less sure.")
    return Section(anchor=anchor, title=title, lead=lead, body=body)


def softmax_bars(material: Material, place: int) -> Markup:
    """Return the most probable classes of a holdout row, and its true one, as bars."""
    softmax, true = material.softmax[place], int(material.true[place])
    order = (-softmax).argsort(kind="stable").tolist()
    first = order[:NUM_BARS] if true in order[:NUM_BARS] else [*order[: NUM_BARS - 1], true]
    kinds = {order[0]: "wrong", true: "right"}  # the later one holds where both are the same
    shares = [(material.name(label), float(softmax[label]), kinds.get(label, "")) for label in first]
    return bars(shares, label="softmax of the most probable classes and the true one")


def _tile(material: Material, place: int) -> Markup:
    """Return one error."""
    true, predicted = (material.name(int(labels[place])) for labels in (material.true, material.predicted))
    words = f"{true} taken for {predicted}"
    row = int(material.rows[place])
    shown = picture(thumbnail(material.image(place)), alt=f"row {row}, {words}")
    return Markup("{}<div>row {}: {}</div>{}").format(shown, row, words, softmax_bars(material, place))

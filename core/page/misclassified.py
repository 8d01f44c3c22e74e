"""The holdout rows that the model gets wrong, the surest first."""

from markupsafe import Markup

from core.html.blocks import fold, prose
from core.html.images import gallery, picture, shrunk
from core.html.page import Section
from core.html.softmax import COLOURS_IN_WORDS, softmax_bars, tile_width
from core.page.material import Material

MOST_SHOWN = 120
MOST_UNFOLDED = 35


def misclassified_section(material: Material) -> Section:
    """Return the gallery of errors."""
    wrong = material.wrong_surest_first()
    title, anchor = "What it gets wrong", "errors"
    if len(wrong) == 0:
        body = prose(f"Nothing: all {len(material.rows):,} holdout rows are right at the best epoch.")
        return Section(anchor=anchor, title=title, body=body)
    lead = (
        f"{len(wrong):,} of {len(material.rows):,} holdout rows, those first of which the model was surest. Bars are "
        f"its softmax: {COLOURS_IN_WORDS}."
    )
    tiles = [_tile(material, place) for place in wrong[:MOST_SHOWN].tolist()]
    width = tile_width(material.names)
    body = gallery(tiles[:MOST_UNFOLDED], label="Misclassified holdout rows, the surest first", least_width=width)
    if len(tiles) > MOST_UNFOLDED:
        label = "Misclassified holdout rows of which it was less sure"
        rest = gallery(tiles[MOST_UNFOLDED:], label=label, least_width=width)
        body += fold(f"The next {len(tiles) - MOST_UNFOLDED}", rest)
    if len(wrong) > MOST_SHOWN:
        body += prose(f"{len(wrong) - MOST_SHOWN:,} more are not shown; of those the model was less sure.")
    return Section(anchor=anchor, title=title, lead=lead, body=body)


def bars_of(material: Material, place: int) -> Markup:
    """Return the softmax of a holdout row as bars."""
    softmax, truth = material.softmax[place], int(material.true[place])
    label = f"the model's softmax of row {material.rows[place]}"
    return softmax_bars(softmax, material.names_in_a_line, truth=truth, label=label)


def _tile(material: Material, place: int) -> Markup:
    """Return one error."""
    true, predicted = (material.name(int(labels[place])) for labels in (material.true, material.predicted))
    words = f"{true} taken for {predicted}"
    row = int(material.rows[place])
    shown = picture(shrunk(material.image(place)), alt=f"row {row}, {words}")
    return Markup("{}<div>row {}: {}</div>{}").format(shown, row, words, bars_of(material, place))

"""The rows that the vote gets wrong."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import prose
from core.html.page import Section
from core.html.softmax import COLOURS_IN_WORDS
from ensemble.page.evidence import Evidence
from ensemble.page.tile import tile, tiles_of

MOST_SHOWN = 120
ANCHOR, TITLE = "mistakes", "What it gets wrong"


def mistakes_section(evidence: Evidence) -> Section:
    """Return the gallery of errors, the surest first (ties: by row number)."""
    wrong, num_rows = evidence.wrong, len(evidence.labels)
    if len(wrong) == 0:
        body = prose(f"Nothing: the vote has every one of the {num_rows:,} {evidence.rows_in_words} right.")
        return Section(anchor=ANCHOR, title=TITLE, body=body)
    surest = evidence.result.softmax[wrong].max(axis=1)
    shown = wrong[np.argsort(-surest, kind="stable")][:MOST_SHOWN]
    tiles = [_tile(evidence, int(place)) for place in shown]
    num_more = len(wrong) - len(shown)
    lead = (
        f"{len(wrong):,} of {num_rows:,} {evidence.rows_in_words}, the surest errors first"
        + (f"; the first {len(shown)} are shown, {num_more:,} more are less sure. " if num_more else ". ")
        + "Rows are numbered as in predictions.npz, from 0: row 0 is the first below the train file's header. Bars are "
        f"the vote's softmax: {COLOURS_IN_WORDS}; below them stands each member's class and how sure it is. Some "
        "labels may be wrong, too."
    )
    return Section(
        anchor=ANCHOR, title=TITLE, body=tiles_of(evidence, tiles, "rows that the vote gets wrong"), lead=lead
    )


def _tile(evidence: Evidence, place: int) -> Markup:
    """Return one row's tile."""
    result = evidence.result
    number = int(result.rows.numbers[place])
    image = None if evidence.images is None else evidence.images.x_train[number]
    truth = int(evidence.labels[place])
    return tile(evidence, f"row {number}", image, result.softmax[place], result.opinions, place, truth)

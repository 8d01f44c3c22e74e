"""The test rows on which the members agree least."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import prose
from core.html.page import Section
from core.html.softmax import COLOURS_IN_WORDS
from core.html.words import name_in_short, percent
from ensemble.page.evidence import Evidence
from ensemble.page.tile import tile, tiles_of
from ensemble.result import VoteResult

MOST_SHOWN = 60
ANCHOR, TITLE = "disputed", "The most disputed test rows"


def disputed_section(evidence: Evidence) -> Section:
    """Return the gallery of the test rows that may well be wrong."""
    result = evidence.result
    if result.num_test == 0:
        return Section(anchor=ANCHOR, title=TITLE, body=prose("The data set has no test rows."))
    shown = most_disputed(result)[:MOST_SHOWN]
    tiles = [_tile(evidence, int(place)) for place in shown]
    is_one = len(result.voters) == 1
    what = "the smallest margin" if is_one else "the least weight of members behind the vote's class"
    num_split = int((result.test_opinions.classes != result.test_opinions.classes[0]).any(axis=0).sum())
    split = "" if is_one else f"Members differ on {num_split:,} of {result.num_test:,} test rows. "
    lead = (
        f"{split}First come those with {what}{'' if is_one else ', then the smallest margin'} between its most "
        f"probable class and the next; {len(shown)} of {result.num_test:,} are shown, by their ids in the submission."
    )
    if evidence.data.test_labels is not None and result.test_accuracy is not None:
        lead += (
            f" These rows were set aside, so that their true class is known: {percent(result.test_accuracy)} right. "
        )
        lead += f"In the bars {COLOURS_IN_WORDS}."
    return Section(anchor=ANCHOR, title=TITLE, body=tiles_of(evidence, tiles, "disputed test rows"), lead=lead)


def most_disputed(result: VoteResult) -> np.ndarray:
    """Return the test rows, (num_test,) places: least weight behind the vote's class first, then smallest margin."""
    said = result.test_softmax.argmax(axis=1)
    weights = np.array([member.weight for member in result.voters])
    behind = (weights[:, None] * (result.test_opinions.classes == said)).sum(axis=0)
    two = np.partition(result.test_softmax, -2, axis=1)[:, -2:] if result.test_softmax.shape[1] > 1 else None
    margin = np.zeros(len(said)) if two is None else two[:, 1] - two[:, 0]
    return np.lexsort((margin, behind.round(9)))


def _tile(evidence: Evidence, place: int) -> Markup:
    """Return one test row's tile."""
    result, labels = evidence.result, evidence.data.test_labels
    image = None if evidence.images is None else evidence.images.x_test[place]
    truth = None if labels is None else int(labels[place])
    name = f"test id {name_in_short(str(evidence.data.test_ids[place]))}"
    return tile(evidence, name, image, result.test_softmax[place], result.test_opinions, place, truth)

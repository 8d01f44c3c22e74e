"""One row as a tile: its image, the vote's softmax as bars, and what each member says."""

import numpy as np
from markupsafe import Markup

from core.html.blocks import fold
from core.html.images import gallery, picture, shrunk
from core.html.softmax import softmax_bars, tile_width, verdict
from ensemble.opinions import Opinions
from ensemble.page.evidence import Evidence

NUM_OPEN = 42
"""Tiles that are shown at once."""
MOST_MEMBERS_OPEN = 6
"""Of more members the opinions are counted, and each one's is folded away."""


def tile(
    evidence: Evidence,
    name: str,
    image: np.ndarray | None,  # (height, width, channels) uint8
    softmax: np.ndarray,  # (num_classes,) float, the vote's
    opinions: Opinions,
    place: int,  # of the row among those of `opinions`
    truth: int | None,
) -> Markup:
    """Return a row's tile; without a truth nothing is right or wrong."""
    said = int(softmax.argmax())
    words = f"says {evidence.classes[said]}"
    if truth is not None:
        words = f"true {evidence.classes[truth]}, {words}"
    parts = [Markup("<p><b>{}</b><br>{}</p>").format(name, words)]
    if image is not None:
        parts.insert(0, picture(shrunk(image), alt=f"{name}: {words}"))
    bars = softmax_bars(softmax, evidence.classes_in_tiles, truth=truth, label=f"the vote's softmax of {name}")
    parts += [bars, _opinions(evidence, opinions, place, truth, name)]
    return Markup("").join(parts)


def tiles_of(evidence: Evidence, tiles: list[Markup], label: str) -> Markup:
    """Return tiles as a gallery, those after the first ones folded away."""
    width = tile_width(evidence.classes)
    shown = gallery(tiles[:NUM_OPEN], label=label, least_width=width)
    more = tiles[NUM_OPEN:]
    return shown + fold(f"{len(more)} more", gallery(more, label=f"more {label}", least_width=width)) if more else shown


def _opinions(evidence: Evidence, opinions: Opinions, place: int, truth: int | None, name: str) -> Markup:
    """Return what each member says, of many folded away below a count; of one alone nothing."""
    classes, confidence = opinions.classes[:, place].tolist(), opinions.confidence[:, place].tolist()
    if len(classes) == 1:
        return Markup("")
    line = Markup('<li class="{}"><b>{}</b> {} % {}</li>')
    lines = Markup("").join(
        line.format(verdict(said, truth), evidence.classes_in_tiles[said], f"{100 * sure:.0f}", member)
        for said, sure, member in zip(classes, confidence, evidence.voters_in_tiles, strict=True)
    )
    each = Markup('<ul class="said" aria-label="{}">{}</ul>').format(f"each member's class of {name}", lines)
    return each if len(classes) <= MOST_MEMBERS_OPEN else fold(_counted(evidence, classes), each)


def _counted(evidence: Evidence, classes: list[int]) -> str:
    """Return how many members say what, most first."""
    numbers = {one: classes.count(one) for one in classes}
    ranked = sorted(numbers, key=lambda one: (-numbers[one], one))
    return ", ".join(f"{numbers[one]} say {evidence.classes[one]}" for one in ranked[:3])

"""Which of thousands of trials a figure draws: the best, and others spread evenly over the search."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from core.html.blocks import prose
from core.store.records import TrialRecord
from search.page.records import is_scored
from search.standings import merit_of

BEST_SHARE = 4
"""One in so many of the trials drawn is among the best of all."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Trials that a figure shows."""

    records: list[TrialRecord]
    """By number."""
    words: str
    """Which of all they are; empty where they are all."""

    @property
    def note(self) -> Markup:
        """The words as they stand below a figure."""
        return prose(self.words) if self.words else Markup("")


def drawn_of(records: Sequence[TrialRecord], most: int) -> Drawn:
    """Return at most `most` trials, the same ones at each call."""
    if len(records) <= most:
        return Drawn(records=list(records), words="")
    scored = sorted((record for record in records if is_scored(record)), key=merit_of)
    best = scored[: most // BEST_SHARE]
    taken = {record.number for record in best}
    others = [record for record in records if record.number not in taken]
    places = np.linspace(0, len(others) - 1, most - len(best)).round().astype(int)
    chosen = sorted([*best, *(others[place] for place in places)], key=lambda record: record.number)
    words = (
        f"Drawn are {len(chosen):,} of {len(records):,} trials: the best {len(best):,}, and of the others some at even "
        "distances over the search."
    )
    return Drawn(records=chosen, words=words)

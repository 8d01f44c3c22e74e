"""Of very many trials, those whose predictions are read: so that a vote's time and memory are bounded."""

import itertools
from collections.abc import Callable, Sequence

from core.metrics import LOG_LOSS
from core.store.records import TrialRecord


def read_best(
    records: Sequence[TrialRecord], most: int | None, read: Callable[[Sequence[TrialRecord]], int]
) -> list[TrialRecord]:
    """Read trials until `most` of them can vote; where there are more, by the log-loss in their records, least first.

    Args:
        records: complete and pruned trials, in the order that breaks ties.
        most: to be read; None for all.
        read: reads the predictions of some, and returns how many of these can vote.

    Returns:
        Those that were not read.
    """
    is_too_many = most is not None and len(records) > most
    left = iter(sorted(records, key=_recorded_merit) if is_too_many else records)
    wanted = len(records) if most is None else most
    while batch := list(itertools.islice(left, wanted)):
        wanted -= read(batch)  # one that is left out makes room for the next
    return list(left)


def shortlist_in_words(num_read: int, num_unread: int) -> str:
    """Return which trials the candidates were, as the end of a sentence; nothing where they were all that could be."""
    if num_unread == 0:
        return ""
    return f"; looked at: the {num_read:,} of {num_read + num_unread:,} trials of least recorded log-loss"


def _recorded_merit(record: TrialRecord) -> float:
    """Return what sorts the better first."""
    assert record.best is not None, "complete and pruned records have epochs"
    return LOG_LOSS.sort_key(record.best.log_loss)

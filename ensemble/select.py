"""Which candidates vote."""

from collections.abc import Sequence
from functools import cmp_to_key

from core.metrics import Metric


def top_k(
    scores: Sequence[float],  # one a candidate, in the order that breaks ties
    k: int,
    metric: Metric,
) -> list[int]:
    """Return the positions of the k best scores, best first; all of them where there are fewer.

    Equal scores keep the order in which they came: the caller sorts candidates by trial number, so that the
    earlier trial wins. NaN comes after every number.
    """

    def compare(a: int, b: int) -> int:
        if metric.is_better(scores[a], than=scores[b]):
            return -1
        return 1 if metric.is_better(scores[b], than=scores[a]) else 0

    return sorted(range(len(scores)), key=cmp_to_key(compare))[:k]

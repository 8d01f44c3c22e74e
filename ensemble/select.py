"""Which candidates vote."""

import math
from collections.abc import Sequence

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
    keys = [(True, 0.0) if math.isnan(score) else (False, metric.sort_key(score)) for score in scores]
    return sorted(range(len(scores)), key=keys.__getitem__)[:k]

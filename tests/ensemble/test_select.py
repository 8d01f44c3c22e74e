import math

import pytest

from core.metrics import ACCURACY, LOG_LOSS, Metric
from ensemble.select import top_k


def test_top_k_takes_the_least_log_loss_first() -> None:
    assert top_k([0.3, 0.1, 0.2], 2, LOG_LOSS) == [1, 2]


def test_top_k_takes_the_highest_accuracy_first() -> None:
    assert top_k([0.3, 0.1, 0.2], 2, ACCURACY) == [0, 2]


@pytest.mark.parametrize("metric", [LOG_LOSS, ACCURACY])
def test_top_k_breaks_ties_by_who_came_first(metric: Metric) -> None:
    assert top_k([0.5, 0.5, 0.5, 0.5], 3, metric) == [0, 1, 2]


def test_top_k_breaks_a_tie_at_the_edge_by_who_came_first() -> None:
    assert top_k([0.2, 0.1, 0.2], 2, LOG_LOSS) == [1, 0]


def test_top_k_larger_than_what_there_is_takes_all() -> None:
    assert top_k([0.2, 0.1], 5, LOG_LOSS) == [1, 0]
    assert top_k([0.2], 1, LOG_LOSS) == [0]
    assert top_k([], 3, LOG_LOSS) == []


@pytest.mark.parametrize("metric", [LOG_LOSS, ACCURACY])
def test_top_k_puts_nan_last(metric: Metric) -> None:
    assert top_k([math.nan, 0.5, math.nan], 3, metric) == [1, 0, 2]

import math

import pytest

from core.html.ticks import even_ticks, log_axis, log_ticks


@pytest.mark.parametrize("low", [1e-6, 0.0153, 0.9, 3.0])
@pytest.mark.parametrize("factor", [1.0, 1.02, 1.5, 7.0, 300.0, 1e9])
def test_ticks_are_few_and_within_reach(low, factor):
    ticks = log_ticks([low, low * factor])
    assert 1 <= len(ticks) <= 7
    assert all(low * 0.85 <= tick <= low * factor * 1.15 for tick in ticks)
    assert ticks == sorted(set(ticks))


def test_ticks_by_hand():
    assert log_ticks([0.014, 2.3]) == [0.03, 0.1, 0.3, 1.0]
    assert log_ticks([0.02, 0.2]) == [0.02, 0.03, 0.05, 0.07, 0.1, 0.2]
    assert log_ticks([0.0, -1.0, math.inf]) == []
    assert even_ticks(0.0, 10.0) == [0, 2, 4, 6, 8, 10]


@pytest.mark.parametrize("values", [[0.0153276], [0.2, 0.2, 0.2], [0.2, 0.2000001], [7e-5], [123456.0, 123457.0]])
def test_values_that_are_alike_stand_in_the_middle_of_an_axis_with_ticks(values):
    axis = log_axis(values)
    low, high = (10**end for end in axis["range"])
    assert low * 1.05 < min(values) <= max(values) < high / 1.05
    assert len(axis["tickvals"]) >= 2
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in axis["tickvals"])
    assert axis["ticktext"] == list(dict.fromkeys(axis["ticktext"]))
    assert max(map(len, axis["ticktext"])) <= 7


def test_axis_over_different_values_or_none_has_no_range_of_its_own():
    assert "range" not in log_axis([0.1, 0.2])
    assert log_axis([]) == {"type": "log", "title": {"text": ""}, "tickvals": [], "ticktext": []}

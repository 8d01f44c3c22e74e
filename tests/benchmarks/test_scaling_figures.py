"""The shares of the ideal by hand: two nodes that sleep ten seconds a trial."""

from typing import Any

import pytest

from benchmarks.scaled_search import Order
from benchmarks.scaled_trials import Nap, Span
from benchmarks.scaling_figures import SizeFigures, figures_of


def figures(*spans: Span, loop_began: float) -> SizeFigures:
    order = Order(
        address="",
        data="",
        runs="",
        study="",
        trials=len(spans),
        epochs=1,
        nap=Nap(seconds=10, num_workers=2, place=""),
        mark="",
        found="",
    )
    samples = [
        {"at": at, "num_ended": num, "seconds": at, "main_thread_seconds": at, "megabytes": 100.0}
        for at, num in ((0.0, 0), (1.0, 1), (20.0, len(spans)))
    ]
    accounts = [{"at": at, "machine": at, "by_kind": {"workers": at, "raylets": 0.0}} for at in (0.0, 20.0)]
    found: dict[str, Any] = {"samples": samples, "accounts": accounts, "loop_began": loop_began}
    return figures_of(order, spans, found, vote_seconds=1.0)


def test_time_of_the_ideal_begins_with_the_first_trial_of_the_first_wave():
    first, late = Span(began=100, ended=111, node="a"), Span(began=103, ended=114, node="b")
    size = figures(
        first, late, Span(began=112, ended=123, node="a"), Span(began=115, ended=125, node="b"), loop_began=75
    )
    # 4 trials of 10 s on 2 nodes take 20 s at least, and took 25
    assert size.ideal == pytest.approx(20 / 25)
    assert size.ideal_with_start == pytest.approx(20 / 50)
    assert size.trials_an_hour == pytest.approx(3600 * 4 / 25)
    # asleep until the last one began, a sleep spread over its 11 s: 11 + 11 + 3 s of the 15 on each node
    assert size.ideal_steady == pytest.approx(25 * 10 / 11 / 15 / 2)
    assert size.ideal_most == 1
    assert size.gap_seconds == 1

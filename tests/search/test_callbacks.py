from types import SimpleNamespace
from typing import Any

from search.callbacks import MOST_HAND_OVER_SECONDS, HandOver

TRIAL: Any = SimpleNamespace(config={"trial": {"number": 7}})


def test_hand_over_is_under_way_from_a_suggestion_to_a_warm_worker_until_it_begins():
    begun: list[int] = []
    hand_over = HandOver(begun.append)
    hand_over.begin()
    assert not hand_over.is_under_way, "a cold worker takes seconds"
    hand_over.on_trial_complete(0, [], None)
    assert not hand_over.is_under_way
    hand_over.begin()
    assert hand_over.is_under_way
    hand_over.on_trial_start(0, [], TRIAL)
    assert not hand_over.is_under_way
    assert begun == [7]


def test_hand_over_that_never_ends_is_given_up(monkeypatch):
    now = 100.0
    monkeypatch.setattr("search.callbacks.time", SimpleNamespace(monotonic=lambda: now))
    hand_over = HandOver()
    hand_over.on_trial_complete(0, [], None)
    hand_over.begin()
    assert hand_over.is_under_way
    now += MOST_HAND_OVER_SECONDS
    assert not hand_over.is_under_way

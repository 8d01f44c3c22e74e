"""The law of the standings: whatever happens in whatever order, they are what sorting all records would give."""

import dataclasses
from statistics import median

import numpy as np
import pytest

from core.store.records import TrialRecord, TrialState
from search.standings import Standings, merit_of

from .conftest import epoch_report


class Recomputed:
    """Keeps records and the order of their ends, and sorts and counts when asked."""

    def __init__(self) -> None:
        self.records: dict[int, TrialRecord] = {}
        self.ends: list[TrialRecord] = []

    def assert_agrees(self, standings: Standings) -> None:
        records = [self.records[number] for number in sorted(self.records)]
        ranked = sorted((r for r in records if r.state in ("complete", "pruned")), key=merit_of)
        assert standings.records == records
        assert standings.ended == [r for r in records if r.has_ended]
        assert standings.num_ended == len(standings.ended)
        assert standings.failed == [r for r in records if r.state == "failed"]
        assert standings.ranked == ranked
        assert standings.best == (ranked[0] if ranked else None)
        assert standings.unranked == [r for r in records if r not in ranked]
        assert standings.ended_after(0) == self.ends
        assert standings.ended_after(len(self.ends) - 1) == self.ends[-1:]
        usual = median([r.epochs[-1].seconds for r in records if r.epochs] or [0.0])
        assert standings.usual_epoch_seconds == usual
        builders = {r.config.get("builder") for r in ranked}
        assert [standings.has_ranked(builder) for builder in (None, "mine:build")] == [
            None in builders,
            "mine:build" in builders,
        ]


@pytest.mark.parametrize("seed", range(8))
def test_standings_are_those_of_sorting_everything_after_any_events(seed: int) -> None:
    random = np.random.default_rng(seed)
    standings, expected, longest = Standings(), Recomputed(), None
    for _ in range(120):
        running = [record for record in expected.records.values() if not record.has_ended]
        failed = [record for record in expected.records.values() if record.state == "failed"]
        event = random.choice(["open", "epoch", "epoch", "end", "end", "fail", "leave"])
        if event == "leave" and failed:
            record = failed[random.integers(len(failed))]
            standings.leave(record.number)
            del expected.records[record.number]
            expected.ends.remove(record)
        elif event == "open" or not running:
            record = opened(int(random.integers(1000)), str(random.choice(["none", "mine:build"])))
            if record.number not in expected.records:
                take(record, standings, expected)
        else:
            record = running[random.integers(len(running))]
            seconds = float(random.choice([1.0, 2.0, 3.0, random.random()]))
            if event in ("epoch", "end"):
                longest = max(seconds, longest or 0.0)
                report = epoch_report(len(record.epochs) + 1, float(random.integers(1, 9)) / 8, seconds)
                record = dataclasses.replace(record, epochs=(*record.epochs, report))
            ends: dict[str, TrialState] = {"end": "pruned" if random.random() < 0.5 else "complete", "fail": "failed"}
            take(dataclasses.replace(record, state=ends.get(str(event), "running")), standings, expected)
        expected.assert_agrees(standings)
        assert standings.longest_epoch_seconds == longest


def opened(number: int, builder: str) -> TrialRecord:
    config = {} if builder == "none" else {"builder": builder}
    return TrialRecord(number=number, trial_id=f"t{number}", config=config, seed=0)


def take(record: TrialRecord, standings: Standings, expected: Recomputed) -> None:
    standings.enter(record)
    expected.records[record.number] = record
    if record.has_ended:
        expected.ends.append(record)


def test_a_number_is_in_the_standings_or_not() -> None:
    standings = Standings()
    standings.enter(opened(3, "none"))
    assert 3 in standings
    assert 4 not in standings

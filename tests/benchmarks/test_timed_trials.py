import json
from pathlib import Path
from types import SimpleNamespace

from benchmarks.timed_trials import OUTPUTS, TimedRun, TrialTime


def test_a_trials_fixed_cost_is_all_but_epochs_and_outputs() -> None:
    assert TrialTime(total=2.0, epochs=1.0, outputs=0.25).fixed == 0.75


def test_a_timed_run_notes_what_the_epochs_did_not_take(tmp_path: Path, monkeypatch) -> None:
    clock = iter([0.0, 1.5, 10.0, 12.0])
    monkeypatch.setattr("benchmarks.timed_trials.time", SimpleNamespace(perf_counter=lambda: next(clock)))
    epochs = iter([(SimpleNamespace(seconds=1.0), False), (SimpleNamespace(seconds=1.0), True)])
    run = TimedRun(SimpleNamespace(trainer="trainer", next_epoch=lambda: next(epochs)), str(tmp_path))
    assert run.trainer == "trainer"
    assert [run.next_epoch()[1] for _ in range(2)] == [False, True]
    assert json.loads((tmp_path / OUTPUTS).read_text()) == 1.5

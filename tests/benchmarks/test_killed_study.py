"""The watch over killed searches sees each fault that it is there for, in studies damaged by hand."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from benchmarks.killed_study import StudyWatch, leftovers, running_in_study
from core.config import Config, TrainConfig
from core.store.checkpoint import Checkpoint, write_checkpoint
from core.store.predictions import Predictions, write_predictions
from core.store.records import EpochReport, TrialRecord, write_record
from core.store.study import StudyFolder, trial_id_of


def report(epoch: int) -> EpochReport:
    return EpochReport(
        epoch=epoch, loss=1.0, train_accuracy=0.5, log_loss=0.5, accuracy=0.5, learning_rate=0.1, seconds=2.0
    )


class Study:
    """A folder of trials, written as a driver and its workers would."""

    def __init__(self, url: str) -> None:
        self.folder = StudyFolder(url)

    def write(self, number: int, num_epochs: int, *, state: str = "running", rate: float = 0.1, test: float = 0.5):
        record = TrialRecord(
            number=number,
            trial_id=trial_id_of(number),
            config=Config(train=TrainConfig(epochs=9, learning_rate=rate)).to_json(),
            seed=number,
            state=state,  # type: ignore[arg-type]
            epochs=tuple(report(epoch) for epoch in range(1, num_epochs + 1)),
        )
        write_record(self.folder.trial(record.trial_id).record, record)
        if state != "running":
            softmax = np.array([[test, 1 - test]], np.float32)
            url = self.folder.trial(record.trial_id).predictions
            predictions = Predictions(
                trial_id=record.trial_id, rows=np.arange(1), softmax=softmax, test_softmax=softmax, data="d"
            )
            write_predictions(url, predictions)

    def checkpoint(self, number: int, num_epochs: int, generation: int = 1):
        epochs = tuple(report(epoch) for epoch in range(1, num_epochs + 1))
        folder = self.folder.trial(trial_id_of(number))
        write_checkpoint(folder, generation, Checkpoint(state={"a": np.zeros(1)}, epochs=epochs))


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return Study(str(tmp_path / "killed"))


@pytest.fixture
def watch(study: Study) -> StudyWatch:
    return StudyWatch(folder=study.folder)


def kinds(watch: StudyWatch) -> list[str]:
    return [fault.kind for fault in watch.faults]


def test_watch_finds_no_fault_in_a_study_that_goes_on_as_it_should(study, watch):
    watch.look_after_kill()
    study.write(0, 1)
    study.checkpoint(0, 2)
    watch.look_after_kill()
    study.write(0, 3, state="complete")
    study.write(1, 0, rate=0.2)
    watch.look_at_ended()
    watch.look_after_kill()
    study.write(1, 1, state="pruned", rate=0.2)
    watch.look_at_end(num_trials=2)
    assert watch.faults == []
    assert watch.num_running_at_kills == 2


@pytest.mark.parametrize("change", [{"test": 0.6}, {"num_epochs": 2}, {"state": "pruned"}])
def test_watch_sees_that_an_ended_trial_changed(study, watch, change):
    study.write(0, 3, state="complete")
    watch.look_at_ended()
    study.write(**({"number": 0, "num_epochs": 3, "state": "complete"} | change))
    watch.look_after_kill()
    assert kinds(watch) == ["finished_lost"]


def test_watch_sees_that_an_ended_trial_runs_again(study, watch):
    study.write(0, 3, state="complete")
    watch.look_after_kill()
    study.write(0, 3)
    study.checkpoint(0, 3)
    watch.look_after_kill()
    assert kinds(watch) == ["finished_lost"]


def test_watch_sees_an_end_without_predictions(study, watch):
    study.write(0, 3, state="complete")
    Path(study.folder.trial("t000000").predictions).unlink()
    watch.look_after_kill()
    assert kinds(watch) == ["finished_lost"]


def test_watch_sees_a_record_that_is_ahead_of_the_checkpoint(study, watch):
    study.write(0, 2)
    study.checkpoint(0, 1)
    watch.look_after_kill()
    assert kinds(watch) == ["epochs_lost"]


def test_watch_takes_the_newest_readable_checkpoint(study, watch):
    study.write(0, 2)
    study.checkpoint(0, 3, generation=1)
    study.checkpoint(0, 1, generation=2)
    Path(study.folder.trial("t000000").checkpoint(3)).parent.mkdir()
    Path(study.folder.trial("t000000").checkpoint(3)).write_bytes(b"PK torn")
    watch.look_after_kill()
    assert watch.faults == []


def test_watch_sees_a_record_or_a_checkpoint_that_got_shorter(study, watch):
    study.write(0, 2)
    study.checkpoint(0, 3)
    watch.look_after_kill()
    study.write(0, 1)
    study.checkpoint(0, 2)
    watch.look_after_kill()
    assert kinds(watch) == ["epochs_lost", "epochs_lost"]


def test_watch_sees_a_trial_that_is_another_or_gone(study, watch):
    study.write(0, 0)
    study.write(1, 0, rate=0.2)
    watch.look_after_kill()
    study.write(0, 0, rate=0.3)
    Path(study.folder.trial("t000001").record).unlink()
    watch.look_after_kill()
    assert kinds(watch) == ["configs_lost", "configs_lost"]
    assert "t000000 is another trial than it was: config is" in watch.faults[0].words


def test_watch_lets_the_first_epoch_make_the_precision_definite(study, watch):
    study.write(0, 0)
    watch.look_after_kill()
    record = TrialRecord(number=0, trial_id="t000000", config={}, seed=0, epochs=(report(1),))
    config = Config(train=TrainConfig(epochs=9, learning_rate=0.1), precision="float32").to_json()
    write_record(study.folder.trial("t000000").record, dataclasses.replace(record, config=config))
    study.checkpoint(0, 1)
    watch.look_after_kill()
    assert watch.faults == []


def test_watch_sees_gaps_copies_and_trials_left_running_at_the_end(study, watch):
    study.write(0, 3, state="complete")
    study.write(2, 3, state="complete")
    study.write(3, 0, rate=0.2)
    watch.look_at_end(num_trials=3)
    assert sorted(kinds(watch)) == ["configs_duplicated", "configs_lost", "finished_lost", "left_running"]


def test_watch_compares_records_but_for_times_and_predictions_to_the_bit(study, watch, tmp_path):
    whole = Study(str(tmp_path / "whole"))
    for each in (study, whole):
        for number in range(3):
            each.write(number, 3, state="complete")
    watch.compare(whole.folder)
    assert watch.faults == []
    whole.write(1, 2, state="complete")
    whole.write(2, 3, state="complete", test=0.5000001)
    watch.compare(whole.folder)
    assert kinds(watch) == ["unequal", "unequal"]
    assert [fault.words[:7] for fault in watch.faults] == ["t000001", "t000002"]


def test_leftovers_are_half_written_files_and_checkpoints_of_ended_trials(study):
    study.write(0, 3, state="complete")
    study.write(1, 3)
    for number in (0, 1):
        study.checkpoint(number, 3)
    (Path(study.folder.trial("t000001").url) / ".softvote-01").write_text("{")
    found = [Path(path).relative_to(study.folder.trials).as_posix() for path in leftovers(study.folder)]
    assert found == ["t000001/.softvote-01", "t000000/checkpoint"]


def test_running_in_study_are_the_trials_whose_end_was_not_told():
    records = [
        TrialRecord(number=0, trial_id="t000000", config={}, seed=0, state="complete", epochs=(report(1),)),
        TrialRecord(number=1, trial_id="t000001", config={}, seed=0),
    ]
    assert running_in_study(records) == [1]

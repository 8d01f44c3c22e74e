import os
import threading
import time
from pathlib import Path

from benchmarks.sleepers import Sleep, SleepingTrial, Span, read_spans, seconds_between, wait_for_workers
from core.store.predictions import read_predictions
from core.store.study import StudyFolder


def test_a_sleeping_trial_leaves_predictions_and_its_span_after_the_last_epoch(tmp_path: Path) -> None:
    sleep = Sleep(study=str(tmp_path), num_workers=1, num_epochs=2, seconds=0.02)
    trial = SleepingTrial(sleep, "t000000")
    first, has_predictions = trial.next_epoch()
    assert (first.epoch, has_predictions) == (1, False)
    assert read_spans(StudyFolder(str(tmp_path))) == []
    second, has_predictions = trial.next_epoch()
    assert (second.epoch, has_predictions, second.seconds) == (2, True, 0.01)
    (span,) = read_spans(StudyFolder(str(tmp_path)))
    assert span.process == os.getpid()
    assert span.ended - span.began >= 0.02
    assert read_predictions(str(tmp_path / "trials/t000000/predictions.npz")).softmax.shape == (10, 10)


def test_a_worker_waits_until_the_others_are_there(tmp_path: Path) -> None:
    waiting = threading.Thread(target=wait_for_workers, args=(tmp_path, 2))
    waiting.start()
    time.sleep(0.05)
    assert waiting.is_alive()
    (tmp_path / "another").touch()
    waiting.join(timeout=10)
    assert not waiting.is_alive()


def test_gaps_are_between_trials_of_one_process() -> None:
    spans = [
        Span(process=1, began=0.0, ended=1.0),
        Span(process=2, began=0.5, ended=1.5),
        Span(process=1, began=1.25, ended=2.0),
        Span(process=2, began=2.0, ended=3.0),
        Span(process=1, began=2.125, ended=3.0),
    ]
    assert sorted(seconds_between(spans)) == [0.125, 0.25, 0.5]

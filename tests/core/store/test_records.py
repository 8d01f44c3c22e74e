import json
from pathlib import Path
from typing import Any

import pytest

from core.config import notebook_config
from core.errors import StoredFileError
from core.store.records import EpochReport, TrialRecord, read_record, write_record


def epoch(number: int, log_loss: float) -> EpochReport:
    return EpochReport(
        epoch=number,
        loss=0.5,
        train_accuracy=0.8,
        log_loss=log_loss,
        accuracy=0.9,
        learning_rate=1e-3,
        seconds=2.0,
    )


def record(**values: Any) -> TrialRecord:
    defaults: dict[str, Any] = {"number": 3, "trial_id": "t000003", "config": {}, "seed": 7}
    return TrialRecord(**(defaults | values))


def test_record_reads_back_as_it_was(tmp_path: Path) -> None:
    written = record(
        config=json.loads(json.dumps(notebook_config().to_json())),
        params={"learning_rate": 0.00123456789, "schedule": "cosine"},
        distributions={"learning_rate": '{"name": "FloatDistribution"}'},
        system_attrs={"completed_rung_0": 0.25},
        user_attrs={"source": "notebook"},
        state="pruned",
        epochs=(epoch(1, 0.3), epoch(2, 0.2)),
        node="host",
        generation=2,
        started=1.5,
        ended=2.5,
        error=None,
    )
    url = str(tmp_path / "trial.json")
    write_record(url, written)
    assert read_record(url) == written


def test_best_is_the_epoch_of_least_log_loss_and_the_earlier_of_a_tie() -> None:
    best = record(epochs=(epoch(1, 0.3), epoch(2, 0.2), epoch(3, 0.2), epoch(4, 0.4))).best
    assert best is not None
    assert best.epoch == 2
    assert record().best is None


def test_seconds_are_summed_over_epochs() -> None:
    assert record(epochs=(epoch(1, 0.3), epoch(2, 0.2))).seconds == 4.0


@pytest.mark.parametrize(
    ("state", "has_ended"), [("running", False), ("complete", True), ("pruned", True), ("failed", True)]
)
def test_has_ended_is_false_only_while_running(state: str, has_ended: bool) -> None:
    assert record(state=state).has_ended == has_ended


def test_record_torn_at_any_length_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "trial.json"
    write_record(str(path), record(epochs=(epoch(1, 0.3),)))
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:length])
        with pytest.raises(StoredFileError, match=r"trial\.json is torn"):
            read_record(str(path))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "must be a trial record of format 1, got 2. Use the version that wrote it"),
        ({"format": None}, "must be a trial record of format 1, got None"),
        ({"state": "done"}, "state must be one of running, complete, pruned, failed, got 'done'"),
        ({"epochs": 3}, "is no trial record"),
        ({"epochs": [{"epoch": 1}]}, "is no trial record"),
        ({"number": "three"}, "number must be a whole number"),
        ({"config": []}, "config an object"),
        ({"color": "red"}, "is no trial record"),
    ],
)
def test_a_foreign_record_is_refused_by_name(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "trial.json"
    write_record(str(path), record())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StoredFileError, match=f"trial.json .*{words}"):
        read_record(str(path))


def test_epochs_must_be_numbered_from_one(tmp_path: Path) -> None:
    url = str(tmp_path / "trial.json")
    write_record(url, record(epochs=(epoch(2, 0.2),)))
    with pytest.raises(StoredFileError, match="epochs must be numbered 1, 2, 3"):
        read_record(url)

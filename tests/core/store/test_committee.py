import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.committee import (
    ALL_ROWS,
    CommitteeFolder,
    CommitteePlan,
    read_plan,
    training_id_of,
    training_number,
    write_plan,
)

PLAN = CommitteePlan(
    num_folds=5,
    epochs=3,
    seed=7,
    views=9,
    members=({"trial": "t000002", "config": {"views": 1}}, {"trial": "t000000", "config": {}}),
    num_repeats=2,
)


@pytest.fixture
def folder(tmp_path: Path) -> CommitteeFolder:
    return CommitteeFolder(str(tmp_path))


def test_names_in_the_committees_folder_are_the_formats() -> None:
    folder = CommitteeFolder("runs/first")
    assert folder.plan == "runs/first/committee/plan.json"
    assert folder.trial("t000002-fold0-seed1").record == "runs/first/committee/t000002/fold0-seed1/trial.json"
    whole = folder.trial("t000002-all-seed0")
    assert whole.predictions == "runs/first/committee/t000002/all-seed0/predictions.npz"
    assert whole.predictions_of(9) == "runs/first/committee/t000002/all-seed0/predictions-views9.npz"


@pytest.mark.parametrize(
    ("trial", "fold", "repeat", "expected"),
    [
        ("t000002", 0, 0, "t000002-fold0-seed0"),
        ("t000002", 11, 3, "t000002-fold11-seed3"),
        ("t1234567", 98, 999, "t1234567-fold98-seed999"),
        ("t000000", ALL_ROWS, 2, "t000000-all-seed2"),
    ],
)
def test_id_and_number_of_a_training_say_the_same(
    folder: CommitteeFolder, trial: str, fold: int, repeat: int, expected: str
) -> None:
    trial_id = training_id_of(trial, fold, repeat)
    assert trial_id == expected
    assert folder.number_of(trial_id) == training_number(trial, fold, repeat)


def test_numbers_of_trainings_differ() -> None:
    numbers = [
        training_number(trial, fold, repeat)
        for trial in ("t000000", "t000001", "t000010")
        for fold in (0, 1, 98, ALL_ROWS)
        for repeat in (0, 1, 999)
    ]
    assert len(set(numbers)) == len(numbers)
    assert training_number("t000012", 3, 4) == 1_200_403


@pytest.mark.parametrize(
    "trial_id",
    [
        "",
        "t000002",
        "t000002-fold0",
        "t000002-fold-seed0",
        "t2-fold0-seed0",
        "t0000002-fold0-seed0",
        "t000002-fold01-seed0",
        "t000002-fold99-seed0",
        "t000002-fold0-seed00",
        "t000002-fold٣-seed0",
        "t000002-fold0-seed0-copy",
        "t000002-fold100-seed0",
        "t000002-fold0-seed1000",
    ],
)
def test_number_of_what_is_no_training_is_minus_one(folder: CommitteeFolder, trial_id: str) -> None:
    assert folder.number_of(trial_id) == -1


def test_trial_ids_are_those_of_the_folders_and_not_of_the_plan(folder: CommitteeFolder) -> None:
    assert folder.trial_ids() == []
    write_plan(folder.plan, PLAN)
    ids = ["t000000-fold0-seed0", "t000002-all-seed0", "t000002-fold0-seed0", "t000002-fold1-seed0"]
    for trial_id in reversed(ids):
        files.write_bytes(folder.trial(trial_id).record, b"{}")
    assert folder.trial_ids() == ids


def test_plan_is_read_as_it_was_written(folder: CommitteeFolder) -> None:
    write_plan(folder.plan, PLAN)
    assert read_plan(folder.plan) == PLAN


def test_plan_that_is_not_there_is_told_apart(folder: CommitteeFolder) -> None:
    with pytest.raises(FileNotFoundError):
        read_plan(folder.plan)


def test_torn_plan_is_refused_by_name(folder: CommitteeFolder) -> None:
    write_plan(folder.plan, PLAN)
    path = Path(folder.plan)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(StoredFileError, match=r"committee/plan\.json is torn or no JSON"):
        read_plan(folder.plan)


def test_plan_of_another_format_is_refused(folder: CommitteeFolder) -> None:
    files.write_json(folder.plan, {"format": 2, **dataclasses.asdict(PLAN)})
    with pytest.raises(StoredFileError, match=r"plan of format 1, got 2\. Use the version that wrote it"):
        read_plan(folder.plan)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"more": 1}, "unexpected keyword argument 'more'"),
        ({"members": None}, "not iterable"),
        ({"members": ["t000002"]}, "each member must have a trial's id and a config"),
        ({"members": [{"trial": "t000002"}]}, "each member must have a trial's id and a config"),
        ({"members": [{"config": {}}]}, "each member must have a trial's id and a config"),
        ({"members": [{"trial": "t2", "config": {}}]}, "each member must have a trial's id and a config"),
        ({"members": [{"trial": "t000002", "config": []}]}, "each member must have a trial's id and a config"),
        ({"members": [PLAN.members[0], PLAN.members[0]]}, "each trial must be a member once"),
        ({"num_folds": 1}, "folds must be 2 to 98, epochs 1 or more, repeats 1 to 1000"),
        ({"num_folds": ALL_ROWS}, "folds must be 2 to 98"),
        ({"epochs": 0}, "epochs 1 or more"),
        ({"num_repeats": 0}, "repeats 1 to 1000"),
        ({"num_repeats": 1001}, "repeats 1 to 1000"),
        ({"views": 9.5}, "folds, epochs, seed, views and repeats must be whole numbers"),
        ({"seed": True}, "folds, epochs, seed, views and repeats must be whole numbers"),
    ],
)
def test_what_is_no_plan_is_refused_with_the_way_out(
    folder: CommitteeFolder, changes: dict[str, Any], words: str
) -> None:
    files.write_json(folder.plan, {"format": 1, **dataclasses.asdict(PLAN), **changes})
    with pytest.raises(StoredFileError) as refused:
        read_plan(folder.plan)
    assert str(refused.value).startswith(f"{folder.plan} is no committee's plan: ")
    assert words in str(refused.value)
    assert str(refused.value).endswith(f"Restore it from a copy, or delete {folder.committee}")


def test_a_plan_that_lacks_a_number_is_refused(folder: CommitteeFolder) -> None:
    raw = {"format": 1, **dataclasses.asdict(PLAN)}
    del raw["epochs"]
    Path(folder.committee).mkdir()
    Path(folder.plan).write_text(json.dumps(raw))
    with pytest.raises(StoredFileError, match="missing 1 required keyword-only argument: 'epochs'"):
        read_plan(folder.plan)

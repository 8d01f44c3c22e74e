from pathlib import Path
from typing import Any

import pytest

from core.config import Config
from core.errors import StudyError
from core.seeds import derive_seed
from core.store.committee import ALL_ROWS, CommitteeFolder, CommitteePlan, read_plan, write_plan
from search.committee.plan import grown_plan, read_plan_if_any, refits_of, trainings_of
from search.settings import SearchSettings
from tests.search.committee.making import config_of, record_of, split_of


def settings_of(**changes: Any) -> SearchSettings:
    asked: dict[str, Any] = {"data": "digits.zip", "study": "first", "committee": 2, "folds": 2}
    return SearchSettings(**(asked | changes))


def plan_of(*numbers: int, earlier: CommitteePlan | None = None, epochs: int = 6, **changes: Any) -> CommitteePlan:
    """Return the plan for trials of these numbers, as many as there are unless told otherwise."""
    asked = settings_of(**({"committee": len(numbers)} | changes))
    return grown_plan(earlier, [record_of(number) for number in numbers], asked, epochs)


def trials_of(plan: CommitteePlan) -> list[str]:
    return [member["trial"] for member in plan.members]


def test_first_plan_is_what_the_settings_ask_for() -> None:
    plan = plan_of(2, 0, seed=7, repeats=3, committee_views=5)
    assert trials_of(plan) == ["t000002", "t000000"]
    assert (plan.num_folds, plan.epochs, plan.seed, plan.views, plan.num_repeats) == (2, 6, 7, 5, 3)


def test_plan_takes_no_more_than_are_asked_for() -> None:
    assert trials_of(plan_of(2, 0, 1, committee=2)) == ["t000002", "t000000"]


def test_planned_configuration_has_the_committees_epochs_and_a_schedule_that_sees_no_fold() -> None:
    record = record_of(0, config=config_of(0, schedule="plateau", epochs=20, learning_rate=2e-3))
    record.config["precision"] = "bfloat16"  # what `auto` came to where it was trained
    plan = grown_plan(None, [record], settings_of(), 6)
    planned, before = Config.from_json(plan.members[0]["config"]), Config.from_json(record.config)
    assert (planned.train.schedule, planned.train.epochs, planned.precision) == ("cosine", 6, "auto")
    assert (planned.train.learning_rate, planned.model, planned.augment) == (2e-3, before.model, before.augment)


def test_plan_grows_by_further_configurations_and_keeps_those_it_has() -> None:
    plan = plan_of(2, 0)
    grown = plan_of(0, 3, 1, 2, earlier=plan, committee=3)
    assert grown.members[:2] == plan.members
    assert trials_of(grown) == ["t000002", "t000000", "t000003"]
    assert plan_of(3, 1, earlier=plan, committee=1) == plan  # fewer are no reason to forget any
    assert grown_plan(plan, [], settings_of(), 6) == plan


def test_plan_grows_by_repeats_and_never_shrinks() -> None:
    plan = plan_of(0, repeats=2)
    assert plan_of(0, earlier=plan, repeats=3).num_repeats == 3
    assert plan_of(0, earlier=plan, repeats=1).num_repeats == 2


def test_plan_takes_no_trial_whose_configuration_it_has_from_another() -> None:
    plan = plan_of(0)
    twin = record_of(1, config=config_of(0, schedule="cosine"))
    assert trials_of(grown_plan(plan, [twin, record_of(2)], settings_of(), 6)) == ["t000000", "t000002"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"folds": 3}, "was begun with --folds 2, got --folds 3"),
        ({"epochs": 7}, "was begun with --committee-epochs 6, got --committee-epochs 7"),
        ({"committee_views": 5}, "was begun with --committee-views 9, got --committee-views 5"),
    ],
)
def test_plan_of_other_folds_epochs_or_views_is_refused(changes: dict[str, Any], words: str) -> None:
    plan = plan_of(0)
    with pytest.raises(StudyError) as refused:
        plan_of(0, 1, earlier=plan, **changes)
    assert str(refused.value) == (
        f"the committee of study first {words}. Take that back, or delete the study's folder committee/"
    )


def test_plan_that_is_written_is_found_by_the_next_start(tmp_path: Path) -> None:
    folder, plan = CommitteeFolder(str(tmp_path)), plan_of(2, 0)
    assert read_plan_if_any(folder) is None
    write_plan(folder.plan, plan)
    assert read_plan_if_any(folder) == plan == read_plan(folder.plan)


def test_trainings_come_repeat_by_repeat_and_each_configurations_folds_together() -> None:
    trainings = trainings_of(plan_of(2, 0, repeats=2), (split_of(50), split_of(51)))
    assert [training.trial_id for training in trainings] == [
        "t000002-fold0-seed0",
        "t000002-fold1-seed0",
        "t000000-fold0-seed0",
        "t000000-fold1-seed0",
        "t000002-fold0-seed1",
        "t000002-fold1-seed1",
        "t000000-fold0-seed1",
        "t000000-fold1-seed1",
    ]
    assert [training.split for training in trainings] == [0, 1] * 4
    assert all(training.is_scored for training in trainings)
    folder = CommitteeFolder("runs/first")
    assert [training.number for training in trainings] == [folder.number_of(one.trial_id) for one in trainings]


def test_seed_of_a_training_is_its_own_whoever_else_is_planned() -> None:
    splits = (split_of(50), split_of(50))
    plan = plan_of(2, 0, seed=5, repeats=2)
    trainings = trainings_of(plan, splits)
    assert len({training.seed for training in trainings}) == 8
    assert trainings[0].seed == derive_seed(5, "committee", trainings[0].number)
    alone = {training.trial_id: training.seed for training in trainings_of(plan_of(0, seed=5), splits)}
    assert alone.items() <= {training.trial_id: training.seed for training in trainings}.items()
    others = {training.seed for training in trainings_of(plan_of(2, 0, seed=6, repeats=2), splits)}
    assert not others & {training.seed for training in trainings}


def test_batch_of_a_training_is_no_larger_than_its_fold_leaves_rows() -> None:
    trainings = trainings_of(plan_of(0), (split_of(12), split_of(50)))
    assert [training.config.train.batch_size for training in trainings] == [12, 16]


def test_refits_are_of_the_configurations_that_vote_on_every_row() -> None:
    plan = plan_of(2, 0, 1, repeats=2)
    refits = refits_of(plan, {"t000001", "t000002"}, (split_of(60),))
    assert [training.trial_id for training in refits] == [
        "t000002-all-seed0",
        "t000001-all-seed0",
        "t000002-all-seed1",
        "t000001-all-seed1",
    ]
    assert {(training.split, training.is_scored) for training in refits} == {(0, False)}
    assert [training.number % 100 for training in refits] == [ALL_ROWS] * 4
    folds = {training.seed for training in trainings_of(plan, (split_of(50),) * 2)}
    assert len(folds | {training.seed for training in refits}) == 12 + 4
    assert refits_of(plan, set(), (split_of(60),)) == []

"""The vote over several studies: that of one study which has all their trials."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.predictions import write_predictions
from ensemble.export import export_result
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.committees import CommitteeMaker
from tests.ensemble.conftest import Command, StudyMaker, tear
from tests.ensemble.studies import (
    ALL,
    FEW,
    MANY,
    TESTS,
    both_in_one,
    make_study,
    make_two,
    outputs_of,
    renamed,
    weights_of,
)


def vote(*studies: StudyMaker, **settings: Any) -> VoteResult:
    given: dict[str, Any] = {"num_repeats": 1, "method": "mean"} | settings
    first, *others = (study.url for study in studies)
    return vote_study(EnsembleSettings(study=first, other_studies=tuple(others), **given))


def add_committee(study: StudyMaker, *places: int, num_folds: int = 3, num: int = 9) -> CommitteeMaker:
    """Write a committee of the first `num` of these places, of trials numbered from 0; folds are blocks of rows."""
    rows = np.arange(len(study.data.labels))
    maker = CommitteeMaker(study, *range(len(places)), folds=np.array_split(rows, num_folds))
    for number, place in enumerate(places[:num]):
        maker.add(number, ALL[place, rows], [TESTS[place]] * num_folds)
    return maker


def honest_of(result: VoteResult) -> Any:
    assert result.estimate is not None
    return dataclasses.asdict(result.estimate)


@pytest.mark.parametrize("settings", [{"method": "auto"}, {"top_k": 3}, {"method": "weighted"}])
def test_a_vote_over_two_studies_is_that_of_one_with_the_trials_of_both(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    one, names = both_in_one(tmp_path, MANY)
    expected, result = vote(one, **settings), vote(*make_two(tmp_path, MANY), **settings)
    assert weights_of(result) == [(names[trial], weight) for trial, weight in weights_of(expected)]
    assert (result.vote, result.best.scores) == (expected.vote, expected.best.scores)
    assert honest_of(result) == honest_of(expected)
    np.testing.assert_array_equal(result.test_softmax, expected.test_softmax)
    of_both, of_one = outputs_of(result), outputs_of(expected)
    assert of_both[2] == of_one[2]
    assert of_both[0] == renamed(of_one[0], names)
    assert result.warnings == ()


def test_the_order_of_studies_changes_nothing(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    third = make_study(tmp_path / "third", 0, 4)  # what the others have too
    written = [
        outputs_of(vote(*studies, out=str(tmp_path / "out")))
        for studies in ((first, second, third), (third, second, first), (second, first, third))
    ]
    assert written[0] == written[1] == written[2]


def test_ties_go_to_the_study_that_is_first_by_name(tmp_path: Path) -> None:
    b, a = make_study(tmp_path / "b", 2, first=0), make_study(tmp_path / "a", 2, first=7)
    slightly_other = b.folder.trial("t000000").predictions
    write_predictions(
        slightly_other, b.predictions("t000000", ALL[2, b.data.holdout_rows], TESTS[3])
    )  # as good, no twin
    assert [member for member, _ in weights_of(vote(b, a, top_k=1))] == ["a/t000007"]


def test_what_is_written_names_all_studies_and_no_study_s_own_vote_is_touched(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    before = [outputs_of(vote(study)) for study in (first, second)]
    result = vote(second, first)
    assert result.members_csv == f"{second.url}/ensemble-first+second/members.csv"
    written = json.loads(files.read_bytes(result.ensemble_json))
    counts = [{"running": 0, "complete": complete, "pruned": 1, "failed": 0} for complete in (3, 4)]
    assert written["studies"] == [
        {"name": name, "url": study.url, "generation": 1, "num_by_state": num}
        for name, study, num in zip(("first", "second"), (first, second), counts, strict=True)
    ]
    assert "study" not in written
    assert [
        [
            files.read_bytes(f"{study.url}/ensemble/{name}")
            for name in ("members.csv", "ensemble.json", "submission.csv")
        ]
        for study in (first, second)
    ] == before


def test_the_screen_names_the_studies_and_whose_trials_vote(tmp_path: Path, command: Command) -> None:
    first, second = make_two(tmp_path)
    code, out, err = command(first.url, second.url, "--top-k", "9")
    assert (code, err) == (0, "")
    assert out.splitlines()[:3] == [
        "first + second: 9 trials (7 complete, 2 pruned), 9 vote",
        f"  first: {first.url}, 4 trials (3 complete, 1 pruned), 4 vote",
        f"  second: {second.url}, 5 trials (4 complete, 1 pruned), 5 vote",
    ]
    assert "second/t000004" in out
    assert f"wrote {first.url}/ensemble-first+second/submission.csv (7 rows, read again and checked)" in out


def test_studies_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    one, other = make_study(tmp_path / "mon/first", 0), make_study(tmp_path / "tue/first", 1)
    result = vote(other, one, top_k=2)
    assert {member for member, _ in weights_of(result)} == {"mon/first/t000000", "tue/first/t000000"}
    assert result.members_csv == f"{other.url}/ensemble-mon-first+tue-first/members.csv"


def test_a_damaged_file_costs_its_trial_and_not_the_other_studies(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    torn = second.folder.trial("t000001")
    tear(torn.predictions, 300)
    tear(second.folder.trial("t000002").record, 10)
    result = vote(first, second, top_k=9)
    assert len(result.voters) == 7
    assert len(result.warnings) == 3
    assert result.warnings[0].startswith("second: trial t000002 is left out: ")
    assert result.warnings[1].startswith(f"second: trial t000001 is left out: {torn.predictions} is torn")
    assert result.warnings[1].endswith("copy. Once deleted, the same search, started again, trains it anew")


def test_predictions_of_other_data_still_stop_the_vote(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    foreign = second.add_trial(9, ALL[0, second.data.holdout_rows], TESTS[0], data="other").predictions
    with pytest.raises(StoredFileError, match=f"{foreign} must be of the study's data set"):
        vote(first, second)


def test_an_added_member_votes_beside_several_studies(tmp_path: Path) -> None:
    first, second = make_study(tmp_path / "first", 0, 1), make_study(tmp_path / "second", 4)
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, first.predictions("theirs", ALL[8, first.data.holdout_rows], TESTS[8]))
    result = vote(first, second, top_k=1, add_member=(url,))
    assert len(result.voters) == 2
    assert url in dict(weights_of(result))


@pytest.mark.parametrize("num_folds", [3, 5])
def test_committees_vote_as_one_study_s_whatever_their_folds(tmp_path: Path, num_folds: int) -> None:
    first, second = make_two(tmp_path, MANY)
    add_committee(first, 0, 1)
    add_committee(second, 4, 5, num_folds=num_folds)
    one = make_study(tmp_path / "both", 0, 1, 4, 5, data=MANY)
    add_committee(one, 0, 1, 4, 5)
    expected, result = vote(one), vote(first, second)
    names = ["first/t000000", "first/t000001", "second/t000000", "second/t000001"]
    in_one = {f"t00000{number}": name for number, name in enumerate(names)}
    assert weights_of(result) == [(in_one[trial], weight) for trial, weight in weights_of(expected)]
    assert (result.vote, result.rows.kind) == (expected.vote, "out-of-fold")
    assert honest_of(result) == honest_of(expected)
    assert outputs_of(result)[2] == outputs_of(expected)[2]


def test_a_committee_of_one_study_votes_and_the_study_without_is_named(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    add_committee(second, 4, 5)
    result = vote(first, second)
    assert {member.member_id for member in result.members} == {"second/t000000", "second/t000001"}
    assert result.warnings == (
        f"{first.url} has no committee and does not vote: its trials are scored on its holdout alone, the committees "
        "on all rows. Train one with `python -m search --committee K`, or vote with --among trials",
    )
    assert vote(first, second, among="trials", top_k=9).warnings == ()


def test_one_whole_configuration_in_each_of_two_committees_is_enough_for_a_vote(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    add_committee(first, 0, 1, num=1)
    assert vote(first).rows.kind == "holdout"
    add_committee(second, 4, 5, num=1)
    result = vote(first, second)
    assert {member.member_id for member in result.members} == {"first/t000000", "second/t000000"}
    assert [words[:30] for words in result.warnings] == [
        "first: t000001 of the committe",
        "second: t000001 of the committ",
    ]


def test_a_damaged_training_costs_its_configuration_alone(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    add_committee(first, 0, 1)
    torn = add_committee(second, 4, 5).folder.trial("t000001-fold1-seed0").predictions
    tear(torn, 300)
    result = vote(first, second)
    assert len(result.members) == 3
    assert result.warnings[0].startswith(f"second: t000001 of the committee is left out: {torn} is torn")


def test_a_refit_takes_each_study_s_own_trainings_on_every_row(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    committees = add_committee(first, 0), add_committee(second, 4)
    committees[0].add_refit(0, TESTS[1])
    with pytest.raises(StudyError, match="--refit needs second/t000000 trained on every row, and it is not"):
        vote(first, second, refit=True, top_k=2)
    committees[1].add_refit(0, TESTS[5])
    result = vote(first, second, refit=True, top_k=2)
    np.testing.assert_allclose(result.test_softmax, (TESTS[1] + TESTS[5]) / 2, rtol=1e-6)


def test_a_committee_asked_for_that_no_study_has_is_refused(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    with pytest.raises(StudyError, match=f"--among committee needs .*, and {first.url} and {second.url} have none"):
        vote(second, first, among="committee")


def test_an_export_looks_for_each_model_in_its_own_study(tmp_path: Path) -> None:
    first, second = make_study(tmp_path / "first", 1), make_study(tmp_path / "second", 0)
    for study in (first, second):
        Path(study.folder.trial("t000000").model).write_bytes(b"kept")
    result = vote(first, second, top_k=2)
    assert {url for member in result.voters for url in member.model_urls} == {
        study.folder.trial("t000000").model for study in (first, second)
    }
    files.remove(second.folder.trial("t000000").model)
    with pytest.raises(StudyError, match=f"{second.folder.trial('t000000').model} was not kept"):
        export_result(result, str(tmp_path / "exported"))


def test_studies_on_a_disk_and_on_an_object_store_vote_together(tmp_path: Path) -> None:
    one, names = both_in_one(tmp_path)
    first, _ = make_two(tmp_path)
    try:
        second = make_study("memory://test_run_studies/second", 4, 5, 6, 7, 8)
        result = vote(second, first)
        assert result.members_csv == "memory://test_run_studies/second/ensemble-first+second/members.csv"
        assert outputs_of(result)[0] == renamed(outputs_of(vote(one))[0], names)
    finally:
        files.remove("memory://test_run_studies")


def test_data_of_several_studies_is_that_of_each(tmp_path: Path) -> None:
    result = vote(*make_two(tmp_path))
    written = json.loads(files.read_bytes(result.ensemble_json))
    assert (written["data"], written["split"]) == (FEW.fingerprint, FEW.split)
    assert written["num_trials"]["complete"] == 7

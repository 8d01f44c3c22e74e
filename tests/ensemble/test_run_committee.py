"""The vote over a committee: two configurations over two folds of six rows, by hand.

True classes' probabilities, and the log-loss by hand:

    ONE    .9 .8 .7 .6 .5 .4    -ln(.06048) / 6 = .467574
    TWO    .5 .6 .7 .8 .9 .6    -ln(.09072) / 6 = .399996
    mean   .7 .7 .7 .7 .7 .5    -ln(.084035) / 6 = .412754
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import StoredFileError, StudyError
from core.store import files
from core.store.predictions import write_predictions
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.committees import FOLDS, CommitteeMaker, softmax_of
from tests.ensemble.conftest import DATA, TEST_A, TEST_B, WORST, A, B, Command, StudyMaker

TRUE_ONE, TRUE_TWO = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4], [0.5, 0.6, 0.7, 0.8, 0.9, 0.6]
ONE, TWO = softmax_of(TRUE_ONE, DATA.labels), softmax_of(TRUE_TWO, DATA.labels)


@pytest.fixture
def maker(study: StudyMaker) -> CommitteeMaker:
    """Return a study of two trials whose committee is planned and not trained."""
    study.add_trial(0, A)
    study.add_trial(1, B)
    return CommitteeMaker(study, 0, 1)


@pytest.fixture
def whole(maker: CommitteeMaker) -> CommitteeMaker:
    """Return that committee, trained."""
    maker.add(0, ONE, (TEST_A, TEST_A))
    maker.add(1, TWO, (TEST_A, TEST_B))
    return maker


def vote(maker: CommitteeMaker, **settings: Any) -> VoteResult:
    return vote_study(EnsembleSettings(study=maker.study.url, **settings))


def ids_of(result: VoteResult) -> list[str]:
    return [member.member_id for member in result.members]


def test_vote_of_a_committee_is_what_it_is_by_hand(whole: CommitteeMaker) -> None:
    result = vote(whole, top_k=2)
    assert ids_of(result) == ["t000001", "t000000"]
    assert [member.scores.log_loss for member in result.members] == [
        pytest.approx(-math.log(np.prod(true)) / 6, rel=1e-6) for true in (TRUE_TWO, TRUE_ONE)
    ]
    assert result.vote.log_loss == pytest.approx(-math.log(0.084035) / 6, rel=1e-6)
    assert (result.vote.num_rows, result.vote.num_errors, result.rows.kind) == (6, 0, "out-of-fold")
    # ONE's test rows are A's, TWO's the mean of A's and B's
    np.testing.assert_allclose(result.test_softmax, (3 * TEST_A + TEST_B) / 4, rtol=1e-6)
    assert result.num_by_state["complete"] == 2
    assert result.warnings == ()
    written = json.loads(files.read_bytes(result.ensemble_json))
    assert (written["rows"], written["num_rows"], written["vote"]["scored_on"]) == ("out-of-fold", 6, "out-of-fold")
    assert {member["state"] for member in written["members"]} == {"committee"}


def test_a_configuration_that_does_not_vote_is_named_with_weight_0(whole: CommitteeMaker) -> None:
    result = vote(whole, top_k=1)
    assert [(member.member_id, member.weight) for member in result.members] == [("t000001", 1.0), ("t000000", 0.0)]
    assert [member.member_id for member in result.voters] == ["t000001"]
    lines = files.read_bytes(result.members_csv).decode().splitlines()
    assert lines[2].startswith("t000000,committee,3,0.467574,1.000000,0,0.000000,,,,,1,")


def test_among_trials_the_committee_has_no_say(whole: CommitteeMaker) -> None:
    result = vote(whole, top_k=2, among="trials")
    assert (result.rows.kind, result.vote.num_rows) == ("holdout", 3)
    assert {member.state for member in result.members} == {"complete"}
    assert result.warnings == ()


@pytest.mark.parametrize("num_trained", [0, 1])
def test_a_committee_that_has_just_begun_leaves_the_vote_to_the_trials_and_says_so(
    maker: CommitteeMaker, num_trained: int
) -> None:
    for number in range(num_trained):
        maker.add(number, ONE)
    result = vote(maker, top_k=2)
    assert result.rows.kind == "holdout"
    assert result.warnings == (
        f"the committee has no vote yet: {num_trained} of its configurations are trained on all folds, and it takes 2. "
        "Start the search again to go on",
    )


def test_a_committee_of_one_votes_once_it_is_whole(study: StudyMaker) -> None:
    study.add_trial(0, A)
    maker = CommitteeMaker(study, 0)
    maker.add(0, ONE)
    assert (vote(maker).rows.kind, vote(maker).warnings) == ("out-of-fold", ())


def test_a_committee_votes_with_what_is_whole_and_says_what_is_not(study: StudyMaker) -> None:
    study.add_trial(0, A)
    maker = CommitteeMaker(study, 0, 1, 2)
    for number in (0, 2):
        maker.add(number, ONE)
    maker.add_training(1, 0, TWO[FOLDS[0]])
    result = vote(maker)
    assert ids_of(result) == ["t000000", "t000002"]
    assert result.warnings == (
        "t000001 of the committee is left out: not all of its 2 folds have ended with their predictions. "
        "Start the search again to go on",
    )


def test_among_committee_takes_the_one_configuration_that_is_whole(maker: CommitteeMaker) -> None:
    maker.add(0, ONE)
    result = vote(maker, among="committee")
    assert (ids_of(result), result.rows.kind) == (["t000000"], "out-of-fold")
    assert "t000001 of the committee is left out" in result.warnings[0]


@pytest.mark.parametrize("has_plan", [True, False])
@pytest.mark.parametrize(
    ("settings", "option"), [({"among": "committee"}, "--among committee"), ({"refit": True}, "--refit")]
)
def test_a_committee_that_is_asked_for_and_is_not_there_is_an_error(
    study: StudyMaker, command: Command, has_plan: bool, settings: dict[str, Any], option: str
) -> None:
    study.add_trial(0, A)
    if has_plan:
        CommitteeMaker(study, 0)
    with pytest.raises(StudyError) as refused:
        vote_study(EnsembleSettings(study=study.url, **settings))
    assert str(refused.value) == (
        f"{option} needs a committee of which a configuration is trained on all folds, and {study.url} has none. "
        "Train one with `python -m search --committee K`, or start it again to go on"
    )
    code, _, err = command(study.url, *option.split())
    assert (code, err.count("\n")) == (2, 1)
    assert option in err


def test_top_k_of_more_configurations_than_there_are_says_so(whole: CommitteeMaker) -> None:
    assert vote(whole, top_k=5).warnings == ("--top-k 5 asks for more configurations than can vote: taking all 2",)


def test_views_vote_for_their_member_where_they_help(study: StudyMaker) -> None:
    study.add_trial(0, A)
    maker = CommitteeMaker(study, 0, 1, views=9)
    better = softmax_of([0.95, 0.9, 0.8, 0.7, 0.6, 0.5], DATA.labels)  # than ONE, on every row
    maker.add(0, ONE, more=better)
    maker.add(1, TWO, more=TWO)
    result = vote(maker, top_k=2)
    assert {(member.member_id, member.views, member.trial_id) for member in result.voters} == {
        ("t000000 (9 views)", 9, "t000000"),
        ("t000001", 1, "t000001"),
    }
    assert result.warnings == ()
    np.testing.assert_allclose(result.softmax, (better + TWO) / 2, rtol=1e-6)
    assert vote(maker, top_k=4).warnings == ("--top-k 4 asks for more configurations than can vote: taking all 2",)


def test_refit_predicts_the_test_rows_anew_and_changes_no_score(whole: CommitteeMaker, command: Command) -> None:
    before = vote(whole, top_k=1)
    whole.add_refit(1, TEST_B)  # the other one does not vote and is not trained again
    result = vote(whole, top_k=1, refit=True)
    assert (result.vote, result.best.scores) == (before.vote, before.best.scores)
    np.testing.assert_allclose(result.test_softmax, TEST_B, rtol=1e-6)
    assert result.refit
    assert json.loads(files.read_bytes(result.ensemble_json))["refit"] is True
    code, out, _ = command(whole.study.url, "--top-k", "1", "--refit")
    assert code == 0
    assert "such a vote has no honest score of its own" in " ".join(out.split())


def test_refit_of_a_member_that_is_not_trained_on_every_row_is_an_error(
    whole: CommitteeMaker, command: Command
) -> None:
    words = "--refit needs t000001 trained on every row, and it is not. Start the search again with --refit"
    with pytest.raises(StudyError, match=words):
        vote(whole, top_k=1, refit=True)
    code, _, err = command(whole.study.url, "--top-k", "1", "--refit")
    assert (code, err.count("\n")) == (2, 1)


def test_an_added_member_beside_a_committee_must_have_every_row(whole: CommitteeMaker, tmp_path: Path) -> None:
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, whole.study.predictions("theirs", WORST))
    with pytest.raises(
        StoredFileError, match=r"must hold each of the study's 6 train rows once, got 3 rows, 3 of them"
    ):
        vote(whole, add_member=(url,))
    write_predictions(url, whole.study.predictions("theirs", ONE, TEST_B, rows=np.arange(6)))
    assert url in ids_of(vote(whole, top_k=1, add_member=(url,)))


def test_the_same_vote_of_a_committee_twice_writes_the_same_bytes(whole: CommitteeMaker) -> None:
    written = []
    for _ in range(2):
        result = vote(whole)
        written.append([files.read_bytes(url) for url in (result.members_csv, result.ensemble_json)])
    assert written[0] == written[1]

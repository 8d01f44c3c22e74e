from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ensemble.choice import Choice
from ensemble.choosers import METHODS
from ensemble.members import Candidate
from ensemble.method import method_of
from ensemble.settings import EnsembleSettings
from tests.ensemble.votes import two_classes

GOOD, FAIR, POOR = [0.9, 0.8, 0.9, 0.7], [0.8, 0.7, 0.8, 0.6], [0.3, 0.2, 0.1, 0.3]


def candidate_of(member_id: str, **fields: Any) -> Candidate:
    made: dict[str, Any] = {"urls": (), "digests": (), "state": "complete", "epoch": 1, "config": {}}
    return Candidate(member_id=member_id, softmax=np.zeros((0, 2)), **(made | fields))


def choose(
    candidates: Sequence[Candidate], true: Sequence[Sequence[float]], repeats: int = 1, **settings: Any
) -> Choice:
    softmax, labels = two_classes(true, repeats)
    return method_of(EnsembleSettings(study="runs/first", **settings), candidates)(softmax, labels, 0)


@pytest.mark.parametrize("name", ["mean", "logits", "greedy", "weighted"])
def test_a_named_method_is_that_method(name: str) -> None:
    candidates = [candidate_of(f"t00000{number}") for number in range(3)]
    softmax, labels = two_classes([GOOD, FAIR, POOR], repeats=5)
    expected = METHODS[name](softmax, labels, 0)
    choice = choose(candidates, [GOOD, FAIR, POOR], repeats=5, method=name)
    np.testing.assert_array_equal(choice.weights, expected.weights)
    assert (choice.of_logits, choice.reason) == (name == "logits", expected.reason)


def test_auto_of_one_member_is_its_mean() -> None:
    choice = choose([candidate_of("t000000")], [GOOD], repeats=9)
    assert choice.weights.tolist() == [1]
    assert choice.reason.startswith("mean: ")


def test_auto_of_one_member_over_two_counts_of_views_is_its_mean() -> None:
    candidates = [candidate_of("t000000"), candidate_of("t000000 (9 views)", plain_id="t000000")]
    assert choose(candidates, [FAIR, GOOD], repeats=9).weights.tolist() == [0, 1]
    assert choose(candidates, [GOOD, FAIR], repeats=9).weights.tolist() == [1, 0]


def test_auto_of_several_says_how_it_came_to_its_method() -> None:
    candidates = [candidate_of(f"t00000{number}") for number in range(3)]
    choice = choose(candidates, [GOOD, FAIR, POOR], repeats=9)
    assert choice.weights.sum() == pytest.approx(1)
    assert choice.reason.split(":")[0] in METHODS


@pytest.mark.parametrize(("method", "of_logits"), [("auto", False), ("mean", False), ("logits", True)])
def test_top_k_is_the_mean_of_that_many(method: str, of_logits: bool) -> None:
    candidates = [candidate_of(f"t00000{number}") for number in range(3)]
    choice = choose(candidates, [POOR, GOOD, FAIR], top_k=2, method=method)
    assert choice.weights.tolist() == [0, 0.5, 0.5]
    assert choice.of_logits is of_logits


def test_top_k_counts_members_each_in_its_better_form() -> None:
    candidates = [
        candidate_of("t000000"),
        candidate_of("t000000 (9 views)", plain_id="t000000"),
        candidate_of("t000001"),
        candidate_of("t000001 (9 views)", plain_id="t000001"),
    ]
    assert choose(candidates, [FAIR, GOOD, FAIR, POOR], top_k=2).weights.tolist() == [0, 0.5, 0.5, 0]


def test_added_members_vote_beside_the_top_k_whatever_they_are_worth() -> None:
    candidates = [
        candidate_of("t000000"),
        candidate_of("t000000 (9 views)", plain_id="t000000"),
        candidate_of("t000001"),
        candidate_of("theirs.npz", state="added"),
    ]
    choice = choose(candidates, [FAIR, GOOD, FAIR, POOR], top_k=1)
    assert choice.weights.tolist() == [0, 0.5, 0, 0.5]
    assert choice.reason == "2 members, 1 of them added"
    assert choose(candidates[3:], [POOR], top_k=3).weights.tolist() == [1]


def test_added_members_compete_where_the_method_chooses() -> None:
    candidates = [candidate_of("t000000"), candidate_of("theirs.npz", state="added")]
    assert choose(candidates, [GOOD, POOR], repeats=9, method="greedy").weights.tolist() == [1, 0]

import numpy as np
import pytest

from core.metrics import log_loss, num_errors
from ensemble.choice import Choice, combine
from ensemble.growth import grow
from ensemble.members import Candidate
from tests.ensemble.votes import drawn


def candidates_of(softmax: np.ndarray, plain_of: dict[int, int] | None = None) -> list[Candidate]:
    return [
        Candidate(
            member_id=f"m{place}", urls=(), digests=(), state="complete", epoch=1, config={}, softmax=one,
            plain_id=None if place not in (plain_of or {}) else f"m{(plain_of or {})[place]}",
        )
        for place, one in enumerate(softmax)
    ]  # fmt: skip


@pytest.mark.parametrize("of_logits", [False, True])
def test_growth_is_the_score_of_the_equal_mean_of_the_best(of_logits: bool) -> None:
    softmax, labels = drawn(4, 50, noise=[3, 1, 2, 1.5])
    choice = Choice(weights=np.array([0, 1.0, 0, 0]), of_logits=of_logits)
    growth = grow(candidates_of(softmax), softmax, labels, choice)
    places = [int(name[1:]) for name in growth.member_ids]
    assert sorted(places) == [0, 1, 2, 3]
    for number in range(1, 5):
        weights = np.zeros(4)
        weights[places[:number]] = 1 / number
        vote = combine(Choice(weights=weights, of_logits=of_logits), softmax)
        assert growth.log_losses[number - 1] == pytest.approx(log_loss(vote, labels))
        assert growth.num_errors[number - 1] == num_errors(vote, labels)


def test_a_configuration_joins_once_in_the_form_that_votes() -> None:
    softmax, labels = drawn(3, 50, noise=[1, 3, 2])
    names = [
        grow(candidates_of(softmax, {1: 0}), softmax, labels, Choice(weights=np.array(weights))).member_ids
        for weights in ([0, 1.0, 0], [1.0, 0, 0], [0, 0, 1.0])
    ]
    assert names == [("m2", "m1"), ("m0", "m2"), ("m0", "m2")]

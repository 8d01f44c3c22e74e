"""Three rows of true classes 0, 0, 1; two or three members, whose votes are counted by hand."""

import math

import numpy as np
import pytest

from core.metrics import log_loss, num_errors
from ensemble.choice import Choice, combine
from ensemble.why import MemberReason, explain

LABELS = np.array([0, 0, 1])
GOOD = np.array([[0.8, 0.2], [0.8, 0.2], [0.2, 0.8]])
WEAK = np.array([[0.6, 0.4], [0.4, 0.6], [0.4, 0.6]])  # errs on row 1
WRONG = np.array([[0.1, 0.9], [0.1, 0.9], [0.9, 0.1]])  # errs everywhere


def choice(*weights: float, of_logits: bool = False) -> Choice:
    return Choice(weights=np.array(weights), of_logits=of_logits)


def test_explain_one_member_has_nothing_to_lose() -> None:
    (reason,) = explain(choice(0.0, 1.0), np.stack([WRONG, WEAK]), LABELS)
    assert reason == MemberReason(index=1, weight=1.0, log_loss=log_loss(WEAK, LABELS), num_errors=1, num_rows=3)
    assert reason.log_loss == pytest.approx(-math.log(0.6 * 0.4 * 0.6) / 3)


@pytest.mark.parametrize("of_logits", [False, True])
def test_explain_two_identical_members_lose_nothing(of_logits: bool) -> None:
    first, second = explain(choice(0.5, 0.5, of_logits=of_logits), np.stack([WEAK, WEAK]), LABELS)
    assert (first.index, second.index) == (0, 1)
    assert (first.log_loss_lost, first.errors_lost) == (0.0, 0) == (second.log_loss_lost, second.errors_lost)
    assert str(first.log_loss_lost) == "0.0"  # -0.0 would be shown with its sign
    assert (first.num_unlike_others, first.most_alike, first.num_like_most_alike) == (0, 1, 3)
    assert second.most_alike == 0


def test_explain_gives_a_harmful_member_a_loss_below_zero() -> None:
    # mean: (.8 + .1) / 2 = .45 for each row's true class: 3 errors; without WRONG .8: none; without GOOD .1: 3
    good, wrong = explain(choice(0.5, 0.5), np.stack([GOOD, WRONG]), LABELS)
    assert wrong.log_loss_lost == pytest.approx(-math.log(0.8) + math.log(0.45))
    assert wrong.errors_lost == -3
    assert good.log_loss_lost == pytest.approx(-math.log(0.1) + math.log(0.45))
    assert good.errors_lost == 0
    assert (good.num_errors, wrong.num_errors) == (0, 3)
    assert (good.num_unlike_others, good.num_like_most_alike) == (3, 0)


def test_explain_renormalises_the_others_weights() -> None:
    # without GOOD: (.3 * WEAK + .2 * WRONG) / .5, true classes .6 * .6 + .4 * .1 = .4, .28, .4: errs on all rows
    reasons = explain(choice(0.5, 0.3, 0.2), np.stack([GOOD, WEAK, WRONG]), LABELS)
    # the vote: true classes .4 + .18 + .02 = .6, .54, .6: no error
    whole = -math.log(0.6 * 0.54 * 0.6) / 3
    assert reasons[0].log_loss_lost == pytest.approx(-math.log(0.4 * 0.28 * 0.4) / 3 - whole)
    assert reasons[0].errors_lost == 3
    assert [reason.weight for reason in reasons] == [0.5, 0.3, 0.2]
    assert [reason.num_unlike_others for reason in reasons] == [3, 1, 3]
    assert [(reason.most_alike, reason.num_like_most_alike) for reason in reasons] == [(1, 2), (0, 2), (1, 1)]


def test_explain_of_logits_averages_the_others_logits() -> None:
    # odds of the true class, weights .5, .25, .25: without GOOD the mean of WEAK's and WRONG's log-odds
    reasons = explain(choice(0.5, 0.25, 0.25, of_logits=True), np.stack([GOOD, WEAK, WRONG]), LABELS)
    odds = [math.sqrt(weak * 1 / 9) for weak in (1.5, 1 / 1.5, 1.5)]
    without = -math.log(math.prod(o / (1 + o) for o in odds)) / 3
    whole_odds = [math.sqrt(4 * math.sqrt(weak * 1 / 9)) for weak in (1.5, 1 / 1.5, 1.5)]
    whole = -math.log(math.prod(o / (1 + o) for o in whole_odds)) / 3
    assert reasons[0].log_loss_lost == pytest.approx(without - whole)


def test_explain_leaves_out_who_does_not_vote() -> None:
    reasons = explain(choice(0.5, 0.0, 0.5), np.stack([GOOD, WRONG, WEAK]), LABELS)
    assert [(reason.index, reason.most_alike) for reason in reasons] == [(0, 2), (2, 0)]


def test_explain_breaks_a_tie_of_likeness_by_the_first() -> None:
    reasons = explain(choice(0.4, 0.3, 0.3), np.stack([GOOD, GOOD, GOOD]), LABELS)
    assert [reason.most_alike for reason in reasons] == [1, 0, 0]


@pytest.mark.parametrize("of_logits", [False, True])
@pytest.mark.parametrize("weights", [(0.1, 0.2, 0.3, 0.4), (0.9995, 0.0002, 0.0, 0.0003), (1.0, 1e-18, 0.0, 1e-18)])
def test_explain_is_the_vote_with_that_weight_zero(weights: tuple[float, ...], of_logits: bool) -> None:
    generator = np.random.default_rng(3)
    labels = generator.integers(0, 5, 200)
    softmaxes = generator.dirichlet(np.full(5, 0.3), (4, 200)).astype(np.float32)
    whole = combine(choice(*weights, of_logits=of_logits), softmaxes)
    reasons = explain(choice(*weights, of_logits=of_logits), softmaxes, labels)
    assert [reason.index for reason in reasons] == [index for index in range(4) if weights[index] > 0]
    for reason in reasons:
        rest = np.where(np.arange(4) == reason.index, 0.0, weights)
        others = combine(choice(*(rest / rest.sum()), of_logits=of_logits), softmaxes)
        assert reason.log_loss_lost == pytest.approx(log_loss(others, labels) - log_loss(whole, labels), abs=1e-9)
        assert reason.errors_lost == num_errors(others, labels) - num_errors(whole, labels)
        assert reason.num_unlike_others == (others.argmax(axis=1) != softmaxes[reason.index].argmax(axis=1)).sum()


def test_explain_refuses_another_number_of_candidates() -> None:
    with pytest.raises(ValueError, match="zip"):
        explain(choice(0.5, 0.5), np.stack([GOOD]), LABELS)

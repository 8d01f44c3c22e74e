import numpy as np
import pytest

from core.metrics import log_loss
from ensemble.choice import combine
from ensemble.mean import choose_logits, choose_mean, mean_of_top, most_within_one_standard_error
from tests.ensemble.votes import drawn, study_like, two_classes


def test_the_rule_takes_more_members_within_one_standard_error() -> None:
    # differences 1, 1, -1, -.6: mean .1, standard deviation sqrt(3.32 / 3) = 1.052, error .526
    assert most_within_one_standard_error(np.array([[0, 0, 2, 1.6], [1, 1, 1, 1]])) == (2, 1)


def test_the_rule_takes_the_best_count_where_more_are_worse_by_more() -> None:
    # 4 nats from row to row, yet differences .1, .1, .1, .2: mean .125, standard deviation .05, error .025
    assert most_within_one_standard_error(np.array([[1, 5, 9, 0], [1.1, 5.1, 9.1, 0.2]])) == (1, 1)


def test_the_rule_takes_no_fewer_than_the_best_count() -> None:
    assert most_within_one_standard_error(np.array([[1, 1, 1, 1], [0, 0, 2, 1.6]])) == (2, 2)


def test_the_rule_takes_more_members_at_equal_loss() -> None:
    assert most_within_one_standard_error(np.array([[2.0, 1.0], [1.0, 1.0], [1.0, 1.0]])) == (3, 2)


def test_the_rule_takes_the_best_count_on_one_row_or_of_one_vote() -> None:
    assert most_within_one_standard_error(np.array([[0.5], [0.4], [0.6]])) == (2, 2)
    assert most_within_one_standard_error(np.array([[0.5, 0.4]])) == (1, 1)


def test_mean_takes_as_many_as_the_rows_cannot_tell_apart() -> None:
    # true classes .9 .3 | .3 .8 | .4 .4: the first two .6 .55, -ln(.33) / 2 = .554 a row; with the third .533 .5,
    # -ln(.2667) / 2 = .661; rows differ by .118 and .095: mean .107, error .011 on two rows, .0008 on 200
    few = choose_mean(*two_classes([[0.9, 0.3], [0.3, 0.8], [0.4, 0.4]], repeats=100), 0)
    np.testing.assert_array_equal(few.weights, [0.5, 0.5, 0])
    assert few.reason == "the 2 of least log-loss: the best count"
    # .8 .6 | .6 .7: alone -ln(.48) / 2 = .367; both .7 .65, -ln(.455) / 2 = .394; rows differ by .134 and -.080:
    # mean .027, error .107 on two rows, .0076 on 200
    members = [[0.8, 0.6], [0.6, 0.7]]
    many = choose_mean(*two_classes(members), 0)
    np.testing.assert_array_equal(many.weights, [0.5, 0.5])
    assert many.reason == "the 2 of least log-loss: the most within one standard error of the best count (1)"
    np.testing.assert_array_equal(choose_mean(*two_classes(members, repeats=100), 0).weights, [1, 0])


def test_logits_are_chosen_by_the_vote_of_logits() -> None:
    # odds sqrt(9 * 3/7) and sqrt(3/7 * 4): .663 and .567 of the true class, .489 a row; alone .655
    choice = choose_logits(*two_classes([[0.9, 0.3], [0.3, 0.8], [0.2, 0.2]], repeats=100), 0)
    np.testing.assert_array_equal(choice.weights, [0.5, 0.5, 0])
    assert choice.of_logits


@pytest.mark.parametrize("choose", [choose_mean, choose_logits])
def test_the_weak_ones_of_a_study_stay_out(choose) -> None:
    softmax, labels = study_like(2000)
    assert set(np.flatnonzero(choose(softmax, labels, 0).weights)) <= {3, 7, 10}


@pytest.mark.parametrize("of_logits", [False, True])
def test_mean_of_top_takes_as_many_as_asked_for(of_logits: bool) -> None:
    softmax, labels = two_classes([[0.6, 0.6], [0.9, 0.9], [0.7, 0.7]])
    choice = mean_of_top(2, of_logits=of_logits)(softmax, labels, 0)
    np.testing.assert_array_equal(choice.weights, [0, 0.5, 0.5])
    assert choice.of_logits == of_logits
    assert choice.reason == "the 2 of least log-loss, as many as asked for"
    np.testing.assert_allclose(mean_of_top(9)(softmax, labels, 0).weights, [1 / 3] * 3)


def test_mean_of_top_breaks_ties_by_who_came_first() -> None:
    softmax, labels = two_classes([[0.5, 0.8], [0.9, 0.9], [0.8, 0.5]])
    np.testing.assert_array_equal(mean_of_top(2)(softmax, labels, 0).weights, [0.5, 0.5, 0])


@pytest.mark.parametrize(("choose", "of_logits"), [(choose_mean, False), (choose_logits, True)])
def test_the_rules_votes_are_those_that_combine_gives(choose, of_logits: bool) -> None:
    softmax, labels = drawn(6, 3000)
    losses = [log_loss(combine(mean_of_top(k, of_logits=of_logits)(softmax, labels, 0), softmax), labels)
              for k in range(1, 7)]  # fmt: skip
    best = int(np.argmin(losses)) + 1
    reason = choose(softmax, labels, 0).reason
    assert reason.endswith(f"({best})") or reason == f"the {best} of least log-loss: the best count"

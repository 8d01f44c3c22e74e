from collections.abc import Callable

import numpy as np
import pytest

from core.metrics import ACCURACY, LOG_LOSS, accuracy, log_loss
from ensemble.greedy import GreedySettings, choose_greedy, greedy_with, select
from ensemble.greedy_accuracy import AccuracyLibrary
from ensemble.greedy_log_loss import LogLossLibrary
from ensemble.library import true_class
from tests.ensemble.votes import drawn, study_like, two_classes

PLAIN = GreedySettings(rounds=3, sorted_start=0, bags=1, library_share=1, keeps_best_prefix=False)
"""No safeguard."""


def plain_loop(softmax: np.ndarray, labels: np.ndarray, metric: str, rounds: int, candidates: np.ndarray) -> list[int]:
    """Return the picks of the loop that recomputes the metric for each candidate."""
    total, picks = np.zeros(softmax.shape[1:]), []
    for number in range(1, rounds + 1):
        votes = [(total + softmax[each]) / number for each in candidates]
        if metric == "log_loss":
            best = int(np.argmin([log_loss(vote, labels) for vote in votes]))
        else:
            best = int(np.argmax([accuracy(vote, labels) for vote in votes]))
        picks.append(int(candidates[best]))
        total += softmax[picks[-1]]
    return picks


def our_picks(softmax: np.ndarray, labels: np.ndarray, metric: str, rounds: int, candidates: np.ndarray) -> list[int]:
    settings = GreedySettings(rounds=rounds, keeps_best_prefix=False)
    if metric == "log_loss":
        return select(LogLossLibrary(true_class(softmax, labels)).votes(candidates), [], settings, LOG_LOSS)
    return select(AccuracyLibrary(softmax, labels).votes(candidates), [], settings, ACCURACY)


def rounded(num_candidates: int, num_rows: int, num_classes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return votes in quarters: ties between classes and between candidates everywhere."""
    softmax, labels = drawn(num_candidates, num_rows, num_classes, seed=seed, noise=3)
    return (np.round(softmax * 4) / 4).astype(np.float32), labels


def twins(num_pairs: int, num_rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return votes in which each candidate comes twice."""
    softmax, labels = drawn(num_pairs, num_rows)
    return np.concatenate([softmax, softmax]), labels


MADE: dict[str, Callable[[], tuple[np.ndarray, np.ndarray]]] = {
    "confident": lambda: drawn(40, 3000, 10),
    "weak": lambda: drawn(25, 700, 3, noise=5),
    "study": lambda: study_like(1500),
    "ties": lambda: rounded(20, 300, 3, seed=4),
    "certain": lambda: two_classes(np.random.default_rng(0).integers(0, 2, (12, 90)).tolist()),
    "twins": lambda: twins(8, 200),
    "one row": lambda: drawn(5, 1),
}


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
@pytest.mark.parametrize("made", MADE)
def test_picks_are_those_of_the_plain_loop(made: str, metric: str) -> None:
    softmax, labels = MADE[made]()
    everyone = np.arange(len(softmax))
    expected = plain_loop(softmax, labels, metric, 25, everyone)
    assert our_picks(softmax, labels, metric, 25, everyone) == expected
    half = everyone[1::2]
    assert our_picks(softmax, labels, metric, 25, half) == plain_loop(softmax, labels, metric, 25, half)


def test_log_loss_scores_few_candidates_in_full() -> None:
    softmax, labels = drawn(100, 2000, 10, noise=np.linspace(0.5, 2, 100).tolist())
    votes = LogLossLibrary(true_class(softmax, labels)).votes(np.arange(100))
    select(votes, [], GreedySettings(rounds=50), LOG_LOSS)
    assert votes.num_scored < 0.2 * 50 * 100


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_a_round_tells_the_score_of_the_vote_that_it_makes(metric: str) -> None:
    softmax, labels = drawn(6, 300, noise=3)
    library = LogLossLibrary(true_class(softmax, labels)) if metric == "log_loss" else AccuracyLibrary(softmax, labels)
    votes, total = library.votes(np.arange(6)), np.zeros(softmax.shape[1:])
    for number in range(1, 5):
        candidate, score = votes.best_next()
        votes.add(candidate)
        total += softmax[candidate]
        expected = log_loss(total / number, labels) if metric == "log_loss" else accuracy(total / number, labels)
        assert score == votes.score() == expected


def test_greedy_adds_who_lowers_log_loss_most_by_hand() -> None:
    # probabilities' product: A .27; A A .27, A B .33; A B A .327, A B B .317
    softmax, labels = two_classes([[0.9, 0.3], [0.3, 0.8]])
    np.testing.assert_allclose(greedy_with(PLAIN)(softmax, labels, 0).weights, [2 / 3, 1 / 3])


def test_greedy_on_accuracy_adds_who_is_right_most_often() -> None:
    softmax, labels = two_classes([[0.99, 0.99, 0.45], [0.51, 0.51, 0.51]])
    settings = {"rounds": 1, "sorted_start": 0, "bags": 1, "library_share": 1.0}
    of_accuracy = greedy_with(GreedySettings(metric="accuracy", **settings))(softmax, labels, 0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(of_accuracy.weights, [0, 1])
    assert of_accuracy.reason == "up to 1 rounds of greedy selection on accuracy"
    of_log_loss = greedy_with(GreedySettings(metric="log_loss", **settings))(softmax, labels, 0)  # type: ignore[arg-type]
    np.testing.assert_array_equal(of_log_loss.weights, [1, 0])


def test_best_prefix_is_the_vote_that_scored_best() -> None:
    settings = GreedySettings(rounds=3, sorted_start=0, bags=1, library_share=1)
    softmax, labels = two_classes([[0.9, 0.3], [0.3, 0.8]])
    np.testing.assert_allclose(greedy_with(settings)(softmax, labels, 0).weights, [1 / 2, 1 / 2])


@pytest.mark.parametrize(("most", "picks"), [(1, [0, 1, 0]), (2, [0, 1, 0, 1]), (3, [0, 1, 0, 1])])
def test_sorted_start_takes_as_many_of_the_best_few_as_score_best(most: int, picks: list[int]) -> None:
    # the three best: A .27, A B .33, A B C .173
    softmax, labels = two_classes([[0.9, 0.3], [0.3, 0.8], [0.1, 0.1]])
    settings = GreedySettings(rounds=2, sorted_start=most, bags=1, library_share=1, keeps_best_prefix=False)
    weights = greedy_with(settings)(softmax, labels, 0).weights
    np.testing.assert_allclose(weights, np.bincount(picks, minlength=3) / len(picks))


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_ties_go_to_the_earlier_candidate_and_to_the_shorter_vote(metric) -> None:
    softmax, labels = two_classes([[0.6, 0.7], [0.6, 0.7], [0.6, 0.6]])
    for settings in (PLAIN, GreedySettings(metric=metric)):
        np.testing.assert_array_equal(greedy_with(settings)(softmax, labels, 0).weights, [1, 0, 0])


def test_library_share_drops_those_of_most_log_loss() -> None:
    # the third alone would win nothing, yet lowers log-loss beside the first: (.9, .3) and (.2, .7) make (.55, .5)
    softmax, labels = two_classes([[0.9, 0.3], [0.7, 0.3], [0.2, 0.7]])
    whole, pruned = (
        greedy_with(GreedySettings(rounds=1, bags=1, sorted_start=1, library_share=share))(softmax, labels, 0).weights
        for share in (1.0, 0.5)
    )
    np.testing.assert_allclose(whole, [1 / 2, 0, 1 / 2])
    np.testing.assert_allclose(pruned, [1, 0, 0])


def test_bags_are_drawn_by_the_seed_and_averaged() -> None:
    softmax, labels = drawn(30, 300, noise=2)
    settings = GreedySettings(rounds=10, bags=4)
    first, again, other = (greedy_with(settings)(softmax, labels, seed).weights for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    single = greedy_with(GreedySettings(rounds=10, bags=1))(softmax, labels, 0)
    assert np.count_nonzero(first) > np.count_nonzero(single.weights)


def test_a_small_library_is_one_bag() -> None:
    softmax, labels = drawn(6, 300)  # four fifths of them are five
    choice = choose_greedy(softmax, labels, 0)
    np.testing.assert_array_equal(choice.weights, choose_greedy(softmax, labels, 1).weights)
    assert choice.reason == "up to 50 rounds of greedy selection on log-loss"
    assert choose_greedy(*drawn(9, 300), 0).reason.endswith(", mean of 5 bags")


@pytest.mark.parametrize(
    "wrong",
    [{"rounds": 0}, {"bags": 0}, {"sorted_start": -1}, {"library_share": 0.0}, {"library_share": 1.1}],
)
def test_settings_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(AssertionError, match=next(iter(wrong))):
        GreedySettings(**wrong)

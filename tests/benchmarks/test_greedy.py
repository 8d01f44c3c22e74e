import numpy as np
import pytest

from benchmarks.greedy import NUM_SELECTED, PlainLoop, our_picks
from benchmarks.made_up_votes import made_up_votes
from core.metrics import accuracy
from tests.ensemble.votes import two_classes


def test_plain_loop_goes_on_where_it_was() -> None:
    # product of the true class's probabilities: A .27; A B .33; A B A .327; A B A B .33
    loop = PlainLoop(*two_classes([[0.9, 0.3], [0.3, 0.8]]), metric="log_loss", part=2)
    for expected in ([0, 1], [0, 1, 0, 1]):
        assert loop.measure().seconds > 0
        assert loop.picks == expected


def test_plain_loop_on_accuracy_takes_the_most_accurate() -> None:
    loop = PlainLoop(*two_classes([[0.99, 0.45], [0.51, 0.51]]), metric="accuracy", part=1)
    loop.measure()
    assert loop.picks == [1]


@pytest.mark.parametrize("metric", ["log_loss", "accuracy"])
def test_both_pick_the_same_among_made_up_members(metric: str) -> None:
    softmax, labels = made_up_votes(8, 200)
    loop = PlainLoop(softmax, labels, metric, NUM_SELECTED)
    loop.measure()
    assert our_picks(softmax, labels, metric) == loop.picks


def test_made_up_votes_are_softmax_and_the_same_again() -> None:
    softmax, labels = made_up_votes(4, 3000, seed=3)
    assert (softmax.shape, softmax.dtype, labels.shape) == ((4, 3000, 10), np.float32, (3000,))
    np.testing.assert_allclose(softmax.sum(axis=2), 1, atol=1e-6)
    assert 0.96 < np.mean([accuracy(each, labels) for each in softmax]) < 1
    np.testing.assert_array_equal(softmax, made_up_votes(4, 3000, seed=3)[0])

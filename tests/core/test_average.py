import numpy as np
import pytest
import tensorflow as tf

from core.average import WeightAverage


@pytest.fixture
def average() -> tuple[WeightAverage, tf.Variable]:
    """Follow a variable that is 3 from an average that is 1."""
    variable = tf.Variable([3.0, -3.0])
    made = WeightAverage([variable])
    made.state[0].assign([1.0, 1.0])
    return made, variable


@pytest.mark.parametrize(
    ("num_steps", "decay", "kept"),
    [
        (1, 0.99, 2 / 11),  # (1 + 1) / (10 + 1): the first steps hardly remember
        (2, 0.99, 3 / 12),
        (2, 0.2, 0.2),  # the asked share where it is the smaller
        (890, 0.99, 891 / 900),  # the two are equal here
        (1_000_000, 0.99, 0.99),
        (5, 0.0, 0.0),
    ],
)
def test_weight_average_keeps_the_lesser_of_its_decay_and_what_the_steps_allow(
    average: tuple[WeightAverage, tf.Variable], num_steps: int, decay: float, kept: float
) -> None:
    made, variable = average
    made.follow(tf.constant(num_steps, tf.int64), tf.constant(decay))
    # 1 - kept of a distance of 2 and of -4
    np.testing.assert_allclose(made.state[0].numpy(), [1 + 2 * (1 - kept), 1 - 4 * (1 - kept)], rtol=1e-6)
    np.testing.assert_array_equal(variable.numpy(), [3.0, -3.0])


def test_weight_average_over_two_steps_by_hand(average: tuple[WeightAverage, tf.Variable]) -> None:
    made, variable = average
    made.follow(tf.constant(1, tf.int64), tf.constant(0.1))  # 0.1 * 1 + 0.9 * 3 = 2.8; 0.1 * 1 - 0.9 * 3 = -2.6
    variable.assign([0.0, 10.0])
    made.follow(tf.constant(2, tf.int64), tf.constant(0.1))  # 0.1 * 2.8; 0.1 * -2.6 + 0.9 * 10
    np.testing.assert_allclose(made.state[0].numpy(), [0.28, 8.74], rtol=1e-6)


def test_weight_average_starts_where_the_variables_are() -> None:
    variable = tf.Variable([1.0, 2.0])
    made = WeightAverage([variable])
    variable.assign([0.0, 0.0])
    assert made.state[0].numpy().tolist() == [1.0, 2.0]


def test_weight_average_of_a_counter_is_the_counter() -> None:
    counter = tf.Variable(3, dtype=tf.int64)
    made = WeightAverage([counter])
    counter.assign(7)
    made.follow(tf.constant(100), tf.constant(0.9))
    assert int(made.state[0]) == 7

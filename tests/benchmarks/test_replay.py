import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks.replay import OurSearcher, RandomSearcher, StockSearcher, replay
from benchmarks.search_replay import cost_of
from benchmarks.surrogate import GUESSED, Curves, Surrogate, features, held_out_error, knob_columns, read_curves
from core.config import Config, TrainConfig
from search.domain import Domain
from search.starts import Start

DOMAIN = Domain(base=Config(train=TrainConfig(epochs=10)), image_shape=(28, 28, 1), num_train_rows=6_720)
RATE_PARAMS: dict[str, Any] = {"learning_rate": 1e-3, "log2_batch_size": 8}


def falling(params: Mapping[str, Any]) -> Sequence[float]:
    """Best at a learning rate of 0.002, better with each epoch."""
    bottom = abs(math.log(params["learning_rate"] / 0.002))
    return [bottom + 1 / epoch for epoch in range(1, 11)]


class Counted(RandomSearcher):
    num_asked = 0

    def ask(self) -> tuple[Any, Sequence[float]]:
        self.num_asked += 1
        return super().ask()


def test_replay_counts_the_epochs_of_all_workers_and_keeps_the_best():
    searcher = Counted(DOMAIN, falling, seed=0)
    best = replay(searcher, 40)
    assert len(best) == 40
    assert best == sorted(best, reverse=True)
    assert searcher.num_asked == 4, "two workers, ten epochs a trial"


@pytest.mark.parametrize("searcher", [OurSearcher, RandomSearcher, StockSearcher])
def test_searches_of_one_seed_are_the_same_and_find_the_better_half(searcher):
    first, again, other = (replay(searcher(DOMAIN, falling, seed), 120) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first[-1] < 1.0


def test_known_starts_are_tried_first_and_the_first_is_never_pruned():
    bad, good = [9.0] * 10, [0.01] * 10
    starts = [(Start(origin=name, params={"learning_rate": 1e-3}), curve) for name, curve in (("a", bad), ("b", good))]
    best = replay(OurSearcher(DOMAIN, falling, 0, starts), 20)
    assert best[:2] == [9.0, 0.01]


def test_cost_is_the_share_of_epochs_until_the_target_or_infinite():
    assert cost_of([3.0, 2.0, 1.0, 1.0], 2.0) == 0.5
    assert cost_of([3.0, 2.0], 1.0) == float("inf")


def test_features_tell_choices_numbers_and_absent_knobs_apart():
    params = [RATE_PARAMS | {"norm": "a", "filters_1": 16}, RATE_PARAMS | {"norm": "b"}]
    columns = knob_columns(params)
    assert columns == [
        ("filters_1", None),
        ("learning_rate", None),
        ("log2_batch_size", None),
        ("norm", "a"),
        ("norm", "b"),
    ]
    assert features(params[1], columns) == pytest.approx([-1.0, math.log(1e-3), 8, 0, 1, math.log2(1e-3) - 8])


def test_surrogate_knows_what_it_was_shown_and_says_how_far_off_it_is_elsewhere():
    rates = np.geomspace(3e-4, 1e-2, 40)
    params = [RATE_PARAMS | {"learning_rate": float(rate)} for rate in rates]
    curves = Curves(params=params, log_loss=np.array([np.array(falling(each)) + 0.1 for each in params]), known={})
    assert Surrogate(curves).curve(params[20]) == pytest.approx(curves.log_loss[20], rel=0.01)
    error = held_out_error(curves)
    assert 1.0 < error.median_factor < 1.3
    assert error.rank_correlation > 0.9


def test_curve_that_left_the_real_numbers_counts_as_guessing(tmp_path):
    path = tmp_path / "curves.jsonl"
    records = [
        {"name": "", "params": RATE_PARAMS, "log_loss": [0.5, 9.0, 0.25]},
        {"name": "", "params": RATE_PARAMS, "log_loss": [0.5]},
        {"name": "fast", "params": {}, "log_loss": [0.3, 0.2, 0.1]},
    ]
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    curves = read_curves(path)
    assert curves.log_loss == pytest.approx(np.array([[0.5, GUESSED, 0.25], [0.5, GUESSED, GUESSED]]))
    assert curves.known == {"fast": [0.3, 0.2, 0.1]}


def test_recorded_curves_are_enough_and_of_the_default_space():
    curves = read_curves()
    assert len(curves.params) >= 120
    assert set(curves.known) == {"notebook", "fast", "strong"}
    assert curves.num_epochs == 10

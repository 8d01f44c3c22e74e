import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from benchmarks.design import DesignTrial, design_points, value_at


@pytest.mark.parametrize(
    ("distribution", "share", "value"),
    [
        (FloatDistribution(0.0, 2.0), 0.25, 0.5),
        (FloatDistribution(1.0, 100.0, log=True), 0.5, 10.0),
        (FloatDistribution(0.0, 1.0, step=0.25), 0.99, 1.0),
        (IntDistribution(16, 64, step=16), 0.0, 16),
        (IntDistribution(16, 64, step=16), 0.74, 48),
        (IntDistribution(16, 64, step=16), 0.99, 64),
        (IntDistribution(64, 512, log=True), 0.0, 64),
        (IntDistribution(64, 512, log=True), 0.999999, 512),
        (CategoricalDistribution(("a", "b", "c")), 0.34, "b"),
    ],
)
def test_value_at_is_the_share_of_the_range(distribution, share, value):
    assert value_at(distribution, share) == pytest.approx(value)


def test_each_knob_has_a_dimension_of_its_own_whether_asked_or_not():
    names: list[str] = []
    first = DesignTrial(np.array([0.0, 0.5, 0.99]), names)
    assert first.suggest_categorical("kind", ("a", "b")) == "a"
    assert first.suggest_float("rate", 0.0, 1.0) == 0.5
    second = DesignTrial(np.array([0.99, 0.0, 0.25]), names)
    assert second.suggest_categorical("kind", ("a", "b")) == "b"
    assert second.suggest_int("width", 0, 3) == 1
    assert names == ["kind", "rate", "width"]
    assert second.values == {"kind": "b", "width": 1}


def test_design_points_fill_every_dimension_evenly():
    points = design_points(16, seed=0)
    for column in points.T:
        assert sorted((column * 16).astype(int)) == list(range(16))

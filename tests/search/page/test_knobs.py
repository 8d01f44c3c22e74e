import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution, distribution_to_json

from search.page.knobs import AUGMENTATION, NETWORK, OTHERS, TRAINING, Knob, knobs_of

from .making import make_record, make_search


def knob_of(*distributions):
    records = [
        make_record(number, distributions={"knob": distribution_to_json(each)}, params={})
        for number, each in enumerate(distributions)
    ]
    (knob,) = knobs_of(records)
    return knob


def test_values_lie_between_the_ends_of_their_range():
    for record in make_search(20):
        for knob in knobs_of([record]):
            assert 0 <= knob.place(record.params[knob.name]) <= 1


def test_logarithmic_knob_has_its_middle_at_the_geometric_mean():
    knob = knob_of(FloatDistribution(1e-4, 1e-2, log=True))
    assert knob.place(1e-3) == pytest.approx(0.5)
    assert [text for _, text in knob.ticks] == ["0.0001", "0.001", "0.01"]


def test_ranges_that_differ_from_trial_to_trial_are_united():
    knob = knob_of(IntDistribution(1, 3), IntDistribution(2, 9))
    assert (knob.low, knob.high, knob.is_whole) == (1, 9, True)
    assert knob_of(CategoricalDistribution((3, 1)), CategoricalDistribution((2,))).choices == (1, 2, 3)


def test_choices_stand_at_even_distances_in_their_order():
    knob = knob_of(CategoricalDistribution(("b", "a", None)))
    assert knob.ticks == [(0.0, "b"), (0.5, "a"), (1.0, "None")]


def test_knob_of_one_value_stands_in_the_middle():
    assert knob_of(IntDistribution(4, 4)).place(4) == 0.5
    assert knob_of(CategoricalDistribution(("only",))).place("only") == 0.5


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("filters_2", NETWORK), ("batch_norm", NETWORK), ("log2_batch_size", TRAINING), ("ema_rate", TRAINING),
        ("learning_rate", TRAINING), ("zoom", AUGMENTATION), ("depth", OTHERS),
    ],
)  # fmt: skip
def test_knobs_are_grouped_by_what_they_belong_to(name, group):
    assert Knob(name=name).group == group

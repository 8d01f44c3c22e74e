import dataclasses

import numpy as np

from benchmarks.trials import TrialCost, few_rows, run_trial, traced_functions
from core.config import NO_AUGMENT, Config, ModelConfig
from core.data.dataset import Dataset, assemble_dataset
from core.limits import with_batch_that_fits


def draw_dataset() -> Dataset:
    images = np.random.default_rng(0).integers(0, 256, (100, 6, 6, 1), dtype=np.uint8)
    return assemble_dataset(
        name="noise", x_train=images, raw_labels=[str(row % 3) for row in range(100)], x_test=images[:5]
    )


def test_the_fixed_cost_is_all_but_the_epochs() -> None:
    assert TrialCost(to_first_step=0.1, epoch=0.5, total=1.75).fixed == 0.25


def test_few_rows_train_on_the_first_and_score_the_last() -> None:
    dataset = draw_dataset()
    split = few_rows(dataset, 40)
    np.testing.assert_array_equal(split.train_rows, range(40))
    np.testing.assert_array_equal(split.holdout_rows, range(90, 100))
    all_that_can_be = few_rows(dataset, 1_000)
    np.testing.assert_array_equal(all_that_can_be.train_rows, range(80))
    np.testing.assert_array_equal(all_that_can_be.holdout_rows, range(80, 100))


def test_a_second_trial_of_a_shape_traces_nothing() -> None:
    dataset = draw_dataset()
    split = few_rows(dataset, 40)
    model = ModelConfig(filters=(4,), convs_per_block=(1,), kernel_sizes=(3,), dense_units=())
    config = with_batch_that_fits(Config(model=model), len(split.train_rows))
    assert config.train.batch_size == 40
    run_trial(config, dataset, split, seed=0)
    traced = traced_functions()
    cost = run_trial(config, dataset, split, seed=1)
    assert traced_functions() == traced
    assert cost.total > cost.fixed
    run_trial(dataclasses.replace(config, augment=NO_AUGMENT), dataset, split, seed=1)
    # a new shape is seen; where the shelf was full, an old one has gone for it
    assert traced_functions() - traced

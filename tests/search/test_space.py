import dataclasses

import optuna
import pytest
from optuna.trial import FixedTrial

from core.config import NO_AUGMENT, Config, ModelConfig, TrainConfig, notebook_config
from search.space import params_of, suggest_config


def test_params_of_notebook_gives_the_notebook_back():
    base = notebook_config()
    assert suggest_config(FixedTrial(params_of(base, 33_600)), base, 33_600) == base


def test_params_of_a_config_without_second_dense_layer_gives_it_back():
    base = notebook_config()
    config = dataclasses.replace(base, model=ModelConfig(dense_units=(64,)), train=TrainConfig(schedule="cosine"))
    assert suggest_config(FixedTrial(params_of(config, 33_600)), base, 33_600) == config


def test_suggest_config_without_augmentation_leaves_it_out():
    base = dataclasses.replace(notebook_config(), augment=NO_AUGMENT)
    params = params_of(base, 33_600)
    assert "zoom" not in params
    assert suggest_config(FixedTrial(params), base, 33_600).augment == NO_AUGMENT


@pytest.mark.parametrize("num_rows", [1, 5, 40, 1_150, 33_600])
def test_suggest_config_gives_valid_configs_whose_batch_fits_the_rows(num_rows):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(20):
        config = suggest_config(study.ask(), notebook_config(), num_rows)
        assert Config.from_json(config.to_json()) == config
        assert config.train.batch_size <= num_rows


def test_params_of_a_batch_too_large_for_the_rows_takes_the_largest_of_the_space():
    # 100 rows in at least 4 steps: at most 25 images a step, so 16
    assert params_of(notebook_config(), 100)["log2_batch_size"] == 4

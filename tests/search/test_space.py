import dataclasses
import warnings
from collections.abc import Iterator

import optuna
import pytest
from optuna.trial import FixedTrial

from core.config import NO_AUGMENT, Config, ModelConfig, TrainConfig, notebook_config
from core.known import KNOWN_CONFIGS
from core.limits import require_config_fits_data
from search.cost import forward_mflops
from search.space import MOST_TIMES_NOTEBOOK, most_blocks, params_of, suggest_config

DIGIT_RECOGNIZER = (28, 28, 1)
NUM_ROWS = 33_600


def draw(num: int, base: Config, image_shape: tuple[int, int, int], num_train_rows: int = NUM_ROWS) -> Iterator[Config]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(num):
        yield suggest_config(study.ask(), base, image_shape=image_shape, num_train_rows=num_train_rows)


def there_and_back(config: Config, base: Config) -> Config:
    """Return what the space makes of a config's own knobs; a value out of a range fails the test."""
    trial = FixedTrial(params_of(config, base, num_train_rows=NUM_ROWS))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Optuna takes a value out of a range with a warning
        returned = suggest_config(trial, base, image_shape=DIGIT_RECOGNIZER, num_train_rows=NUM_ROWS)
    assert trial.params == params_of(config, base, num_train_rows=NUM_ROWS), "each knob is asked"
    return returned


def with_budget_of(base: Config, config: Config) -> Config:
    """Return `config` with what a search gives to all of its trials."""
    train = dataclasses.replace(config.train, epochs=base.train.epochs)
    return dataclasses.replace(config, train=train, precision=base.precision, views=base.views)


@pytest.mark.parametrize("base_name", KNOWN_CONFIGS)
@pytest.mark.parametrize("name", KNOWN_CONFIGS)
def test_params_of_a_known_config_give_it_back_whatever_the_base(name, base_name):
    base = dataclasses.replace(KNOWN_CONFIGS[base_name], views=5)
    assert there_and_back(KNOWN_CONFIGS[name], base) == with_budget_of(base, KNOWN_CONFIGS[name])


@pytest.mark.parametrize("base_name", KNOWN_CONFIGS)
def test_params_of_any_config_of_the_space_give_it_back(base_name):
    base = KNOWN_CONFIGS[base_name]
    for config in draw(50, base, DIGIT_RECOGNIZER):
        assert there_and_back(config, base) == config


@pytest.mark.parametrize(
    "config",
    [
        Config(model=ModelConfig(filters=(40, 64))),
        Config(model=ModelConfig(kernel_sizes=(3, 9))),
        Config(model=ModelConfig(filters=(64, 128), kernel_sizes=(7, 7))),
        Config(train=TrainConfig(learning_rate=0.1)),
        Config(train=TrainConfig(ema_decay=0.9999)),
    ],
)
def test_known_config_out_of_a_range_is_noticed(config):
    with pytest.raises(UserWarning, match="out of the range"):
        there_and_back(config, notebook_config())


def test_space_has_each_family():
    configs = list(draw(300, notebook_config(), DIGIT_RECOGNIZER))
    models = [config.model for config in configs]
    assert {len(model.filters) for model in models} == {2, 3}
    assert {model.batch_norm for model in models} == {"none", "block", "conv"}
    assert {len(model.dense_units) for model in models} == {0, 1, 2}
    for block in (0, 1):
        assert {model.kernel_sizes[block] for model in models} == {3, 5, 7}
        assert {model.convs_per_block[block] for model in models} == {1, 2, 3}
    assert {config.train.ema_decay > 0 for config in configs} == {False, True}
    assert {config.train.schedule for config in configs} == {"plateau", "cosine"}


@pytest.mark.parametrize("image_shape", [(28, 28, 1), (32, 32, 3), (8, 8, 1), (9, 17, 1), (5, 5, 1), (64, 64, 3)])
def test_every_config_fits_the_images_and_the_budget(image_shape):
    most = MOST_TIMES_NOTEBOOK * forward_mflops(ModelConfig(), image_shape)
    for config in draw(100, notebook_config(), image_shape):
        require_config_fits_data(config, image_shape=image_shape, num_train=NUM_ROWS)
        assert forward_mflops(config.model, image_shape) <= most


@pytest.mark.parametrize(
    ("image_shape", "num_blocks"), [((28, 28, 1), 3), ((8, 8, 1), 3), ((7, 28, 1), 2), ((4, 4, 1), 2), ((3, 3, 1), 1)]
)
def test_most_blocks_leave_a_pixel(image_shape, num_blocks):
    assert most_blocks(2, image_shape) == num_blocks


def test_knobs_of_what_is_not_there_are_not_asked():
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(50):
        trial = study.ask()
        config = suggest_config(trial, notebook_config(), image_shape=DIGIT_RECOGNIZER, num_train_rows=NUM_ROWS)
        assert ("filters_3" in trial.params) == ("convs_3" in trial.params) == (len(config.model.filters) == 3)
        assert ("dense_dropout" in trial.params) == bool(config.model.dense_units)
        assert ("warmup_fraction" in trial.params) == (config.train.schedule == "cosine")
        assert ("ema_rate" in trial.params) == (config.train.ema_decay > 0)


def test_suggest_config_without_augmentation_leaves_it_out():
    base = dataclasses.replace(notebook_config(), augment=NO_AUGMENT)
    assert "zoom" not in params_of(notebook_config(), base, num_train_rows=NUM_ROWS)
    assert there_and_back(notebook_config(), base) == base


def test_known_config_without_augmentation_has_none_where_it_is_searched():
    config = dataclasses.replace(notebook_config(), augment=NO_AUGMENT)
    assert there_and_back(config, notebook_config()).augment.is_identity


@pytest.mark.parametrize("num_rows", [1, 5, 40, 1_150, 33_600])
def test_suggest_config_gives_valid_configs_whose_batch_fits_the_rows(num_rows):
    for config in draw(20, notebook_config(), DIGIT_RECOGNIZER, num_rows):
        assert Config.from_json(config.to_json()) == config
        assert config.train.batch_size <= num_rows


def test_params_of_a_batch_too_large_for_the_rows_takes_the_largest_of_the_space():
    # 100 rows in at least 4 steps: at most 25 images a step, so 16
    assert params_of(notebook_config(), notebook_config(), num_train_rows=100)["log2_batch_size"] == 4

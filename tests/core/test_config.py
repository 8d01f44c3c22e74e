import dataclasses
import json

import pytest

from core.config import NO_AUGMENT, AugmentConfig, Config, ModelConfig, TrainConfig, notebook_config
from core.errors import ConfigError


def test_config_reads_back_from_json_as_it_was() -> None:
    config = Config(
        model=ModelConfig(
            filters=(8, 16, 32), convs_per_block=(1, 2, 3), kernel_sizes=(5, 3, 7), batch_norm="conv", dense_units=()
        ),
        train=TrainConfig(epochs=3, schedule="cosine", learning_rate=4e-3, ema_decay=0.99),
        augment=AugmentConfig(rotation_degrees=5.0),
        precision="float32",
        views=5,
        builder="mine.models:build",
        extra={"depth": 3, "share": 0.5, "kind": "wide", "norm": False},
    )
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_notebook_config_has_the_notebooks_numbers() -> None:
    config = notebook_config()
    assert config.model.filters == (32, 64)
    assert (config.model.convs_per_block, config.model.kernel_sizes) == ((2, 2), (3, 3))
    assert (config.model.batch_norm, config.model.dense_dropout) == ("none", 0.0)
    assert config.model.dense_units == (256, 32)
    assert (config.model.leaky_relu_slope, config.model.block_dropout) == (0.3, 0.25)
    assert (config.train.epochs, config.train.batch_size, config.train.learning_rate) == (20, 256, 1e-3)
    assert (config.train.plateau_patience_epochs, config.train.plateau_factor) == (2, 0.5)
    assert (config.train.ema_decay, config.views) == (0.0, 1)
    assert (config.augment.rotation_degrees, config.augment.zoom) == (10.0, 0.1)


def test_config_is_compared_with_its_own_knobs_and_hashed_without() -> None:
    one, other = Config(builder="mine:build", extra={"depth": 1}), Config(builder="mine:build", extra={"depth": 2})
    assert one != other
    assert hash(one) == hash(other)
    assert {one, dataclasses.replace(one), other} == {one, other}


def test_config_keeps_its_own_knobs_when_the_dict_they_came_in_changes() -> None:
    knobs = {"depth": 1}
    config = Config(extra=knobs)
    knobs["depth"] = 2
    assert config.extra == {"depth": 1}


def test_config_of_missing_fields_takes_defaults() -> None:
    assert Config.from_json({"train": {"epochs": 2}}) == Config(train=TrainConfig(epochs=2))


@pytest.mark.parametrize("raw", [{"modle": {}}, {"model": {"filter": [32]}}])
def test_config_refuses_unknown_fields(raw: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"must be made of the fields .*, got (modle|filter)$"):
        Config.from_json(raw)


def test_config_refuses_what_is_no_object() -> None:
    with pytest.raises(ConfigError, match=r"config\.model must be an object of named fields, got int"):
        Config.from_json({"model": 3})


@pytest.mark.parametrize(
    ("cls", "values", "words"),
    [
        (ModelConfig, {"filters": ()}, r"model\.filters must be one number or more, got \(\)"),
        (ModelConfig, {"filters": (32, 0)}, r"model\.filters must be 1 or more each"),
        (ModelConfig, {"convs_per_block": (2, 2, 2)}, r"model\.convs_per_block must be one number a block \(2 for"),
        (ModelConfig, {"convs_per_block": (2, 0)}, r"model\.convs_per_block must be 1 or more each, got \(2, 0\)"),
        (
            ModelConfig,
            {"kernel_sizes": (3,)},
            r"kernel_sizes must be one number a block \(2 for filters \(32, 64\)\), got",
        ),
        (ModelConfig, {"kernel_sizes": (3, 4)}, r"model\.kernel_sizes must be odd numbers from 1 to 11, got \(3, 4\)"),
        (ModelConfig, {"kernel_sizes": (13, 3)}, r"model\.kernel_sizes must be odd numbers from 1 to 11"),
        (ModelConfig, {"batch_norm": "layer"}, r"model\.batch_norm must be none, block or conv, got layer"),
        (ModelConfig, {"leaky_relu_slope": 1.0}, r"model\.leaky_relu_slope must be in \[0, 1\), got 1\.0"),
        (ModelConfig, {"leaky_relu_slope": -0.1}, r"model\.leaky_relu_slope must be in \[0, 1\), got -0\.1"),
        (ModelConfig, {"pool_size": 1}, r"model\.pool_size must be 2 or more, got 1"),
        (ModelConfig, {"block_dropout": 1.0}, r"model\.block_dropout must be in \[0, 1\), got 1\.0"),
        (ModelConfig, {"dense_dropout": 1.0}, r"model\.dense_dropout must be in \[0, 1\), got 1\.0"),
        (ModelConfig, {"dense_units": (0,)}, r"model\.dense_units must be 1 or more each, got \(0,\)"),
        (TrainConfig, {"epochs": 0}, r"train\.epochs must be 1 or more, got 0"),
        (TrainConfig, {"batch_size": 0}, r"train\.batch_size must be 1 or more, got 0"),
        (TrainConfig, {"learning_rate": 0.0}, r"train\.learning_rate must be a number above 0, got 0\.0"),
        (TrainConfig, {"learning_rate": float("nan")}, r"train\.learning_rate must be a number above 0, got nan"),
        (TrainConfig, {"schedule": "step"}, r"train\.schedule must be plateau or cosine, got step"),
        (TrainConfig, {"label_smoothing": -0.1}, r"train\.label_smoothing must be in \[0, 1\), got -0\.1"),
        (TrainConfig, {"ema_decay": 1.0}, r"train\.ema_decay must be in \[0, 1\), got 1\.0"),
        (TrainConfig, {"ema_decay": float("nan")}, r"train\.ema_decay must be in \[0, 1\), got nan"),
        (AugmentConfig, {"height_shift": -0.1}, r"augment\.height_shift must be in \[0, 1\), got -0\.1"),
        (AugmentConfig, {"rotation_degrees": -1.0}, r"augment\.rotation_degrees must be in 0\.\.180, got -1"),
        (AugmentConfig, {"rotation_degrees": 181.0}, r"augment\.rotation_degrees must be in 0\.\.180, got 181"),
        (AugmentConfig, {"zoom": 1.0}, r"augment\.zoom must be in \[0, 1\), got 1\.0"),
        (Config, {"views": 2}, r"^views must be 1, 5 or 9, got 2$"),
        (Config, {"builder": "mine"}, r"^builder must be None or package\.module:function, got 'mine'$"),
        (Config, {"builder": "mine:a.b"}, r"^builder must be None or package\.module:function, got 'mine:a\.b'$"),
        (Config, {"builder": 3}, r"^builder must be None or package\.module:function, got 3$"),
        (Config, {"extra": [("depth", 3)]}, r"^extra must be a dict of named values, got \["),
        (Config, {"extra": {"the depth": 3}}, r"^a name in extra must be made of letters, .*, got 'the depth'$"),
        (Config, {"extra": {3: 3}}, r"^a name in extra must be made of letters, digits and underscores, got 3$"),
        (Config, {"extra": {"depth": [3]}}, r"^extra\['depth'\] must be a finite number, a text, .*, got \[3\]$"),
        (Config, {"extra": {"depth": float("nan")}}, r"^extra\['depth'\] must be a finite number, .*, got nan$"),
        (Config, {"extra": {"depth": None}}, r"^extra\['depth'\] must be a finite number, .*, got None$"),
    ],
)
def test_config_refuses_a_value_out_of_range(cls: type, values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        cls(**values)


def test_augment_is_identity_only_without_any_range() -> None:
    assert NO_AUGMENT.is_identity
    for field in dataclasses.fields(AugmentConfig):
        assert not dataclasses.replace(NO_AUGMENT, **{field.name: 0.1}).is_identity


def test_config_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().precision = "float32"  # type: ignore[misc]


def test_a_number_where_a_list_belongs_is_refused_in_words() -> None:
    raw = notebook_config().to_json()
    raw["model"]["convs_per_block"] = 2
    with pytest.raises(ConfigError, match=r"config\.model must hold values of its fields' types: "):
        Config.from_json(raw)


@pytest.mark.parametrize("numbers", [[2.5, 3.0], ["3", "3"], [True, True]])
def test_whole_numbers_are_asked_for_in_words(numbers: list[object]) -> None:
    for name in ("filters", "convs_per_block", "kernel_sizes", "dense_units"):
        raw = notebook_config().to_json()
        raw["model"][name] = numbers
        with pytest.raises(ConfigError, match=rf"model\.{name} must be whole numbers, got"):
            Config.from_json(raw)

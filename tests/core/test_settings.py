import re

import pytest

from core.errors import ConfigError
from core.known import KNOWN_CONFIGS
from core.settings import (
    STUDY_NAME,
    TrainingSettings,
    default_epochs,
    new_study_name,
    parse_holdout,
    parse_image_shape,
)


def test_training_settings_default_to_what_the_help_says() -> None:
    settings = TrainingSettings()
    assert (settings.data, settings.study, settings.runs, settings.seed) == (None, None, "runs", 0)
    assert (settings.epochs, settings.holdout, settings.model, settings.augment) == (None, "0.2", "notebook", True)
    assert settings.views == 1


def test_holdout_is_a_share_or_the_tail() -> None:
    assert parse_holdout("0.25") == 0.25
    assert parse_holdout("tail") is None


def test_holdout_is_drawn_by_a_seed_of_its_own_where_it_has_one() -> None:
    assert TrainingSettings(seed=3).split_seed == 3
    assert TrainingSettings(seed=3, holdout_seed=0).split_seed == 0


@pytest.mark.parametrize("text", ["0", "1", "-0.1", "1.5", "nan", "20", "head", ""])
def test_holdout_refuses_what_is_no_share(text: str) -> None:
    with pytest.raises(ConfigError, match=f"--holdout must be tail or a share .* got '?{re.escape(text)}'?$"):
        parse_holdout(text)


@pytest.mark.parametrize(
    ("text", "shape"), [("28x28", (28, 28, 1)), ("28x20x3", (28, 20, 3)), (None, None), ("1x1x1", (1, 1, 1))]
)
def test_image_shape_is_height_width_channels(text: str | None, shape: tuple[int, int, int] | None) -> None:
    assert parse_image_shape(text) == shape


@pytest.mark.parametrize("text", ["28", "28x28x1x1", "28,28", "axb", "-1x3", "28x28x", ""])
def test_image_shape_refuses_other_forms(text: str) -> None:
    with pytest.raises(ConfigError, match="--image-shape must be height x width"):
        parse_image_shape(text)


def test_image_shape_refuses_an_empty_side() -> None:
    with pytest.raises(ConfigError, match="--image-shape must be 1 or more on each side, got '0x28'"):
        parse_image_shape("0x28")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seed": -1}, "--seed must be 0 or more, got -1"),
        ({"seed": 2**31}, "--seed must be below 2147483648"),
        ({"holdout_seed": -1}, "--holdout-seed must be 0 or more and below 2147483648, got -1"),
        ({"epochs": 0}, "--epochs must be 1 or more, got 0"),
        ({"model": "resnet"}, "--model must be notebook, fast, strong or your own package.module:function, got resnet"),
        ({"model": "mine.py:build()"}, r"--model must be .*, got mine\.py:build\(\)"),
        ({"views": 2}, "--views must be 1, 5 or 9, got 2"),
        ({"study": "../up"}, r"--study must be letters, digits, dot, dash and underscore .* got '\.\./up'"),
        ({"study": ""}, "--study must be letters"),
        ({"holdout": "2"}, "--holdout must be tail or a share"),
        ({"image_shape": "x"}, "--image-shape must be height x width"),
    ],
)
def test_training_settings_refuse_a_value_out_of_range(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        TrainingSettings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", KNOWN_CONFIGS)
def test_default_epochs_are_the_models_or_60_for_few_rows(model: str) -> None:
    assert default_epochs(model, 10_000) == KNOWN_CONFIGS[model].train.epochs
    assert default_epochs(model, 9_999) == 60


def test_ones_own_model_has_the_notebooks_epochs_and_gives_the_builder() -> None:
    assert TrainingSettings(model="mine.models:build").builder == "mine.models:build"
    assert TrainingSettings(model="fast").builder is None
    assert default_epochs("mine:build", 10_000) == KNOWN_CONFIGS["notebook"].train.epochs


def test_new_study_name_is_a_valid_name() -> None:
    assert STUDY_NAME.fullmatch(new_study_name())

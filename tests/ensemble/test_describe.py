import json
from dataclasses import replace

import pytest

from core.config import AugmentConfig, Config, ModelConfig, TrainConfig, notebook_config
from core.known import KNOWN_CONFIGS
from ensemble.describe import config_in_short


def test_the_notebooks_config_is_named_so() -> None:
    assert config_in_short(notebook_config().to_json()) == "as the notebook"
    assert config_in_short(json.loads(json.dumps(notebook_config().to_json()))) == "as the notebook"


@pytest.mark.parametrize("name", ["fast", "strong"])
def test_a_known_config_is_called_by_its_name_whatever_the_budget(name: str) -> None:
    known = KNOWN_CONFIGS[name]
    config = replace(known, train=replace(known.train, epochs=3), precision="float32", views=5)
    assert config_in_short(config.to_json()) == f"as {name}"


def test_a_config_is_described_by_what_differs() -> None:
    config = Config(
        model=ModelConfig(filters=(48, 96), kernel_sizes=(5, 3), dense_units=()),
        train=TrainConfig(learning_rate=0.00123456, schedule="cosine"),
        augment=AugmentConfig(zoom=0.0),
    )
    expected = "filters=48,96 kernel_sizes=5,3 dense_units=none learning_rate=0.00123 schedule=cosine zoom=0"
    assert config_in_short(config.to_json()) == expected


def test_the_budget_and_the_arithmetic_are_left_out() -> None:
    config = replace(notebook_config(), train=TrainConfig(epochs=3), precision="float32", views=9)
    assert config_in_short(config.to_json()) == "as the notebook"


def test_an_unknown_config_is_said_to_be_so() -> None:
    assert config_in_short({}) == "unknown"


def test_fields_that_this_version_does_not_know_are_shown() -> None:
    assert config_in_short({"model": {"attention": True}}) == "attention=True"


def test_ones_own_model_is_shown_with_its_knobs() -> None:
    config = replace(notebook_config(), builder="mine:build", extra={"depth": 3, "share": 0.12345, "wide": True})
    assert config_in_short(config.to_json()) == "builder=mine:build depth=3 share=0.123 wide=True"


def test_a_config_of_a_study_without_own_models_is_still_called_by_its_name() -> None:
    config = KNOWN_CONFIGS["fast"].to_json()
    del config["builder"], config["extra"]
    assert config_in_short(config) == "as fast"

"""Which of a trial's numbers are built into its graph, and which are data to it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from core.config import NO_AUGMENT, Config
from tests.core.making import make_model_config
from tests.core.networks import make_graph_shape

NORMED = make_model_config(4, 8, dense_units=(16,), block_dropout=0.2, dense_dropout=0.4, batch_norm="conv")
TRIAL: dict[str, Any] = {"model": NORMED, "ema_decay": 0.9, "schedule": "cosine"}


@pytest.mark.parametrize(
    "fields",
    [
        {"model": dataclasses.replace(NORMED, block_dropout=0.7, dense_dropout=0.01)},
        {"batch_size": 7, "epochs": 9, "learning_rate": 1e-4, "schedule": "plateau", "label_smoothing": 0.3},
        {"ema_decay": 0.5},
    ],
)
def test_what_is_data_to_a_graph_leaves_the_shape_alone(
    tiny_config: Callable[..., Config], fields: dict[str, Any]
) -> None:
    assert make_graph_shape(tiny_config(**(TRIAL | fields))) == make_graph_shape(tiny_config(**TRIAL))


@pytest.mark.parametrize(
    "fields",
    [
        {"model": dataclasses.replace(NORMED, block_dropout=0.0)},
        {"model": dataclasses.replace(NORMED, dense_dropout=0.0)},
        {"model": dataclasses.replace(NORMED, filters=(4, 9))},
        {"model": dataclasses.replace(NORMED, convs_per_block=(1, 2))},
        {"model": dataclasses.replace(NORMED, kernel_sizes=(3, 5))},
        {"model": dataclasses.replace(NORMED, batch_norm="block")},
        {"model": dataclasses.replace(NORMED, leaky_relu_slope=0.0)},
        {"model": dataclasses.replace(NORMED, pool_size=3)},
        {"model": dataclasses.replace(NORMED, dense_units=())},
        {"ema_decay": 0.0},
        {"augment": NO_AUGMENT},
        {"views": 5},
    ],
    ids=str,
)
def test_what_is_built_into_a_graph_makes_another_shape(
    tiny_config: Callable[..., Config], fields: dict[str, Any]
) -> None:
    assert make_graph_shape(tiny_config(**(TRIAL | fields))) != make_graph_shape(tiny_config(**TRIAL))


def test_data_and_arithmetic_make_another_shape(tiny_config: Callable[..., Config]) -> None:
    config = tiny_config(**TRIAL)
    facts: list[dict[str, Any]] = [{}, {"image_shape": (8, 6, 3)}, {"num_classes": 4}, {"precision": "bfloat16"}]
    assert len({make_graph_shape(config, **fact) for fact in facts}) == 4

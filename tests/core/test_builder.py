import dataclasses
import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from core import own_function, train
from core.builder import build_own_model
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.errors import ConfigError
from core.graph import GraphShelf
from core.store.study import TrialFolder
from core.train import Trainer
from core.trial import TrialJob, TrialRun

MakeConfig = Callable[..., Config]
MODULE = "tests.core.own_models"


def build(name: str, precision: str = "float32", seed: int = 0, **extra: Any) -> keras.Model:
    config = Config(builder=f"{MODULE}:{name}", extra=extra)
    return build_own_model(config, image_shape=(8, 6, 1), num_classes=3, precision=precision, seed=seed)


def own(config: Config, name: str = "branched", **extra: Any) -> Config:
    return dataclasses.replace(config, builder=f"{MODULE}:{name}", extra=extra)


def outcome(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return all that a training has come to."""
    reports = [dataclasses.astuple(dataclasses.replace(epoch, seconds=0.0)) for epoch in trainer.epochs]
    return {**trainer.state(), "test_softmax": trainer.best_test_softmax(), "reports": np.array(reports)}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("with_softmax", r"must return logits \(no activation last: .*\), got softmax \(dense"),
        ("with_softmax_within", r"must return logits .*, got softmax \(softmax"),
        ("with_softmax_operation", r"must return logits .*, got sigmoid \(sigmoid"),
        ("of_one_class_more", r"must return a model of one logit a class, \(None, 3\), got \(None, 4\)"),
        ("of_other_images", r"must return a model of images \(None, 8, 6, 1\), got \(None, 28, 28, 1\)"),
        ("of_bytes", r"must return a model of images in \[0, 1\], numbers with a fraction, got uint8"),
        ("in_float64", r"must return a model of float32 trainable weights, got float64"),
        ("of_a_class", r"must return a functional or a Sequential model .*, got Subclassed 'hidden'"),
        ("no_model", r"must return a Keras model, got list"),
        ("raises", r"raised ValueError: .*filters.* \(.*own_models\.py, line \d+\)$"),
    ],
)
def test_a_builder_that_returns_no_such_model_is_refused_in_words(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^--model {MODULE}:{name} {words}"):
        build(name)


def test_a_model_reads_the_configuration_and_is_drawn_from_the_seed() -> None:
    one, same, other = build("branched", seed=1, width=5), build("branched", seed=1, width=5), build("branched", seed=2)
    assert one.get_weights()[0].shape == (3, 3, 1, 5)
    assert other.get_weights()[0].shape == (3, 3, 1, 4)
    assert_same(*({str(i): w for i, w in enumerate(model.get_weights())} for model in (one, same)))


def test_a_sequential_model_that_is_not_built_is_built() -> None:
    model = build("unbuilt", "bfloat16")
    assert model.input_shape == (None, 8, 6, 1)
    assert model.count_params() == (48 + 1) * 8 + (8 + 1) * 3


def test_a_model_whose_input_and_output_stand_in_lists_is_called_with_images() -> None:
    model = build("in_lists")
    assert (model.input_shape, model.output_shape) == ((None, 8, 6, 1), (None, 3))
    assert model(np.zeros((2, 8, 6, 1), np.float32)).shape == (2, 3)


@pytest.mark.parametrize(("precision", "inside"), [("float32", "float32"), ("bfloat16", "bfloat16")])
def test_layers_compute_in_the_precision_and_the_logits_are_float32(precision: str, inside: str) -> None:
    before = keras.config.dtype_policy().name
    model = build("branched", precision)
    assert keras.config.dtype_policy().name == before
    kinds = {type(layer): layer.compute_dtype for layer in model.layers}
    assert (kinds[keras.layers.Conv2D], model.outputs[0].dtype) == (inside, "float32")
    assert model(np.zeros((2, 8, 6, 1), np.float32)).dtype == tf.float32


def test_the_dtype_policy_is_restored_after_a_builder_that_raises() -> None:
    before = keras.config.dtype_policy().name
    with pytest.raises(ConfigError):
        build("raises", "bfloat16")
    assert keras.config.dtype_policy().name == before


@pytest.mark.parametrize(
    "fields",
    [{}, {"schedule": "cosine", "ema_decay": 0.9, "precision": "bfloat16", "views": 5}],
    ids=["plain", "averaged, bfloat16, views"],
)
def test_a_resumed_training_of_ones_own_model_is_the_uninterrupted_one_to_the_bit(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, fields: dict[str, Any]
) -> None:
    config = own(tiny_config(label_smoothing=0.1, **fields))
    straight = Trainer(config, tiny_dataset, tiny_split, seed=2)
    for _ in range(2):
        straight.run_epoch()
    state, epochs = straight.state(), list(straight.epochs)
    for _ in range(2):
        straight.run_epoch()
    keras.utils.set_random_seed(99)  # as in another process: nothing is left of the first one's random numbers
    resumed = Trainer(config, tiny_dataset, tiny_split, seed=2)
    resumed.restore(state, epochs)
    for _ in range(2):
        resumed.run_epoch()
    assert_same(outcome(resumed), outcome(straight))


def test_random_layers_draw_anew_each_epoch_and_otherwise_for_each_seed(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    # at a rate that float32 weights cannot follow, only what is drawn can differ
    config = own(tiny_config(learning_rate=1e-30, batch_size=70))
    trainer = Trainer(config, tiny_dataset, tiny_split, seed=0)
    assert len(trainer._graph._random_states) == 2
    seeds = []
    for _ in range(2):
        trainer.run_epoch()
        seeds.append([int(state[0]) for state in trainer._graph._random_states])
    assert len({seed for pair in seeds for seed in pair}) == 4
    assert trainer.epochs[0].loss != trainer.epochs[1].loss


def test_ones_own_model_learns(tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig) -> None:
    trainer = Trainer(own(tiny_config(epochs=12)), tiny_dataset, tiny_split, seed=0)
    for _ in range(12):
        trainer.run_epoch()
    assert trainer.epochs[-1].accuracy > 0.9  # chance is 1/3, its standard error on 30 rows 0.09


def test_a_regulariser_of_ones_own_model_is_minimised_too(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    config = own(tiny_config(learning_rate=1e-2), "strictly_regularised")
    trainer = Trainer(config, tiny_dataset, tiny_split, seed=0)
    kernel = trainer._graph.model.weights[0].value
    before = float(tf.norm(kernel))
    for _ in range(4):
        trainer.run_epoch()
    assert float(tf.norm(kernel)) < before / 2  # 20 steps of 1e-2 against weights of 0.2 each


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_saved_model_loads_with_stock_keras_and_predicts_the_same(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, tmp_path: Path, precision: str
) -> None:
    trainer = Trainer(own(tiny_config(precision=precision)), tiny_dataset, tiny_split, seed=0)
    trainer.run_epoch()
    trainer.best_model().save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    softmax = loaded.predict(tiny_dataset.x_train[tiny_split.holdout_rows], verbose=0)
    tolerance = 1e-5 if precision == "float32" else 2e-2  # bfloat16 has 8 bits, and rounds by how a graph is fused
    np.testing.assert_allclose(softmax, trainer.best_holdout_softmax(), atol=tolerance)


def test_a_graph_of_ones_own_model_is_no_other_trials(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = GraphShelf()
    monkeypatch.setattr(train, "SHELF", shelf)
    num_objects = []
    for seed in range(4):
        trainer = Trainer(own(tiny_config(), "unbuilt"), tiny_dataset, tiny_split, seed=seed)
        trainer.run_epoch()
        del trainer
        gc.collect()
        num_objects.append(len(gc.get_objects()))
    assert shelf._idle == []
    assert num_objects[3] <= num_objects[1] + 100, "a graph goes with its trial"


def test_a_stored_configuration_cannot_name_code_that_no_option_names(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported: list[str] = []
    monkeypatch.setattr(own_function.importlib, "import_module", imported.append)
    folder = TrialFolder(str(tmp_path / "t000000"))
    for named in (None, "mine:build"):
        job = TrialJob(trial_id="t", folder=folder, config=own(tiny_config()), seed=0, generation=1, builder=named)
        words = rf"t000000 must name no other model .* \({named or 'none'}\), got '{MODULE}:branched'"
        with pytest.raises(ConfigError, match=words):
            TrialRun(job, tiny_dataset, tiny_split)
    assert imported == []

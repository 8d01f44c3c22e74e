import dataclasses
import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import train
from core.config import NO_AUGMENT, Config, ModelConfig
from core.data.dataset import Dataset
from core.data.split import Split
from core.errors import ConfigError, StoredFileError, TrainingError
from core.graph import GraphShelf
from core.metrics import log_loss
from core.store.records import EpochReport
from core.train import Trainer
from tests.core.making import make_model_config

MakeConfig = Callable[..., Config]
DROPOUTS = make_model_config(4, 8, dense_units=(16,), dense_dropout=0.3)
NORMED = make_model_config(4, 8, dense_units=(16,), dense_dropout=0.3, batch_norm="conv", leaky_relu_slope=0.0)


def without_seconds(epochs: list[EpochReport]) -> list[EpochReport]:
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in epochs]


def outcome(trainer: Trainer) -> dict[str, np.ndarray]:
    """Return all that a training has come to."""
    reports = [dataclasses.astuple(epoch) for epoch in without_seconds(trainer.epochs)]
    return {**trainer.state(), "test_softmax": trainer.best_test_softmax(), "reports": np.array(reports)}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_same_seed_trains_the_same_to_the_bit(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, precision: str
) -> None:
    config = tiny_config(precision=precision, model=DROPOUTS)
    one, other = (Trainer(config, tiny_dataset, tiny_split, seed=5) for _ in range(2))
    for _ in range(2):
        one.run_epoch()
        other.run_epoch()
    assert_same(outcome(one), outcome(other))


def test_another_seed_trains_otherwise(tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig) -> None:
    one, other = (Trainer(tiny_config(), tiny_dataset, tiny_split, seed=seed) for seed in (0, 1))
    assert one.run_epoch().loss != other.run_epoch().loss


@pytest.mark.parametrize(
    ("schedule", "model", "fields"),
    [
        ("plateau", DROPOUTS, {}),
        ("cosine", DROPOUTS, {}),
        ("cosine", NORMED, {"ema_decay": 0.9}),
        ("plateau", NORMED, {"ema_decay": 0.9, "precision": "bfloat16", "views": 5}),
    ],
)
def test_a_resumed_training_is_the_uninterrupted_one_to_the_bit(
    tiny_dataset: Dataset,
    tiny_split: Split,
    tiny_config: MakeConfig,
    schedule: str,
    model: ModelConfig,
    fields: dict[str, Any],
) -> None:
    config = tiny_config(schedule=schedule, label_smoothing=0.1, plateau_patience_epochs=1, model=model, **fields)
    straight, resumed = (Trainer(config, tiny_dataset, tiny_split, seed=2) for _ in range(2))
    for _ in range(2):
        straight.run_epoch()
    state, epochs = straight.state(), list(straight.epochs)
    for _ in range(2):
        straight.run_epoch()
    resumed.restore(state, epochs)
    for _ in range(2):
        resumed.run_epoch()
    assert_same(outcome(resumed), outcome(straight))


def test_training_learns(tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig) -> None:
    trainer = Trainer(tiny_config(epochs=12, augment=NO_AUGMENT), tiny_dataset, tiny_split, seed=0)
    for _ in range(12):
        trainer.run_epoch()
    assert [epoch.epoch for epoch in trainer.epochs] == list(range(1, 13))
    assert trainer.epochs[-1].accuracy > 0.9  # chance is 1/3, its standard error on 30 rows 0.09
    assert trainer.epochs[-1].loss < trainer.epochs[0].loss


def test_the_best_epochs_weights_are_kept_when_a_later_one_is_worse(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    trainer = Trainer(tiny_config(), tiny_dataset, tiny_split, seed=0)
    for _ in range(2):
        trainer.run_epoch()
    best = min(trainer.epochs, key=lambda epoch: epoch.log_loss)
    holdout, test = trainer.best_holdout_softmax(), trainer.best_test_softmax()
    # the weights run away: whatever comes next is worse
    model = trainer._graph.model
    model.set_weights([weight * 50 for weight in model.get_weights()])
    assert trainer.run_epoch().log_loss > best.log_loss
    np.testing.assert_array_equal(trainer.best_holdout_softmax(), holdout)
    np.testing.assert_array_equal(trainer.best_test_softmax(), test)
    labels = tiny_dataset.labels[tiny_split.holdout_rows]
    assert log_loss(holdout, labels) == pytest.approx(best.log_loss)
    deployed = trainer.best_model().predict(tiny_dataset.x_train[tiny_split.holdout_rows], verbose=0)
    np.testing.assert_allclose(deployed, holdout, atol=1e-5)


def test_test_softmax_is_the_best_epochs_also_when_asked_for_late(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    one, other = (Trainer(tiny_config(), tiny_dataset, tiny_split, seed=0) for _ in range(2))
    one.run_epoch()
    early = one.best_test_softmax()
    assert early.shape == (13, 3)
    other.run_epoch()
    before = other.state()
    model = other._graph.model
    model.set_weights([weight * 50 for weight in model.get_weights()])
    running = model.get_weights()
    np.testing.assert_array_equal(other.best_test_softmax(), early)
    np.testing.assert_array_equal(model.get_weights()[0], running[0])  # training goes on where it was
    np.testing.assert_array_equal(other.state()["best_weights/0"], before["best_weights/0"])


def test_the_earlier_of_two_equal_epochs_is_the_best(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    # at a rate that float32 weights cannot follow, every epoch is the same
    trainer = Trainer(tiny_config(learning_rate=1e-30), tiny_dataset, tiny_split, seed=0)
    first, second = trainer.run_epoch(), trainer.run_epoch()
    assert first.log_loss == second.log_loss
    softmax = trainer.best_holdout_softmax()
    trainer.run_epoch()
    assert trainer.best_holdout_softmax() is softmax


def test_no_test_rows_give_no_test_softmax(tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig) -> None:
    dataset = dataclasses.replace(tiny_dataset, x_test=tiny_dataset.x_test[:0], test_ids=tiny_dataset.test_ids[:0])
    trainer = Trainer(tiny_config(), dataset, tiny_split, seed=0)
    trainer.run_epoch()
    assert trainer.best_test_softmax().shape == (0, 3)


def test_a_loss_that_is_not_finite_names_the_epoch(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    trainer = Trainer(tiny_config(learning_rate=1e38), tiny_dataset, tiny_split, seed=0)
    with pytest.raises(TrainingError, match=r"epoch 1: the training loss must be finite, got (nan|inf) .*smaller"):
        trainer.run_epoch()


def test_a_holdout_log_loss_that_is_not_finite_names_the_epoch(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    # one step an epoch, so that the loss is taken before the weights run away
    trainer = Trainer(tiny_config(learning_rate=1e38, batch_size=70), tiny_dataset, tiny_split, seed=0)
    with pytest.raises(TrainingError, match="epoch 1: the holdout log-loss must be finite, got nan"):
        trainer.run_epoch()


def test_a_batch_larger_than_the_train_rows_is_refused(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    with pytest.raises(ConfigError, match=r"train.batch_size must be at most 70 \(the train rows\), got 71"):
        Trainer(tiny_config(batch_size=71), tiny_dataset, tiny_split, seed=0)


def test_a_checkpoint_of_another_training_is_refused(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    trainer = Trainer(tiny_config(), tiny_dataset, tiny_split, seed=0)
    other = Trainer(tiny_config(model=make_model_config(5)), tiny_dataset, tiny_split, seed=0)
    averaged = Trainer(tiny_config(ema_decay=0.9), tiny_dataset, tiny_split, seed=0)
    for each in (trainer, other, averaged):
        each.run_epoch()
    weights = trainer.state()["weights/0"]
    others = [(each.state(), each.epochs) for each in (other, averaged)]
    for state, epochs in (*others, (trainer.state(), []), ({}, trainer.epochs)):
        with pytest.raises(StoredFileError, match=f"after {len(epochs)} epochs, and is of another training"):
            trainer.restore(state, epochs)
    np.testing.assert_array_equal(trainer.state()["weights/0"], weights)


def test_trainers_let_go_of_their_memory(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "SHELF", GraphShelf(max_idle=1))

    def train_width(width: int) -> int:
        trainer = Trainer(tiny_config(model=make_model_config(width)), tiny_dataset, tiny_split, seed=0)
        trainer.run_epoch()
        loop = weakref.ref(trainer._loop)
        del trainer
        assert loop() is None  # rows and predictions go at once, not when the cycle collector comes by
        gc.collect()
        return len(gc.get_objects())

    num_objects = [train_width(width) for width in (3, 4, 5, 6)]
    assert num_objects[-1] <= num_objects[1]  # from the second on a graph goes for each that comes

"""What scores and predicts besides the running weights: their average, and several views of an image."""

from collections.abc import Callable

import numpy as np
import pytest

from core import train
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.graph import GraphShelf
from core.metrics import log_loss
from core.predict import Predictor
from core.train import Trainer
from tests.core.making import make_model_config

MakeConfig = Callable[..., Config]
DROPOUTS = make_model_config(4, 8, dense_units=(16,), dense_dropout=0.3)
NORMED = make_model_config(4, 8, dense_units=(16,), dense_dropout=0.3, batch_norm="conv", leaky_relu_slope=0.0)


def test_averaged_weights_score_predict_and_are_deployed(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    trainer = Trainer(tiny_config(model=NORMED, ema_decay=0.9), tiny_dataset, tiny_split, seed=0)
    for _ in range(2):
        trainer.run_epoch()
    averages, running = trainer._graph.scoring_weights(), trainer._graph.model.get_weights()
    assert not np.allclose(averages[0], running[0])
    state = trainer.state()
    assert trainer.epochs[1].log_loss < trainer.epochs[0].log_loss  # so that the best weights are the latest ones
    np.testing.assert_array_equal(state["best_weights/0"], averages[0])
    deployed = trainer.best_model()
    for rows, softmax in (
        (tiny_dataset.x_train[tiny_split.holdout_rows], trainer.best_holdout_softmax()),
        (tiny_dataset.x_test, trainer.best_test_softmax()),
    ):
        np.testing.assert_allclose(deployed.predict(rows, verbose=0), softmax, atol=1e-5)
    np.testing.assert_array_equal(trainer._graph.model.get_weights()[0], running[0])  # training goes on where it was


def test_averaging_scores_otherwise_and_trains_the_same(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    plain, averaged = (
        Trainer(tiny_config(model=NORMED, schedule="cosine", ema_decay=decay), tiny_dataset, tiny_split, seed=0)
        for decay in (0.0, 0.9)
    )
    for _ in range(2):
        one, other = plain.run_epoch(), averaged.run_epoch()
        assert one.loss == other.loss
        assert one.log_loss != other.log_loss
    for one, other in zip(plain._graph.model.get_weights(), averaged._graph.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_views_change_what_is_predicted_and_not_what_is_trained(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    plain, viewing = (Trainer(tiny_config(views=views), tiny_dataset, tiny_split, seed=0) for views in (1, 5))
    one, other = plain.run_epoch(), viewing.run_epoch()
    assert one.loss == other.loss
    rows = tiny_dataset.x_train[tiny_split.holdout_rows]
    expected = Predictor(plain._graph.model, num_views=5).softmax(rows)
    np.testing.assert_allclose(viewing.best_holdout_softmax(), expected, atol=1e-6)
    assert np.abs(viewing.best_holdout_softmax() - plain.best_holdout_softmax()).max() > 1e-3
    assert other.log_loss == pytest.approx(log_loss(expected, tiny_dataset.labels[tiny_split.holdout_rows]), rel=1e-5)


def test_the_last_epochs_weights_are_kept_where_nothing_is_chosen_on_the_holdout(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    trainer = Trainer(tiny_config(), tiny_dataset, tiny_split, seed=0, keeps_last=True)
    trainer.run_epoch()
    early = trainer.best_test_softmax()
    # the weights run away: what comes next is worse, and kept all the same
    model = trainer._graph.model
    model.set_weights([weight * 50 for weight in model.get_weights()])
    first, last = trainer.epochs[0], trainer.run_epoch()
    assert last.log_loss > first.log_loss
    labels = tiny_dataset.labels[tiny_split.holdout_rows]
    assert log_loss(trainer.best_holdout_softmax(), labels) == pytest.approx(last.log_loss)
    assert np.abs(trainer.best_test_softmax() - early).max() > 1e-3
    np.testing.assert_array_equal(trainer.state()["best_weights/0"], model.get_weights()[0])


def test_keeping_the_last_epoch_trains_the_same(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig
) -> None:
    best, last = (Trainer(tiny_config(), tiny_dataset, tiny_split, seed=0, keeps_last=keeps) for keeps in (False, True))
    for _ in range(2):
        assert best.run_epoch().log_loss == last.run_epoch().log_loss


def test_kept_weights_predict_over_other_views_as_a_training_with_those_views_does(
    tiny_dataset: Dataset, tiny_split: Split, tiny_config: MakeConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "SHELF", GraphShelf())
    plain, viewing = (Trainer(tiny_config(views=views), tiny_dataset, tiny_split, seed=0) for views in (1, 5))
    for trainer in (plain, viewing):
        trainer.run_epoch()
    running = plain._graph.model.get_weights()
    np.testing.assert_allclose(
        plain.kept_softmax(tiny_dataset.x_test, num_views=5), viewing.best_test_softmax(), atol=1e-6
    )
    np.testing.assert_array_equal(plain.kept_softmax(tiny_dataset.x_test, num_views=1), plain.best_test_softmax())
    (predictor,) = plain._graph._other_predictors.values()
    plain.kept_softmax(tiny_dataset.x_train, num_views=5)
    assert plain._graph._other_predictors == {5: predictor}  # traced once a graph
    np.testing.assert_array_equal(plain._graph.model.get_weights()[0], running[0])  # training goes on where it was

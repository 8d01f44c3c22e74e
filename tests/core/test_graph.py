import dataclasses
import gc
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core import epoch, train
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.epoch import TrainSteps
from core.errors import TrainingError
from core.graph import MAX_IDLE, Graph, GraphShelf
from core.layers.dropout import num_dropped_levels
from core.predict import Predictor
from core.train import Trainer
from tests.core.making import make_model_config
from tests.core.networks import make_graph_shape

NORMED = make_model_config(4, 8, dense_units=(16,), block_dropout=0.2, dense_dropout=0.4, batch_norm="conv")
TRIAL: dict[str, Any] = {"model": NORMED, "ema_decay": 0.9, "schedule": "cosine"}
MakeTrainer = Callable[..., Trainer]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch) -> GraphShelf:
    """Give the trainers of a test a shelf of their own, empty at first."""
    made = GraphShelf()
    monkeypatch.setattr(train, "SHELF", made)
    return made


@pytest.fixture
def trainer(
    shelf: GraphShelf, tiny_dataset: Dataset, tiny_split: Split, tiny_config: Callable[..., Config]
) -> MakeTrainer:
    """Return a trainer of TRIAL but for what is named."""

    def make(seed: int = 0, **fields: Any) -> Trainer:
        return Trainer(tiny_config(**(TRIAL | fields)), tiny_dataset, tiny_split, seed=seed)

    return make


@pytest.fixture
def traces(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count how often training and prediction are traced: their Python runs at no other time."""
    counted: Counter[str] = Counter()

    def count(cls: type, method: str) -> None:
        original = getattr(cls, method)

        def counting(*arguments: Any) -> Any:
            counted[f"{cls.__name__}.{method}"] += 1
            return original(*arguments)

        monkeypatch.setattr(cls, method, counting)

    count(TrainSteps, "run")
    count(Predictor, "_batches")
    return counted


def run_epochs(trainer: Trainer, num_epochs: int = 2) -> dict[str, np.ndarray]:
    """Train; return everything there is to compare, copied."""
    for _ in range(num_epochs):
        trainer.run_epoch()
    reports = [[e.loss, e.train_accuracy, e.log_loss, e.accuracy, e.learning_rate] for e in trainer.epochs]
    found = {**trainer.state(), "reports": np.array(reports), "test": trainer.best_test_softmax()}
    return {name: np.array(array) for name, array in found.items()}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    assert "average/0" in one
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


def test_a_second_trial_of_a_shape_has_the_graph_and_traces_nothing(trainer: MakeTrainer, traces: Counter[str]) -> None:
    first = trainer()
    graph = first._graph
    run_epochs(first)
    assert traces == {"TrainSteps.run": 1, "Predictor._batches": 1}
    del first
    second = trainer(
        seed=1, model=dataclasses.replace(NORMED, block_dropout=0.5), batch_size=11, label_smoothing=0.1, ema_decay=0.5
    )
    assert second._graph is graph
    run_epochs(second)
    assert traces == {"TrainSteps.run": 1, "Predictor._batches": 1}
    del second
    other = trainer(model=dataclasses.replace(NORMED, filters=(4, 9)))
    assert other._graph is not graph
    assert traces == {"TrainSteps.run": 2, "Predictor._batches": 2}


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_used_graph_trains_as_a_new_one_to_the_bit(
    trainer: MakeTrainer, shelf: GraphShelf, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    on_new_graph = trainer(seed=5, precision=precision)
    graph, expected = on_new_graph._graph, run_epochs(on_new_graph)
    monkeypatch.setattr(train, "SHELF", GraphShelf())
    before = trainer(
        seed=6,
        precision=precision,
        model=dataclasses.replace(NORMED, block_dropout=0.6, dense_dropout=0.1),
        batch_size=9,
        learning_rate=1e-2,
        schedule="plateau",
        label_smoothing=0.2,
        ema_decay=0.3,
    )
    run_epochs(before, num_epochs=3)
    used = before._graph
    assert used is not graph
    del before
    on_used_graph = trainer(seed=5, precision=precision)
    assert on_used_graph._graph is used
    assert_same(run_epochs(on_used_graph), expected)


def test_a_trials_own_rates_reach_its_dropout_layers(trainer: MakeTrainer) -> None:
    losses = []
    for block, dense in ((0.2, 0.4), (0.7, 0.1)):
        one = trainer(model=dataclasses.replace(NORMED, block_dropout=block, dense_dropout=dense))
        losses.append(one.run_epoch().loss)
        rates = {"dropout_1": block, "dropout_2": block, "dense_dropout_1": dense}
        deployed = one.best_model()
        assert {name: deployed.get_layer(name).rate for name in rates} == rates
        for layer in one._graph._dropouts:
            assert int(layer._num_dropped_levels) == num_dropped_levels(rates[layer.name])
        del one, layer
    assert losses[0] != losses[1]


def test_two_trainers_at_once_have_graphs_of_their_own(trainer: MakeTrainer) -> None:
    one, other = trainer(seed=1), trainer(seed=2)
    assert one._graph is not other._graph
    one.run_epoch()
    other.run_epoch()
    turns = run_epochs(one, num_epochs=1)
    del one, other
    assert_same(run_epochs(trainer(seed=1)), turns)


def test_a_trial_that_diverged_leaves_no_trace(trainer: MakeTrainer) -> None:
    expected = run_epochs(trainer(seed=5))
    failing = trainer(learning_rate=1e38, schedule="plateau")
    graph = failing._graph
    with pytest.raises(TrainingError):
        failing.run_epoch()
    assert not all(np.isfinite(weight).all() for weight in graph.model.get_weights())
    del failing
    gc.collect()  # the error's traceback holds on to the trainer
    after = trainer(seed=5)
    assert after._graph is graph
    assert_same(run_epochs(after), expected)


def test_a_trial_that_was_interrupted_within_an_epoch_leaves_no_trace(
    trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run_epochs(trainer(seed=5))
    stopped = trainer(seed=6)
    graph, run_steps, calls = stopped._graph, stopped._graph.run_steps, []

    def press_ctrl_c(*inputs: Any) -> Any:
        calls.append(inputs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return run_steps(*inputs)

    stopped._loop._run_steps = press_ctrl_c
    with monkeypatch.context() as patched:
        patched.setattr(epoch, "STEPS_PER_CALL", 2)
        with pytest.raises(KeyboardInterrupt):
            stopped.run_epoch()
    assert int(graph.adam.num_steps) == 2
    del stopped
    gc.collect()
    after = trainer(seed=5)
    assert after._graph is graph
    assert_same(run_epochs(after), expected)


def test_a_resumed_trial_may_take_a_used_graph(trainer: MakeTrainer) -> None:
    first = trainer(seed=3)
    for _ in range(2):
        first.run_epoch()
    state, epochs = first.state(), list(first.epochs)
    expected = run_epochs(first, num_epochs=1)
    graph = first._graph
    del first
    run_epochs(trainer(seed=4, batch_size=9))
    resumed = trainer(seed=3)
    assert resumed._graph is graph
    resumed.restore(state, epochs)
    assert_same(run_epochs(resumed, num_epochs=1), expected)


def test_softmax_with_other_weights_leaves_the_models_alone(trainer: MakeTrainer, tiny_dataset: Dataset) -> None:
    graph = trainer()._graph
    weights = graph.model.get_weights()
    softmax = graph.softmax(tiny_dataset.x_test, [weight * 0 for weight in weights])
    np.testing.assert_allclose(softmax, 1 / 3, atol=1e-6)
    for one, other in zip(graph.model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_shelf_keeps_the_last_graphs_and_gives_each_once() -> None:
    models = [make_model_config(width, block_dropout=0.0, dense_units=()) for width in (1, 2, 3)]
    graphs = [Graph(make_graph_shape(Config(model=model))) for model in models]
    shelf = GraphShelf(max_idle=2)
    for graph in graphs:
        shelf.give_back(graph)
    for graph in graphs[1:]:
        assert shelf.take(graph.shape) is graph
    for graph in graphs:  # the first went when the third came, the others are in use
        assert shelf.take(graph.shape) is not graph


def test_the_shelf_of_a_process_keeps_so_many(trainer: MakeTrainer, shelf: GraphShelf) -> None:
    trial = trainer()
    assert shelf._idle == []
    graph = trial._graph
    del trial
    assert shelf._idle == [graph]
    for _ in range(MAX_IDLE):
        shelf.give_back(graph)
    assert len(shelf._idle) == MAX_IDLE


def test_a_prediction_that_is_interrupted_leaves_the_weights_alone(
    trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(rows: np.ndarray) -> None:
        raise KeyboardInterrupt

    graph = trainer()._graph
    before = graph.model.get_weights()
    monkeypatch.setattr(graph.predictor, "softmax", interrupt)
    with pytest.raises(KeyboardInterrupt):
        graph.softmax(np.zeros(0, np.uint8), [weight + 1 for weight in before])
    for one, other in zip(graph.model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)

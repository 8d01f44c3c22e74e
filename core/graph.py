"""A network with its compiled training step and prediction, kept for the next trial of the same shape.

Building and tracing one takes about half a second, which a search would otherwise pay in every trial. What differs
between trials of one shape (weights, rates, batch size, smoothing) is data to the graph: nothing is traced again.
"""

import contextlib
import dataclasses
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from core.adam import Adam
from core.average import WeightAverage
from core.config import Config, ModelConfig
from core.epoch import TrainSteps
from core.layers.dropout import Dropout
from core.model import build_model, initial_weights
from core.predict import Predictor
from core.seeds import derive_seed
from core.weights import numbered

MAX_IDLE = 4
"""Graphs kept for later: a search returns to few shapes, and each holds its weights three or four times over."""
ANY_RATE = 0.5
"""What stands for all dropout rates above 0 in a shape."""


@dataclass(frozen=True, kw_only=True)
class GraphShape:
    """All of a trial that is built into its graph."""

    model: ModelConfig
    """With every dropout rate above 0 replaced by one."""
    image_shape: tuple[int, int, int]
    """Height, width, channels in pixels."""
    num_classes: int
    precision: str
    """float32 or bfloat16."""
    is_augmented: bool
    is_averaged: bool
    """Whether the weights' moving average is kept."""
    num_views: int
    """Views of an image that a prediction is averaged over."""
    has_soft_targets: bool = False
    """Whether labels are probabilities of all classes, as a student's are."""


def shape_of(config: Config, *, image_shape: tuple[int, int, int], num_classes: int, precision: str) -> GraphShape:
    """Return the shape of a configuration's graph; `precision` is what `config.precision` came to."""
    model = config.model
    return GraphShape(
        model=dataclasses.replace(
            model,
            block_dropout=ANY_RATE if model.block_dropout > 0 else 0.0,
            dense_dropout=ANY_RATE if model.dense_dropout > 0 else 0.0,
        ),
        image_shape=image_shape,
        num_classes=num_classes,
        precision=precision,
        is_augmented=not config.augment.is_identity,
        is_averaged=config.train.ema_decay > 0,
        num_views=config.views,
    )


class Graph:
    """A network of a shape, with what trains it and what predicts with it.

    Args:
        shape: The graph's.
        model: One's own, ready to be trained; left out, the network is the shape's, and `start` comes first.
    """

    def __init__(self, shape: GraphShape, model: keras.Model | None = None) -> None:
        self.shape = shape
        self.model = _network_of(shape) if model is None else model
        self.adam = Adam([variable.value for variable in self.model.trainable_variables])
        weights = [variable.value for variable in self.model.weights]
        self.average = WeightAverage(weights) if shape.is_averaged else None
        self._dropouts = [layer for layer in self.model.layers if isinstance(layer, Dropout)]
        self._random_states = random_states(self.model)
        steps = TrainSteps(
            model=self.model,
            adam=self.adam,
            average=self.average,
            is_augmented=shape.is_augmented,
            has_soft_targets=shape.has_soft_targets,
        )
        self.run_steps = steps.compile()
        self.predictor = Predictor(self.model, num_views=shape.num_views)
        self._other_predictors: dict[int, Predictor] = {}

    def start(self, config: ModelConfig, seed: int) -> None:
        """Forget what was trained: weights as `seed` draws them, an optimiser that is new, this trial's rates."""
        self.model.set_weights(initial_weights(self.model, seed))
        self.adam.reset()
        if self.average is not None:
            self.average.reset()
        for layer in self._dropouts:
            is_dense = layer.name.startswith("dense")
            layer.change_rate(config.dense_dropout if is_dense else config.block_dropout)

    def seed_dropout(self, seed: int, epoch: int) -> None:
        """Set each random layer's state, which otherwise runs on from the epoch before."""
        for index, state in enumerate(self._random_states):
            state.assign([derive_seed(seed, "dropout", epoch, index), 0])

    def scoring_weights(self) -> list[np.ndarray]:
        """Return copies of the weights that score and predict: the averages where there are any."""
        if self.average is None:
            return [np.array(weight) for weight in self.model.get_weights()]
        return [variable.numpy() for variable in self.average.state]

    def state(self) -> dict[str, np.ndarray]:
        """Return weights, optimiser and averages as plain arrays by name."""
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Take over what `state` of a graph of this shape returned."""
        for name, variable in self._variables().items():
            variable.assign(state[name])

    def softmax(
        self, rows: np.ndarray | tf.Tensor, weights: list[np.ndarray], *, num_views: int | None = None
    ) -> np.ndarray:
        """Predict rows (n, height, width, channels) uint8 with `weights`: (n, num_classes) float32.

        The model keeps the weights that it has. Other views than the shape's are traced once a graph.
        """
        predictor = self._predictor_of(self.shape.num_views if num_views is None else num_views)
        current = self.model.get_weights()
        try:
            self.model.set_weights(weights)
            return predictor.softmax(rows)
        finally:
            self.model.set_weights(current)

    def _predictor_of(self, num_views: int) -> Predictor:
        """Return what predicts over so many views."""
        if num_views == self.shape.num_views:
            return self.predictor
        if num_views not in self._other_predictors:
            self._other_predictors[num_views] = Predictor(self.model, num_views=num_views)
        return self._other_predictors[num_views]

    def _variables(self) -> dict[str, tf.Variable]:
        """Return all that training changes, by name."""
        weights = [variable.value for variable in self.model.weights]
        average = [] if self.average is None else self.average.state
        return numbered("weights", weights) | numbered("optimizer", self.adam.state) | numbered("average", average)


def _network_of(shape: GraphShape) -> keras.Model:
    """Return the network that a shape describes."""
    return build_model(
        shape.model, image_shape=shape.image_shape, num_classes=shape.num_classes, precision=shape.precision
    )


def random_states(model: keras.Model) -> list[tf.Variable]:
    """Return the states of a model's random layers, in order: all that it has besides weights, (2,) int64 each."""
    weights = {id(weight) for weight in model.weights}
    return [variable.value for variable in model.variables if id(variable) not in weights]


class GraphShelf:
    """Graphs that no trial uses, the longest unused first."""

    def __init__(self, max_idle: int = MAX_IDLE) -> None:
        self._max_idle = max_idle
        self._idle: list[Graph] = []

    def take(self, shape: GraphShape) -> Graph:
        """Return a graph of this shape for one trial alone: an idle one, or a new one. `Graph.start` comes next."""
        for graph in tuple(self._idle):
            if graph.shape == shape:
                # a trainer that is collected at this moment puts its own graph on, which may push this one off
                with contextlib.suppress(ValueError):
                    self._idle.remove(graph)
                return graph
        return Graph(shape)

    def give_back(self, graph: Graph) -> None:
        """Keep a graph for a later trial; the longest unused one may go."""
        self._idle.append(graph)
        del self._idle[: max(len(self._idle) - self._max_idle, 0)]


SHELF = GraphShelf()
"""Of this process."""

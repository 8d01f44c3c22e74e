"""One training, an epoch at a time; all that is random in it depends on seed and epoch alone.

On a CPU the same seed gives the same bits for the same number of threads (measured with 1 and 2, in float32 and
bfloat16, across processes), without TensorFlow's op determinism. Another number of threads, or a GPU, rounds otherwise.
"""

import time
import weakref
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.augment import draw_transforms
from core.builder import build_own_model, own_as_deployable
from core.config import Config
from core.data.dataset import Dataset
from core.data.split import Split
from core.epoch import TrainLoop
from core.errors import TrainingError
from core.graph import SHELF, Graph, shape_of
from core.limits import require_config_fits_data
from core.metrics import LOG_LOSS, accuracy, log_loss
from core.model import as_deployable
from core.precision import resolve_precision
from core.rows import rows_on_device
from core.schedule import make_schedule
from core.seeds import derive_seed
from core.store.records import EpochReport
from core.weights import numbered, require_same_arrays


class Trainer:
    """Trains one configuration and keeps the weights of its best epoch (least holdout log-loss; ties: the earlier).

    Args:
        config: What is trained.
        dataset: All rows.
        split: Which of them train and which score.
        seed: Of all that is random.
        keeps_last: The last epoch's weights are kept instead, so that nothing is chosen on the rows that score.

    Attributes:
        epochs: Reports of the epochs so far.
        precision: The arithmetic that was chosen, "float32" or "bfloat16".

    Raises:
        ConfigError: the configuration does not fit the data, or its builder makes no model that can be trained.
    """

    def __init__(self, config: Config, dataset: Dataset, split: Split, *, seed: int, keeps_last: bool = False) -> None:
        num_train = len(split.train_rows)
        require_config_fits_data(config, image_shape=dataset.image_shape, num_train=num_train)
        self.epochs: list[EpochReport] = []
        self.precision = resolve_precision(config.precision)
        self._config = config
        self._image_shape = dataset.image_shape
        self._num_train = num_train
        self._seed = seed
        self._keeps_last = keeps_last
        self._graph = self._make_graph(dataset.num_classes)
        self._rows = rows_on_device(dataset, split)
        self._loop = TrainLoop(self._graph.run_steps, self._rows.train, self._rows.train_labels, config.train)
        self._schedule = make_schedule(config.train, self._loop.num_steps)
        self._holdout_labels = dataset.labels[split.holdout_rows]
        self._best_weights: list[np.ndarray] = []
        self._best_holdout_softmax = np.zeros((0, dataset.num_classes), np.float32)
        self._best_test_softmax: np.ndarray | None = None

    def run_epoch(self) -> EpochReport:
        """Train one epoch, score the holdout, keep the weights where they are the best so far.

        Raises:
            TrainingError: a loss is not finite; the trainer is of no further use.
        """
        started = time.perf_counter()
        epoch = len(self.epochs) + 1
        rates = self._schedule.rates(epoch)
        self._graph.seed_dropout(self._seed, epoch)
        try:
            sums = self._loop.run_epoch(self._order(epoch), self._transforms(epoch), rates)
        except TrainingError as error:
            raise TrainingError(f"epoch {epoch}: {error}. Try a smaller learning rate") from error
        weights = self._graph.scoring_weights()
        softmax = self._graph.softmax(self._rows.holdout, weights)
        report = EpochReport(
            epoch=epoch,
            loss=sums.loss / self._num_train,
            train_accuracy=sums.num_correct / self._num_train,
            log_loss=log_loss(softmax, self._holdout_labels),
            accuracy=accuracy(softmax, self._holdout_labels),
            learning_rate=float(rates[-1]),
            seconds=time.perf_counter() - started,
        )
        self._take_in(report, softmax, weights)
        return report

    def best_holdout_softmax(self) -> np.ndarray:
        """Return the best epoch's probabilities of the holdout rows, (num_holdout, num_classes) float32."""
        return self._best_holdout_softmax

    def best_test_softmax(self) -> np.ndarray:
        """Return the best epoch's probabilities of the test rows, (num_test, num_classes) float32."""
        if self._best_test_softmax is None:
            self._best_test_softmax = self._graph.softmax(self._rows.test, self._best_weights)
        return self._best_test_softmax

    def kept_softmax(self, rows: np.ndarray, *, num_views: int) -> np.ndarray:
        """Return the kept weights' probabilities of rows (n, height, width, channels) uint8, over so many views."""
        return self._graph.softmax(rows, self._best_weights, num_views=num_views)

    def best_model(self) -> keras.Model:
        """Return the best epoch's model for use elsewhere: pixels 0..255 to softmax."""
        is_own = self._config.builder is not None
        model = own_as_deployable(self._graph.model) if is_own else as_deployable(self._graph.model)
        model.set_weights(self._best_weights)
        return model

    def state(self) -> dict[str, np.ndarray]:
        """Return all that a continued training needs, as plain arrays."""
        return {
            "epoch": np.array(len(self.epochs)),
            "schedule": self._schedule.state(),
            "best_holdout_softmax": self._best_holdout_softmax,
            **self._graph.state(),
            **numbered("best_weights", self._best_weights),
        }

    def restore(self, state: dict[str, np.ndarray], epochs: Sequence[EpochReport]) -> None:
        """Go on from what `state` returned: every later epoch is to the bit what it would have been.

        Args:
            state: Of a trainer of the same configuration, data, split and seed.
            epochs: That trainer's reports.

        Raises:
            StoredFileError: the state is of another training; nothing has been changed.
        """
        running = self._graph.state()
        best_weights = numbered("best_weights", self._graph.scoring_weights())
        require_same_arrays(state, running | best_weights, num_epochs=len(epochs))
        self.epochs = list(epochs)
        self._schedule.restore(state["schedule"])
        self._graph.restore({name: state[name] for name in running})
        self._best_weights = [state[name] for name in best_weights]
        self._best_holdout_softmax = state["best_holdout_softmax"]
        self._best_test_softmax = None

    def _make_graph(self, num_classes: int) -> Graph:
        """Return a graph with the weights that the training starts from."""
        config, seed = self._config, derive_seed(self._seed, "weights")
        facts: dict[str, Any] = {"image_shape": self._image_shape, "num_classes": num_classes}
        shape = shape_of(config, **facts, precision=self.precision)
        if config.builder is not None:
            # never another trial's: what its function makes of another configuration or seed, it knows alone
            return Graph(shape, build_own_model(config, **facts, precision=self.precision, seed=seed))
        graph = SHELF.take(shape)
        # whatever becomes of this trainer, the next one of the shape has the graph
        weakref.finalize(self, SHELF.give_back, graph).atexit = False
        graph.start(config.model, seed)
        return graph

    def _order(self, epoch: int) -> np.ndarray:
        """Return the epoch's permutation of the train rows, (num_train,) int32."""
        generator = np.random.default_rng(derive_seed(self._seed, "order", epoch))
        return generator.permutation(self._num_train).astype(np.int32)

    def _transforms(self, epoch: int) -> tf.Tensor | None:
        """Return the epoch's affine transforms, (num_train, 8) float32; None where no image changes."""
        augment = self._config.augment
        if augment.is_identity:
            return None
        seed = derive_seed(self._seed, "augment", epoch)
        return draw_transforms(augment, self._image_shape, self._num_train, seed)

    def _take_in(self, report: EpochReport, softmax: np.ndarray, weights: list[np.ndarray]) -> None:
        """Keep report, rates and, where they are the best so far, weights and softmax."""
        if not np.isfinite(report.log_loss):
            raise TrainingError(
                f"epoch {report.epoch}: the holdout log-loss must be finite, got {report.log_loss}. "
                "Try a smaller learning rate"
            )
        is_best = all(LOG_LOSS.is_better(report.log_loss, earlier.log_loss) for earlier in self.epochs)
        self.epochs.append(report)
        self._schedule.end_epoch(report.accuracy)
        if is_best or self._keeps_last:
            self._best_weights = weights
            self._best_holdout_softmax = softmax
            self._best_test_softmax = None

"""One network taught by the vote: trained on its softmax, scored beside it, timed beside it."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from statistics import median

import keras
import numpy as np
import tensorflow as tf

from core.augment import draw_transforms
from core.config import Config
from core.data.twins import first_identical_rows
from core.deploy import DistilResult, TaughtRows
from core.epoch import TrainLoop
from core.export import BATCH_SIZE, describe, predict
from core.graph import Graph, shape_of
from core.known import fast_config
from core.limits import require_config_fits_data, with_batch_that_fits
from core.metrics import accuracy, log_loss
from core.model import as_deployable
from core.precision import resolve_precision
from core.schedule import make_schedule
from core.seeds import derive_seed
from core.settings import default_epochs
from core.stock_model import read_stock_model
from core.store import files
from core.trial import write_model

NUM_ROUNDS = 5
MAX_TIMED_IMAGES = 1000
MIN_TIMED_IMAGES = 64
ROUND_SECONDS = 3.0
"""What a slow vote may take a round: it is timed on fewer images then."""

OnEpoch = Callable[[int, int, float], None]


def write_student(
    rows: TaughtRows,
    *,
    vote_url: str,
    class_names: Sequence[str],
    folder: str,
    seed: int,
    config: Config | None,
    on_epoch: OnEpoch,
) -> DistilResult:
    """Do what `core.deploy.distil_vote` says."""
    train_rows = rows_to_learn_from(rows)
    config = student_config(len(train_rows)) if config is None else config
    require_config_fits_data(config, image_shape=rows.images.shape[1:], num_train=len(train_rows))
    vote = read_stock_model(vote_url)
    images, softmax = rows.images[train_rows], softmax_to_learn(vote, rows, train_rows)
    student = train_student(config, images, softmax, seed=seed, on_epoch=on_epoch)
    result = _compare(student, vote, rows, files.join(folder, "student.keras"), len(train_rows))
    write_model(result.url, student)
    facts = {
        **dataclasses.asdict(result),
        "speed_ratio": result.speed_ratio,
        "vote": vote_url,
        "seed": seed,
        "config": config.to_json(),
    }
    files.write_json(files.join(folder, "student.json"), describe(student, class_names) | facts)
    return result


def rows_to_learn_from(rows: TaughtRows) -> np.ndarray:
    """Return the rows of which no identical image is scored, (num_train,) int64 ascending."""
    first = first_identical_rows(rows.images)
    return np.flatnonzero(~np.isin(first, first[rows.scored_rows]))


def softmax_to_learn(vote: keras.Model, rows: TaughtRows, train_rows: np.ndarray) -> np.ndarray:
    """Return the softmax of the train rows, (num_train, num_classes) float32, with the model's own where it is NaN.

    Raises:
        ValueError: a scored row has none.
    """
    if not np.isfinite(rows.softmax[rows.scored_rows]).all():
        raise ValueError("the scored rows must have the vote's softmax, made by models that had not seen them")
    softmax = rows.softmax[train_rows].astype(np.float32)
    is_missing = np.isnan(softmax).any(axis=1)
    if is_missing.any():
        softmax[is_missing] = predict(vote, rows.images[train_rows[is_missing]])
    return softmax


def student_config(num_train: int) -> Config:
    """Return the fast configuration with a batch and a number of epochs that suit the rows."""
    config = with_batch_that_fits(fast_config(), num_train)
    train = dataclasses.replace(config.train, epochs=default_epochs("fast", num_train))
    return dataclasses.replace(config, train=train)


def train_student(
    config: Config,
    images: np.ndarray,  # (n, height, width, channels) uint8
    softmax: np.ndarray,  # (n, num_classes) float, rows sum to 1
    *,
    seed: int,
    on_epoch: OnEpoch,
) -> keras.Model:
    """Train on soft targets, augmented as the configuration says; return a model from pixels 0..255 to softmax.

    Source: Hinton, Vinyals and Dean, Distilling the knowledge in a neural network, arXiv:1503.02531, at temperature 1.

    Raises:
        TrainingError: the loss is not finite.
    """
    assert config.builder is None, "a student is one of our networks"
    num_images, num_epochs, image_shape = len(images), config.train.epochs, images.shape[1:]
    precision = resolve_precision(config.precision)
    shape = shape_of(config, image_shape=image_shape, num_classes=softmax.shape[1], precision=precision)
    graph = Graph(dataclasses.replace(shape, has_soft_targets=True))
    graph.start(config.model, derive_seed(seed, "weights"))
    loop = TrainLoop(graph.run_steps, images, softmax, config.train)
    schedule = make_schedule(config.train, loop.num_steps)
    for epoch in range(1, num_epochs + 1):
        graph.seed_dropout(seed, epoch)
        order = np.random.default_rng(derive_seed(seed, "order", epoch)).permutation(num_images).astype(np.int32)
        transforms = None
        if not config.augment.is_identity:
            transforms = draw_transforms(config.augment, image_shape, num_images, derive_seed(seed, "augment", epoch))
        sums = loop.run_epoch(order, transforms, schedule.rates(epoch))
        schedule.end_epoch(sums.num_correct / num_images)
        on_epoch(epoch, num_epochs, sums.loss / num_images)
    student = as_deployable(graph.model)
    student.set_weights(graph.scoring_weights())
    return student


def seconds_for_1000(models: Sequence[keras.Model], images: np.ndarray) -> list[float]:
    """Return each model's time for 1,000 images, the median of rounds in turns; compiling is not in it."""
    compiled = [_compile(model) for model in models]
    first = images[:BATCH_SIZE]
    for _ in range(2):  # the first call of each allocates
        slowest = max(_seconds(run, first) for run in compiled)
    num_affordable = int(ROUND_SECONDS / (slowest / len(first)))
    timed = images[: min(MAX_TIMED_IMAGES, max(num_affordable, MIN_TIMED_IMAGES))]
    rounds = [[_seconds(run, timed) for run in compiled] for _ in range(NUM_ROUNDS)]
    return [1000 * median(times) / len(timed) for times in zip(*rounds, strict=True)]


def _compare(student: keras.Model, vote: keras.Model, rows: TaughtRows, url: str, num_train: int) -> DistilResult:
    """Score both on the rows set aside, the vote by its stored softmax, and time them."""
    scored = rows.scored_rows
    images, labels, of_vote = rows.images[scored], rows.labels[scored], rows.softmax[scored]
    of_student = predict(student, images)
    student_seconds, vote_seconds = seconds_for_1000([student, vote], images)
    return DistilResult(
        url=url,
        num_train=num_train,
        num_scored=len(scored),
        student_accuracy=accuracy(of_student, labels),
        vote_accuracy=accuracy(of_vote, labels),
        student_log_loss=log_loss(of_student, labels),
        vote_log_loss=log_loss(of_vote, labels),
        agreement=float((of_student.argmax(axis=1) == of_vote.argmax(axis=1)).mean()),
        student_seconds=student_seconds,
        vote_seconds=vote_seconds,
    )


def _compile(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a model as one graph for any number of images."""
    signature = [tf.TensorSpec([None, *model.input_shape[1:]], tf.float32)]
    return tf.function(lambda pixels: model(pixels, training=False), signature).get_concrete_function()


def _seconds(run: Callable[[tf.Tensor], tf.Tensor], images: np.ndarray) -> float:
    """Return how long a model takes for images, batch after batch, results on the host."""
    batches = [tf.constant(images[i : i + BATCH_SIZE], tf.float32) for i in range(0, len(images), BATCH_SIZE)]
    started = time.perf_counter()
    for batch in batches:
        run(batch).numpy()
    return time.perf_counter() - started

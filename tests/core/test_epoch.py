import keras
import numpy as np
import pytest
import tensorflow as tf

from core.adam import Adam
from core.augment import draw_transforms, resample
from core.config import AugmentConfig, ModelConfig, TrainConfig
from core.epoch import TrainLoop, TrainSteps, smoothed_cross_entropy
from core.errors import TrainingError
from tests.core.making import make_model_config
from tests.core.networks import make_model

NO_DROPOUT = make_model_config(4, 8, block_dropout=0.0, dense_units=(16,))
NORMED = make_model_config(4, 8, num_convs=2, block_dropout=0.0, dense_units=(16,), batch_norm="block")
NUM_ROWS, BATCH_SIZE = 70, 16  # the last step takes 6


def build(config: ModelConfig = NO_DROPOUT) -> keras.Model:
    return make_model(config, image_shape=(8, 6, 1), num_classes=3)


def in_stock_layers(model: keras.Model) -> keras.Model:
    """Return the same network, weights included, with Keras's own layer in each layer's place."""
    layers = [getattr(keras.layers, type(layer).__name__).from_config(layer.get_config()) for layer in model.layers[1:]]
    stock = keras.Sequential([keras.Input((8, 6, 1)), *layers])
    stock.set_weights(model.get_weights())
    return stock


def draw_rows() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.integers(0, 256, (NUM_ROWS, 8, 6, 1), dtype=np.uint8), random.integers(0, 3, NUM_ROWS, np.int32)


def make_loop(model: keras.Model, label_smoothing: float = 0.0, is_augmented: bool = False) -> TrainLoop:
    adam = Adam([variable.value for variable in model.trainable_variables])
    steps = TrainSteps(model=model, adam=adam, average=None, is_augmented=is_augmented)
    config = TrainConfig(batch_size=BATCH_SIZE, label_smoothing=label_smoothing)
    return TrainLoop(steps.compile(), *draw_rows(), config)


def fit_with_keras(
    model: keras.Model, images: np.ndarray, labels: np.ndarray, label_smoothing: float
) -> tuple[float, float]:
    """Train one epoch in the given order with Keras's own loop; return loss and accuracy."""
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=label_smoothing)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    targets = keras.utils.to_categorical(labels, 3)
    history = model.fit(images, targets, batch_size=BATCH_SIZE, shuffle=False, verbose=0).history
    return history["loss"][0], history["accuracy"][0]


@pytest.mark.parametrize(
    ("label_smoothing", "is_augmented", "config"),
    [(0.0, False, NO_DROPOUT), (0.2, True, NO_DROPOUT), (0.0, False, NORMED)],
    ids=["plain", "smoothed_and_augmented", "batch_norm"],
)
def test_an_epoch_is_that_of_keras_fit_last_partial_batch_included(
    label_smoothing: float, is_augmented: bool, config: ModelConfig
) -> None:
    rows, labels = draw_rows()
    order = np.random.default_rng(1).permutation(NUM_ROWS).astype(np.int32)
    images, transforms = rows[order].astype(np.float32) / 255, None
    if is_augmented:
        transforms = draw_transforms(AugmentConfig(), (8, 6, 1), NUM_ROWS, seed=0)
        images = resample(images, transforms).numpy()
    model = build(config)
    expected = in_stock_layers(model)
    loss, accuracy = fit_with_keras(expected, images, labels[order], label_smoothing)
    loop = make_loop(model, label_smoothing, is_augmented)
    sums = loop.run_epoch(order, transforms, np.full(5, 1e-3, np.float32))
    assert loop.num_steps == 5
    assert sums.loss / NUM_ROWS == pytest.approx(loss, rel=1e-5)
    assert sums.num_correct == round(accuracy * NUM_ROWS)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        # Adam's first steps are of the rate's size whatever the gradient: rounding of a gradient near 0 shows
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_each_step_takes_its_own_rate() -> None:
    model = build()
    before = model.get_weights()
    loop = make_loop(model)
    order = np.arange(NUM_ROWS, dtype=np.int32)
    loop.run_epoch(order, None, np.zeros(5, np.float32))
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    loop.run_epoch(order, None, np.array([0, 0, 0, 0, 1e-3], np.float32))
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_a_loss_that_is_not_finite_stops_the_epoch() -> None:
    with pytest.raises(TrainingError, match=r"the training loss must be finite, got (nan|inf) by step 5"):
        make_loop(build()).run_epoch(np.arange(NUM_ROWS, dtype=np.int32), None, np.full(5, np.inf, np.float32))


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_smoothed_cross_entropy_equals_kerass(smoothing: float) -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(9, 4)).astype(np.float32) * 5, random.integers(0, 4, 9)
    expected = keras.losses.categorical_crossentropy(
        keras.utils.to_categorical(labels, 4), logits, from_logits=True, label_smoothing=smoothing
    )
    result = smoothed_cross_entropy(tf.constant(labels, tf.int32), tf.constant(logits), smoothing)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-6)


def test_smoothed_cross_entropy_by_hand() -> None:
    # two classes, logits (0, ln 3): probabilities 1/4 and 3/4; half the mass is spread over both
    result = smoothed_cross_entropy(tf.constant([1]), tf.constant([[0.0, np.log(3.0)]], tf.float32), 0.5)
    np.testing.assert_allclose(result, [-0.75 * np.log(0.75) - 0.25 * np.log(0.25)], rtol=1e-6)


def test_a_soft_target_costs_its_cross_entropy() -> None:
    losses = smoothed_cross_entropy(tf.constant([[0.25, 0.75]]), tf.constant([[0.0, np.log(3.0)]], tf.float32), 0.0)
    assert float(losses[0]) == pytest.approx(-0.25 * np.log(0.25) - 0.75 * np.log(0.75))


def test_soft_targets_of_one_class_train_as_labels_do() -> None:
    rows, labels = draw_rows()
    hard, soft = build(), build()
    adam = Adam([variable.value for variable in soft.trainable_variables])
    steps = TrainSteps(model=soft, adam=adam, average=None, is_augmented=False, has_soft_targets=True)
    loop = TrainLoop(steps.compile(), rows, np.eye(3)[labels], TrainConfig(batch_size=BATCH_SIZE))
    order, rates = np.arange(NUM_ROWS, dtype=np.int32), np.full(5, 1e-3, np.float32)
    of_soft, of_hard = loop.run_epoch(order, None, rates), make_loop(hard).run_epoch(order, None, rates)
    assert of_soft.num_correct == of_hard.num_correct
    assert of_soft.loss == pytest.approx(of_hard.loss, rel=1e-5)
    for one, other in zip(soft.get_weights(), hard.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)

import keras
import numpy as np
import pytest

from core.config import TrainConfig
from core.schedule import CosineSchedule, PlateauSchedule, make_schedule


def keras_rates(accuracies: list[float], config: TrainConfig) -> list[float]:
    """Return the rate of each epoch under Keras's own callback."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(config.learning_rate), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(
        monitor="val_accuracy",
        mode="max",
        patience=config.plateau_patience_epochs,
        factor=config.plateau_factor,
        min_lr=config.min_learning_rate,
    )
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, accuracy in enumerate(accuracies):
        rates.append(float(model.optimizer.learning_rate.numpy()))
        callback.on_epoch_end(epoch, {"val_accuracy": accuracy})
    return rates


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_plateau_gives_the_rates_of_kerass_callback(patience: int) -> None:
    # rises, stands still, rises by less and by more than min_delta, falls, and ends on the floor
    risen = [0.5, 0.9, 0.9, 0.90005, 0.9, 0.9002, 0.9, 0.9, 0.9, 0.95]
    accuracies = [*risen, *([0.94] * 20), 0.99, 0.98, 0.98, 0.98]
    config = TrainConfig(plateau_patience_epochs=patience, min_learning_rate=1e-5)
    schedule = PlateauSchedule(config, steps_per_epoch=1)
    ours = []
    for epoch, accuracy in enumerate(accuracies, start=1):
        ours.append(float(schedule.rates(epoch)[0]))
        schedule.end_epoch(accuracy)
    np.testing.assert_allclose(ours, keras_rates(accuracies, config), rtol=1e-6)


def test_plateau_cuts_after_two_epochs_without_a_better_accuracy() -> None:
    schedule = PlateauSchedule(TrainConfig(learning_rate=0.08), steps_per_epoch=3)
    for accuracy in (0.9, 0.9, 0.9):
        np.testing.assert_array_equal(schedule.rates(1), np.full(3, 0.08, np.float32))
        schedule.end_epoch(accuracy)
    np.testing.assert_array_equal(schedule.rates(4), np.full(3, 0.04, np.float32))


def test_plateau_leaves_a_rate_below_its_floor_alone() -> None:
    schedule = PlateauSchedule(TrainConfig(learning_rate=1e-6, min_learning_rate=1e-5), steps_per_epoch=1)
    for _ in range(5):
        schedule.end_epoch(0.5)
    assert schedule.rates(6)[0] == np.float32(1e-6)


def test_cosine_climbs_then_falls_by_hand() -> None:
    config = TrainConfig(epochs=3, learning_rate=1.0, schedule="cosine", warmup_fraction=1 / 3)
    schedule = CosineSchedule(config, steps_per_epoch=2)
    rates = np.concatenate([schedule.rates(epoch) for epoch in (1, 2, 3)])
    # 6 steps, 2 of warm-up; then (1 + cos(pi * k / 4)) / 2 for k = 0..3
    expected = [0.5, 1.0, 1.0, (1 + np.sqrt(0.5)) / 2, 0.5, (1 - np.sqrt(0.5)) / 2]
    np.testing.assert_allclose(rates, expected, atol=1e-7)
    np.testing.assert_array_equal(schedule.rates(4), [0, 0])


def test_cosine_without_warm_up_starts_at_its_peak() -> None:
    config = TrainConfig(epochs=2, learning_rate=0.1, schedule="cosine", warmup_fraction=0.0)
    rates = CosineSchedule(config, steps_per_epoch=5).rates(1)
    assert rates[0] == np.float32(0.1)
    assert (np.diff(rates) < 0).all()


def test_make_schedule_takes_the_one_named() -> None:
    assert isinstance(make_schedule(TrainConfig(schedule="cosine"), 1), CosineSchedule)
    assert isinstance(make_schedule(TrainConfig(), 1), PlateauSchedule)


@pytest.mark.parametrize("config", [TrainConfig(epochs=6), TrainConfig(epochs=6, schedule="cosine")])
def test_a_restored_schedule_goes_on_as_the_first_would(config: TrainConfig) -> None:
    first, second = make_schedule(config, 4), make_schedule(config, 4)
    for accuracy in (0.5, 0.4, 0.45):
        first.end_epoch(accuracy)
    second.restore(first.state())
    for epoch, accuracy in ((4, 0.3), (5, 0.6), (6, 0.6)):
        np.testing.assert_array_equal(first.rates(epoch), second.rates(epoch))
        first.end_epoch(accuracy)
        second.end_epoch(accuracy)

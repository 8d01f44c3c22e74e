"""Simulated studies whose truth is known: configurations searched and trained again, and fresh rows without end."""

from dataclasses import dataclass

import numpy as np

from core.metrics import log_loss


@dataclass(frozen=True, kw_only=True)
class World:
    """What a study is drawn from.

    Logits are (signal * the row's class + noise) * a scale. The noise has parts of four kinds: what makes a row hard
    for everyone; what a configuration makes of it, whenever it is trained; what one training makes of it; one epoch.
    So whoever is picked on some rows was lucky on them in part, and keeps that part of the luck which is the
    configuration's when it is trained again.
    """

    num_rows: int = 200
    """Labelled rows: few, so that choosing on them can go wrong."""
    num_holdout: int = 60
    """The first of them are the search's holdout, which picks each configuration's epoch, and configurations."""
    num_classes: int = 5
    num_configs: int = 100
    """Searched."""
    num_epochs: int = 10
    num_members: int = 40
    """The best of them, which are trained again: the vote's candidates."""
    signal: float = 5.0
    """A configuration's mean signal once it is trained."""
    signal_spread: float = 0.15
    """Standard deviation of the configurations' signals: how far they differ in truth."""
    row_noise: float = 1.5
    """Standard deviation."""
    config_noise: float = 0.7
    training_noise: float = 0.5
    epoch_noise: float = 0.2
    sharpness: float = 2.0
    """Scale of the logits over that with which a member of mean signal is calibrated; above 1 is overconfident, as
    trained networks are."""

    @property
    def scale(self) -> float:
        """What logits are multiplied with."""
        parts = (self.row_noise, self.config_noise, self.training_noise, self.epoch_noise)
        return self.sharpness * self.signal / sum(part**2 for part in parts)


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedStudy:
    """What a vote is given, and what only a simulation knows."""

    softmax: np.ndarray  # (num_members, num_rows, num_classes) float32: out-of-fold, of trainings that chose nothing
    labels: np.ndarray  # (num_rows,) int
    is_holdout: np.ndarray  # (num_rows,) bool
    fresh_softmax: np.ndarray  # (num_members, num_fresh, num_classes) float32: the same members on rows of no other use
    fresh_labels: np.ndarray  # (num_fresh,) int
    winner_log_loss: float
    """The search's best: least of all configurations and epochs on the holdout."""


def draw_study(world: World, num_fresh: int, rng: np.random.Generator) -> SimulatedStudy:
    """Search, train the best again, and predict all rows and the fresh ones."""
    signals = rng.normal(world.signal, world.signal_spread, size=world.num_configs).astype(np.float32)
    labels, of_row = _draw_rows(world, world.num_rows, rng)
    of_config = world.config_noise * _noise(rng, world.num_configs, world.num_rows, world.num_classes)
    held = slice(world.num_holdout)
    found = _search(world, signals, labels[held], of_row[held] + of_config[:, held], rng)
    members = np.argsort(found, kind="stable")[: world.num_members]
    signals, of_config = signals[members], of_config[members]
    fresh_labels, fresh_of_row = _draw_rows(world, num_fresh, rng)
    fresh_of_config = world.config_noise * _noise(rng, len(members), num_fresh, world.num_classes)
    return SimulatedStudy(
        softmax=_train(world, signals, labels, of_row + of_config, rng),
        labels=labels,
        is_holdout=np.arange(world.num_rows) < world.num_holdout,
        fresh_softmax=_train(world, signals, fresh_labels, fresh_of_row + fresh_of_config, rng),
        fresh_labels=fresh_labels,
        winner_log_loss=float(found.min()),
    )


def _search(
    world: World, signals: np.ndarray, labels: np.ndarray, given: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return each configuration's log-loss on the holdout after its best epoch, (num_configs,) float64."""
    given = given + world.training_noise * _noise(rng, *given.shape)
    best = np.full(len(signals), np.inf)
    for epoch in range(1, world.num_epochs + 1):
        noise = world.epoch_noise * _noise(rng, *given.shape)
        softmax = _predict(world, signals * np.float32(1 - 0.5**epoch), labels, given + noise)
        best = np.minimum(best, [log_loss(each, labels) for each in softmax])
    return best


def _train(
    world: World, signals: np.ndarray, labels: np.ndarray, given: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the softmax of a training anew after its last epoch, (num_members, num_rows, num_classes) float32."""
    noise = float(np.hypot(world.training_noise, world.epoch_noise))
    return _predict(world, signals, labels, given + noise * _noise(rng, *given.shape))


def _predict(world: World, signals: np.ndarray, labels: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Return softmax, (num_members, num_rows, num_classes) float32."""
    logits = signals[:, None, None] * np.eye(world.num_classes, dtype=np.float32)[labels] + noise
    logits *= np.float32(world.scale)
    odds = np.exp(logits - logits.max(axis=2, keepdims=True))
    return np.asarray(odds / odds.sum(axis=2, keepdims=True))


def _draw_rows(world: World, num_rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return rows' labels and what makes them hard, (num_rows, num_classes) float32."""
    labels = rng.integers(world.num_classes, size=num_rows)
    return labels, np.float32(world.row_noise) * _noise(rng, num_rows, world.num_classes)


def _noise(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Return standard normal float32."""
    return rng.standard_normal(shape, dtype=np.float32)

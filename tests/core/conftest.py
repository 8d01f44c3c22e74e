from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from core.config import AugmentConfig, Config, ModelConfig, Precision, TrainConfig
from core.data.dataset import Dataset, assemble_dataset
from core.data.split import Split
from tests.core.making import make_model_config

NUM_TRAIN, NUM_HOLDOUT, NUM_TEST = 70, 30, 13
TINY_MODEL = make_model_config(4, 8, dense_units=(16,))


@pytest.fixture(scope="session")
def tiny_dataset() -> Dataset:
    """100 labelled and 13 unlabelled images of 8x6 in 3 classes that a few epochs tell apart."""
    random = np.random.default_rng(0)
    labels = np.arange(NUM_TRAIN + NUM_HOLDOUT) % 3
    images = random.integers(0, 80, (len(labels), 8, 6, 1), dtype=np.uint8)
    for row, label in enumerate(labels):
        images[row, 2 * label + 1, :, 0] += 150
    x_test = random.integers(0, 256, (NUM_TEST, 8, 6, 1), dtype=np.uint8)
    return assemble_dataset(name="tiny", x_train=images, raw_labels=[str(c) for c in labels], x_test=x_test)


@pytest.fixture(scope="session")
def tiny_split() -> Split:
    """70 rows train, which a batch of 16 does not divide, and 30 score."""
    rows = np.random.default_rng(1).permutation(NUM_TRAIN + NUM_HOLDOUT)
    return Split(
        train_rows=np.sort(rows[:NUM_TRAIN]),
        holdout_rows=np.sort(rows[NUM_TRAIN:]),
        method="0.3",
        fingerprint="tiny",
        num_left_out=0,
    )


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., Config]:
    """Return the configuration of a tiny CNN; keyword arguments change the training, float32 unless told."""

    def make(
        augment: AugmentConfig | None = None,
        model: ModelConfig = TINY_MODEL,
        precision: Precision = "float32",
        views: int = 1,
        **train: Any,
    ) -> Config:
        made: dict[str, Any] = {"batch_size": 16, "epochs": 4, "learning_rate": 3e-3}
        return Config(
            model=model,
            train=TrainConfig(**(made | train)),
            augment=augment or AugmentConfig(),
            precision=precision,
            views=views,
        )

    return make

"""Configurations with a name: the notebook's, and two that were tuned for two cores."""

from core.config import AugmentConfig, Config, ModelConfig, TrainConfig, notebook_config


def fast_config() -> Config:
    """Return the one with fewest errors that was found within 2.5 minutes on two cores (see README, results)."""
    return Config(
        model=ModelConfig(
            filters=(32, 64, 128),
            convs_per_block=(1, 2, 1),
            kernel_sizes=(5, 3, 3),
            batch_norm="block",
            leaky_relu_slope=0.0,
            block_dropout=0.1,
            dense_units=(),
        ),
        train=TrainConfig(
            epochs=20, batch_size=256, learning_rate=4e-3, schedule="cosine", warmup_fraction=0.15, ema_decay=0.99
        ),
        augment=AugmentConfig(),
    )


def strong_config() -> Config:
    """Return the one with fewest errors that was found within 6 minutes on two cores (see README, results)."""
    return Config(
        model=ModelConfig(
            filters=(32, 64, 128),
            convs_per_block=(2, 2, 1),
            kernel_sizes=(5, 3, 3),
            batch_norm="block",
            leaky_relu_slope=0.0,
            block_dropout=0.1,
            dense_units=(),
        ),
        train=TrainConfig(
            epochs=40, batch_size=256, learning_rate=4e-3, schedule="cosine", warmup_fraction=0.15, ema_decay=0.99
        ),
        augment=AugmentConfig(),
    )


KNOWN_CONFIGS = {"notebook": notebook_config(), "fast": fast_config(), "strong": strong_config()}
"""What --model may name; each has its place in the default search space too."""

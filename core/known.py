"""Configurations with a name: the notebook's, and two that were tuned for two cores.

How the two were chosen, and on which rows, is in benchmarks/README.md.
"""

from core.config import AugmentConfig, Config, ModelConfig, TrainConfig, notebook_config


def fast_config() -> Config:
    """Return the one with fewest errors that was found within 2.5 minutes on two cores."""
    return _normed(filters=(32, 64, 128), convs_per_block=(1, 2, 1), kernel_sizes=(5, 3, 3))


def strong_config() -> Config:
    """Return the one with fewest errors that was found within 6 minutes on two cores."""
    return _normed(filters=(32, 96, 128), convs_per_block=(2, 2, 2), kernel_sizes=(3, 3, 3))


def _normed(*, filters: tuple[int, ...], convs_per_block: tuple[int, ...], kernel_sizes: tuple[int, ...]) -> Config:
    """Return a network of these blocks, batch norm after each convolution, trained as suits such."""
    return Config(
        model=ModelConfig(
            filters=filters,
            convs_per_block=convs_per_block,
            kernel_sizes=kernel_sizes,
            batch_norm="conv",
            leaky_relu_slope=0.0,
            block_dropout=0.1,
            dense_units=(),
        ),
        train=TrainConfig(
            epochs=18, batch_size=256, learning_rate=4e-3, schedule="cosine", warmup_fraction=0.15, ema_decay=0.99
        ),
        augment=AugmentConfig(rotation_degrees=15.0, zoom=0.15),
    )


KNOWN_CONFIGS = {"notebook": notebook_config(), "fast": fast_config(), "strong": strong_config()}
"""What --model may name; each has its place in the default search space too."""

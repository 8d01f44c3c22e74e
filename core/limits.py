"""Whether a configuration fits the data, asked before anything is trained (and before tensorflow is loaded)."""

import dataclasses

from core.config import Config, ModelConfig
from core.errors import ConfigError


def require_config_fits_data(config: Config, *, image_shape: tuple[int, int, int], num_train: int) -> None:
    """Raise ConfigError where the images are too small or the train rows too few.

    Args:
        config: What would be trained; what images one's own model can take, it knows alone.
        image_shape: Height, width, channels in pixels.
        num_train: Rows to train on, holdout not counted.
    """
    if config.builder is None:
        require_image_survives_pools(config.model, image_shape)
    batch_size = config.train.batch_size
    if batch_size > num_train:
        raise ConfigError(f"train.batch_size must be at most {num_train} (the train rows), got {batch_size}")


def with_batch_that_fits(config: Config, num_train: int) -> Config:
    """Return `config` with a batch no larger than the rows that are trained on."""
    batch_size = min(config.train.batch_size, num_train)
    return dataclasses.replace(config, train=dataclasses.replace(config.train, batch_size=batch_size))


def require_image_survives_pools(config: ModelConfig, image_shape: tuple[int, int, int]) -> None:
    """Raise ConfigError where pooling would leave nothing of an image.

    Args:
        config: Its blocks each divide height and width by the pool's side, rounded down.
        image_shape: Height, width, channels in pixels.
    """
    height, width, _ = image_shape
    num_pixels_needed = config.pool_size ** len(config.filters)
    if min(height, width) < num_pixels_needed:
        raise ConfigError(
            f"model.filters has {len(config.filters)} blocks of pool {config.pool_size}, which need "
            f"{num_pixels_needed} pixels, got images of {height}x{width}. Use fewer blocks or a smaller pool"
        )

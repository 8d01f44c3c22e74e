"""What a search draws its configurations for: the images, the rows, and what is no knob."""

from collections.abc import Callable
from dataclasses import dataclass

from optuna.trial import BaseTrial

from core.config import Config
from core.errors import ConfigError
from core.limits import require_config_fits_data
from search.space import suggest_config


@dataclass(frozen=True, kw_only=True)
class Domain:
    """The same for all trials of a study."""

    base: Config
    """Gives all configurations what is no knob: epochs, precision, views, and whether images are augmented."""
    image_shape: tuple[int, int, int]
    """Height, width, channels in pixels."""
    num_train_rows: int
    """Rows that a training sees; bounds the batch size."""
    own_space: Callable[[BaseTrial], Config] | None = None
    """One's own search space (see `search.own_space`); None is the default one."""

    def suggest(self, trial: BaseTrial) -> Config:
        """Draw a configuration from the search space."""
        if self.own_space is not None:
            return self.own_space(trial)
        return suggest_config(trial, self.base, image_shape=self.image_shape, num_train_rows=self.num_train_rows)

    def takes(self, config: Config) -> bool:
        """True where a configuration can be trained here: on these images and rows, with ours or the named model."""
        try:
            self.require(config)
        except ConfigError:
            return False
        return True

    def require(self, config: Config) -> None:
        """Raise ConfigError where a configuration cannot be trained here."""
        require_config_fits_data(config, image_shape=self.image_shape, num_train=self.num_train_rows)
        if config.builder not in (None, self.base.builder):
            raise ConfigError(
                f"builder must be None or that of --model ({self.base.builder or 'none'}), got {config.builder!r}"
            )

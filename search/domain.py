"""What a search draws its configurations for: the images, the rows, and what is no knob."""

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

    def suggest(self, trial: BaseTrial) -> Config:
        """Draw a configuration from the search space."""
        return suggest_config(trial, self.base, image_shape=self.image_shape, num_train_rows=self.num_train_rows)

    def takes(self, config: Config) -> bool:
        """True where a configuration can be trained on these images and rows."""
        try:
            require_config_fits_data(config, image_shape=self.image_shape, num_train=self.num_train_rows)
        except ConfigError:
            return False
        return True

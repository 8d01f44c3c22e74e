import pytest

from core.config import Config, notebook_config
from core.known import KNOWN_CONFIGS
from core.limits import require_config_fits_data


def test_the_notebooks_configuration_is_known_by_its_name() -> None:
    assert KNOWN_CONFIGS["notebook"] == notebook_config()
    assert list(KNOWN_CONFIGS) == ["notebook", "fast", "strong"]


@pytest.mark.parametrize("config", KNOWN_CONFIGS.values(), ids=KNOWN_CONFIGS)
def test_a_known_configuration_reads_back_and_fits_the_embedded_digits(config: Config) -> None:
    assert Config.from_json(config.to_json()) == config
    require_config_fits_data(config, image_shape=(8, 8, 1), num_train=1_149)

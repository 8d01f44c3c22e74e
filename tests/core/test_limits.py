import pytest

from core.config import Config, TrainConfig
from core.errors import ConfigError
from core.limits import require_config_fits_data, require_image_survives_pools
from tests.core.making import make_model_config


def test_pools_that_leave_one_pixel_are_allowed() -> None:
    require_image_survives_pools(make_model_config(1, 1, 1), (8, 9, 1))


def test_pools_that_leave_nothing_name_the_field_the_need_and_the_image() -> None:
    message = "model.filters has 3 blocks of pool 2, which need 8 pixels, got images of 7x7"
    with pytest.raises(ConfigError, match=message):
        require_image_survives_pools(make_model_config(1, 1, 1), (7, 7, 1))


def test_the_shorter_side_decides() -> None:
    with pytest.raises(ConfigError, match="need 9 pixels, got images of 20x8"):
        require_image_survives_pools(make_model_config(1, 1, pool_size=3), (20, 8, 1))


def test_a_batch_of_all_train_rows_is_allowed_and_one_more_is_not() -> None:
    require_config_fits_data(Config(train=TrainConfig(batch_size=70)), image_shape=(8, 8, 1), num_train=70)
    with pytest.raises(ConfigError, match=r"train.batch_size must be at most 70 \(the train rows\), got 71"):
        require_config_fits_data(Config(train=TrainConfig(batch_size=71)), image_shape=(8, 8, 1), num_train=70)


def test_what_images_ones_own_model_takes_is_its_own_affair() -> None:
    config = Config(train=TrainConfig(batch_size=70), builder="mine:build")
    require_config_fits_data(config, image_shape=(1, 1, 1), num_train=70)
    with pytest.raises(ConfigError, match=r"train.batch_size must be at most 69"):
        require_config_fits_data(config, image_shape=(1, 1, 1), num_train=69)

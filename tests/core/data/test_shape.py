import pytest

from core.data.shape import image_shape_of_row, require_shape
from core.errors import ConfigError, DataError


def test_image_shape_of_row_is_square_by_default() -> None:
    assert image_shape_of_row(784, None, "train.csv") == (28, 28, 1)


def test_image_shape_of_row_takes_what_is_asked_for() -> None:
    assert image_shape_of_row(784, (14, 14, 4), "train.csv") == (14, 14, 4)


@pytest.mark.parametrize(
    ("num_pixels", "fits"), [(48, "4x4x3"), (63, "7x9x1"), (2352, "28x28x3"), (7, "1x7x1"), (783, "27x29x1")]
)
def test_image_shape_of_row_suggests_what_fits_where_it_is_no_square(num_pixels: int, fits: str) -> None:
    with pytest.raises(DataError, match=rf"got {num_pixels:,} pixels a row, which is no square.*--image-shape {fits}$"):
        image_shape_of_row(num_pixels, None, "train.csv")


def test_image_shape_of_row_refuses_another_number_of_pixels() -> None:
    with pytest.raises(
        ConfigError, match=r"28x28x1 is 784 pixels, and train.csv has 64 a row. Try --image-shape 8x8x1"
    ):
        image_shape_of_row(64, (28, 28, 1), "train.csv")


def test_require_shape_refuses_a_contradiction_and_takes_agreement() -> None:
    require_shape((8, 8, 1), (8, 8, 1), "x")
    require_shape((8, 8, 1), None, "x")
    with pytest.raises(ConfigError, match=r"9x7x1 contradicts load_digits, whose images are 8x8x1"):
        require_shape((8, 8, 1), (9, 7, 1), "load_digits")

import numpy as np
import pytest

from core.page.thumbnail import thumbnail


@pytest.mark.parametrize(
    ("shape", "small"), [((28, 28, 1), (28, 28, 1)), ((100, 60, 3), (33, 20, 3)), ((200, 2), (40, 1))]
)
def test_a_thumbnail_is_small_and_of_the_same_dtype(shape: tuple[int, ...], small: tuple[int, ...]) -> None:
    made = thumbnail(np.full(shape, 7, np.uint8))
    assert (made.shape, made.dtype) == (small, np.uint8)
    assert made.max() == made.min() == 7

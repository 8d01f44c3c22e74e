import numpy as np
import pytest

from core.html.images import shrunk


@pytest.mark.parametrize(
    ("shape", "small"), [((28, 28, 1), (28, 28, 1)), ((100, 60, 3), (33, 20, 3)), ((200, 2), (40, 1))]
)
def test_a_shrunk_image_is_small_and_of_the_same_dtype(shape: tuple[int, ...], small: tuple[int, ...]) -> None:
    made = shrunk(np.full(shape, 7, np.uint8))
    assert (made.shape, made.dtype) == (small, np.uint8)
    assert made.max() == made.min() == 7


def test_a_shrunk_images_pixels_are_means_rounded() -> None:
    assert shrunk(np.array([[0, 1], [1, 1]], np.uint8), 1).tolist() == [[1]]
    assert shrunk(np.array([[0.0, 1.0], [1.0, 1.0]]), 1).tolist() == [[0.75]]

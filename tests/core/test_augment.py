import numpy as np
import pytest
import tensorflow as tf
from keras.src.legacy.preprocessing.image import ImageDataGenerator
from scipy import ndimage

from core.augment import affine_transforms, draw_transforms, resample
from core.config import NO_AUGMENT, AugmentConfig

RANGES = AugmentConfig(rotation_degrees=30, zoom=0.3, width_shift=0.2, height_shift=0.1)


def draw_images(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape).astype(np.float32)


def draw_parameters(num_images: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(1)
    return {
        "radians": random.uniform(-0.6, 0.6, num_images),
        "x_shift": random.uniform(-4, 4, num_images),
        "y_shift": random.uniform(-4, 4, num_images),
        "x_zoom": random.uniform(0.7, 1.3, num_images),
        "y_zoom": random.uniform(0.7, 1.3, num_images),
    }


def resample_with(images: np.ndarray, **parameters: np.ndarray) -> np.ndarray:
    height, width, channels = images.shape[1:]
    tensors = {name: tf.constant(values, tf.float32) for name, values in parameters.items()}
    return resample(images, affine_transforms(**tensors, image_shape=(height, width, channels))).numpy()


def one_image(radians: float = 0, x_shift: float = 0, y_shift: float = 0) -> np.ndarray:
    """Return a 3x3 image of the numbers 1 to 9, transformed."""
    image = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    parameters = {"radians": radians, "x_shift": x_shift, "y_shift": y_shift, "x_zoom": 1, "y_zoom": 1}
    return resample_with(image, **{name: np.array([value]) for name, value in parameters.items()})[0, :, :, 0]


def test_resample_equals_kerass_image_data_generator() -> None:
    images, parameters = draw_images(16, 28, 28, 2), draw_parameters(16)
    generator = ImageDataGenerator(fill_mode="nearest", data_format="channels_last")
    expected = [
        generator.apply_transform(
            image, {"theta": np.rad2deg(angle), "tx": x_shift, "ty": y_shift, "zx": x_zoom, "zy": y_zoom}
        )
        for image, angle, x_shift, y_shift, x_zoom, y_zoom in zip(images, *parameters.values(), strict=True)
    ]
    np.testing.assert_allclose(resample_with(images, **parameters), expected, atol=1e-5)


def test_resample_of_a_non_square_image_turns_about_its_centre() -> None:
    images, parameters = draw_images(8, 12, 20, 1), draw_parameters(8)
    result = resample_with(images, **parameters)
    centre = np.array([5.5, 9.5])  # row, column
    for index in range(8):
        angle, x_shift, y_shift, x_zoom, y_zoom = (values[index] for values in parameters.values())
        cos, sin = np.cos(angle), np.sin(angle)
        rotation = np.array([[cos, sin], [-sin, cos]])  # in row, column order
        matrix = rotation @ np.diag([y_zoom, x_zoom])
        offset = rotation @ [y_shift, x_shift] + centre - matrix @ centre
        expected = ndimage.affine_transform(images[index, :, :, 0], matrix, offset, order=1, mode="nearest")
        # rounding of the coordinates times the steepest slope between two pixels of noise
        np.testing.assert_allclose(result[index, :, :, 0], expected, atol=1e-5)


def test_a_width_shift_reads_from_the_right_and_fills_with_the_nearest_pixel() -> None:
    np.testing.assert_allclose(one_image(x_shift=1), [[2, 3, 3], [5, 6, 6], [8, 9, 9]], atol=1e-5)


def test_a_height_shift_reads_from_below() -> None:
    np.testing.assert_allclose(one_image(y_shift=1), [[4, 5, 6], [7, 8, 9], [7, 8, 9]], atol=1e-5)


def test_a_shift_by_half_a_pixel_interpolates() -> None:
    np.testing.assert_allclose(one_image(x_shift=0.5), [[1.5, 2.5, 3], [4.5, 5.5, 6], [7.5, 8.5, 9]], atol=1e-5)


def test_a_quarter_turn_turns_and_does_not_mirror() -> None:
    np.testing.assert_allclose(one_image(radians=np.pi / 2), [[3, 6, 9], [2, 5, 8], [1, 4, 7]], atol=1e-4)


def test_resample_keeps_shape_dtype_and_range() -> None:
    images = draw_images(7, 9, 8, 3)
    result = resample(images, draw_transforms(RANGES, (9, 8, 3), 7, seed=0))
    assert result.shape == (7, 9, 8, 3)
    assert result.dtype == tf.float32
    assert result.numpy().min() >= images.min()
    assert result.numpy().max() <= images.max() + 1e-6


def test_draws_stay_within_their_ranges_and_reach_for_their_ends() -> None:
    transforms = draw_transforms(RANGES, (28, 28, 1), 4000, seed=0).numpy()
    xx, xy, yx, yy = transforms[:, [0, 1, 3, 4]].T
    x_zoom, y_zoom = np.hypot(xx, yx), np.hypot(xy, yy)
    for values, bound in ((x_zoom - 1, 0.3), (y_zoom - 1, 0.3), (np.rad2deg(np.arctan2(yx, xx)), 30)):
        assert np.abs(values).max() <= bound * (1 + 1e-4)
        assert values.min() < -0.95 * bound  # 4,000 draws miss the last 2.5 % on a side once in 10**44 seeds
        assert values.max() > 0.95 * bound
        assert abs(values.mean()) < bound * 0.05  # a mean of 4,000 uniform draws: 0.05 is 5.5 standard errors
    assert abs(np.corrcoef(x_zoom, y_zoom)[0, 1]) < 0.08  # drawn apart: 5 standard errors


def test_shifts_are_shares_of_their_own_side() -> None:
    only_shifts = AugmentConfig(rotation_degrees=0, zoom=0, width_shift=0.2, height_shift=0.1)
    transforms = draw_transforms(only_shifts, (10, 40, 1), 4000, seed=0).numpy()
    assert 7.6 < np.abs(transforms[:, 2]).max() <= 8 + 1e-4
    assert 0.95 < np.abs(transforms[:, 5]).max() <= 1 + 1e-4


def test_no_draw_ever_mirrors() -> None:
    widest = AugmentConfig(rotation_degrees=180, zoom=0.99, width_shift=0.9, height_shift=0.9)
    transforms = draw_transforms(widest, (28, 28, 1), 4000, seed=1).numpy()
    determinants = transforms[:, 0] * transforms[:, 4] - transforms[:, 1] * transforms[:, 3]
    assert determinants.min() > 0


def test_no_ranges_draw_the_identity() -> None:
    transforms = draw_transforms(NO_AUGMENT, (5, 7, 1), 3, seed=0).numpy()
    np.testing.assert_array_equal(transforms, [[1, 0, 0, 0, 1, 0, 0, 0]] * 3)


@pytest.mark.parametrize(("seed", "is_same"), [(5, True), (6, False)])
def test_draws_depend_on_their_seed_alone(seed: int, is_same: bool) -> None:
    first = draw_transforms(RANGES, (8, 8, 1), 10, seed=5).numpy()
    assert np.array_equal(first, draw_transforms(RANGES, (8, 8, 1), 10, seed=seed).numpy()) == is_same

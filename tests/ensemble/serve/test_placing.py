import dataclasses

import numpy as np
import pytest

from ensemble.serve.framing import box_of, mass_centre, measure_framing
from ensemble.serve.picture import place_picture
from ensemble.serve.placing import place, shrink
from ensemble.serve.strokes import fitting_pen, place_strokes
from tests.ensemble.serve.handwriting import DIGITS, strokes_of
from tests.ensemble.serve.images import framed_by_mass, photographs, png, seven

MNIST_LIKE = measure_framing(framed_by_mass())


def stretched_to_all() -> np.ndarray:
    """Return images (30, 8, 8, 1) as the UCI digits are: all of the height, 5 to 6 of the width."""
    images = np.zeros((30, 8, 8, 1), np.uint8)
    for row, image in enumerate(images):
        image[:, 1] = image[row % 7, 1 : 6 + row % 2] = image[:, 5 + row % 2] = 255
    return images


def test_framing_of_data_made_by_mnists_rule_is_that_rule():
    f = MNIST_LIKE
    assert (f.is_plain, f.held, f.size, f.by_mass, f.steady_width) == (True, "longer side", 20.0, (True, True), None)
    assert f.centre == pytest.approx((14, 14), abs=0.3)
    assert (f.background.tolist(), f.stroke.tolist()) == ([0], [255])


def test_framing_of_stretched_digits_has_their_height_and_width():
    f = measure_framing(stretched_to_all())
    assert (f.size, f.by_mass[0], f.centre[0]) == (8.0, False, 4.0)
    assert f.steady_width == pytest.approx(5.5, abs=0.5)


def test_dark_strokes_on_light_are_told_from_light_on_dark():
    f = measure_framing(255 - framed_by_mass())
    assert (f.background.tolist(), f.stroke.tolist(), f.size) == ([255], [0], 20.0)
    image = place_strokes(strokes_of("4"), f, fitting_pen(f))
    assert np.array_equal(255 - image, place_strokes(strokes_of("4"), MNIST_LIKE, fitting_pen(MNIST_LIKE)))


@pytest.mark.parametrize("images", [photographs(), photographs(channels=1), np.full((3, 8, 8, 1), 7, np.uint8)])
def test_images_that_fill_their_frame_have_no_background(images):
    assert not measure_framing(images).is_plain


@pytest.mark.parametrize("digit", DIGITS)
def test_strokes_large_or_small_anywhere_are_the_same_image(digit):
    pen = fitting_pen(MNIST_LIKE)
    image = place_strokes(strokes_of(digit), MNIST_LIKE, pen).astype(int)
    for scale, shift in ((0.5, (0.4, 0.1)), (0.2, (0.0, 0.7)), (1.0, (-0.1, 0.05))):
        moved = [stroke * scale + shift for stroke in strokes_of(digit)]
        assert abs(place_strokes(moved, MNIST_LIKE, pen) - image).mean() < 2, (scale, shift)


@pytest.mark.parametrize("digit", DIGITS)
def test_placed_strokes_have_the_data_sets_size_and_centre(digit):
    ink = place_strokes(strokes_of(digit), MNIST_LIKE, fitting_pen(MNIST_LIKE))[..., 0] / 255
    top, bottom, left, right = box_of(ink)
    assert max(bottom - top, right - left) in (20, 21)  # 21 where the middle lies between two pixels
    assert mass_centre(ink) == pytest.approx(MNIST_LIKE.centre, abs=0.1)


def test_pen_is_as_bold_as_the_data_sets_strokes():
    bolder = np.maximum(framed_by_mass(), np.roll(framed_by_mass(), 1, axis=2))
    assert fitting_pen(measure_framing(bolder)) > fitting_pen(MNIST_LIKE) > 1


def test_picture_large_or_small_dark_or_light_is_the_same_image():
    first, _ = place_picture(png(seven(ink=0, paper=255)), MNIST_LIKE)
    for changed in (
        seven(ink=255, paper=0),
        seven(ink=90, paper=230),
        seven(at=(250, 200)),
        seven(400, 570),
    ):
        image, how = place_picture(png(changed), MNIST_LIKE)
        assert abs(image.astype(int) - first).mean() < 4
        assert "scaled and centred" in how


def test_nothing_of_a_drawing_is_cut_off_by_its_centre_of_mass():
    ink = np.zeros((100, 100), np.float32)
    ink[:, :2], ink[95:, 90:] = 1, 1
    image = place(ink, MNIST_LIKE)[..., 0] / 255
    scale = 20 / 100
    assert image.sum() == pytest.approx(ink.sum() * scale**2, rel=0.02)


def test_ink_is_counted_in_blocks():
    ink = np.zeros((80, 60), np.float32)
    ink[:, 20:40] = ink[:20] = 1
    ink[0:10, 0:5] = 0
    f = dataclasses.replace(
        measure_framing(stretched_to_all()), steady_width=None, by_mass=(False, False), centre=(4, 4)
    )
    image = place(ink, f)[:, 1:7, 0]
    assert image[:3].tolist() == [[128, 255, 255, 255, 255, 255], [255] * 6, [0, 0, 255, 255, 0, 0]]


def test_shrink_takes_the_middle_of_other_proportions():
    wide = np.zeros((10, 40, 1), np.float32)
    wide[:, 15:25] = 200
    assert shrink(wide, 5, 5).tolist() == np.full((5, 5, 1), 200).tolist()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_images_without_background_take_pictures_whole_and_drawings_in_grey(channels):
    f = measure_framing(photographs(channels=channels))
    image, how = place_picture(png(np.full((50, 80, 3), (10, 200, 30), np.uint8)), f)
    assert (image.shape, image.dtype, "resized" in how) == ((16, 16, channels), np.uint8, True)
    assert channels < 3 or image[3, 3].tolist()[:3] == [10, 200, 30]
    drawn = place_strokes(strokes_of("1"), f, 1.0)
    assert drawn.shape == (16, 16, channels)
    assert drawn[0, 0, 0] == 255
    assert drawn.min() < 100


def test_colours_of_a_picture_stay_on_a_plain_background_of_colour_images():
    f = measure_framing(np.repeat(framed_by_mass(), 3, axis=3))
    red = np.full((300, 300, 3), 255, np.uint8)
    red[50:250, 140:160] = (200, 0, 0)
    image, _ = place_picture(png(red), f)
    assert image[14, 14].tolist() == pytest.approx([200, 0, 0], abs=6)
    assert image[0, 0].tolist() == [0, 0, 0]


def test_picture_of_the_data_sets_own_size_is_taken_as_it_is():
    image = framed_by_mass()[0]
    taken, how = place_picture(png(image[..., 0]), MNIST_LIKE)
    assert np.array_equal(taken, image)
    assert "taken as it is" in how

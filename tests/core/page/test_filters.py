import numpy as np

from core.page.filters import MOST_FILTERS, filter_picture, filters_section


def test_a_filters_weights_are_orange_white_and_blue() -> None:
    picture = filter_picture(np.array([[[-2.0], [0.0], [2.0], [1.0]]]))
    assert picture[0].tolist() == [[196, 78, 0], [255, 255, 255], [0, 103, 177], [128, 179, 216]]


def test_a_colour_filter_is_its_colours_around_grey() -> None:
    assert filter_picture(np.array([[[1.0, 0.0, -1.0]]]))[0, 0].tolist() == [255, 128, 0]


def test_a_filter_of_nothing_is_white_whatever_its_channels() -> None:
    assert (filter_picture(np.zeros((3, 3, 5))) == 255).all()
    assert (filter_picture(np.full((3, 3, 1), np.nan)) == 255).all()


def test_very_many_filters_are_bounded_and_counted() -> None:
    section = filters_section(np.ones((3, 3, 2, 100), np.float32), "conv", None)
    assert section.body.count("<img") == MOST_FILTERS
    assert "The 100 filters of conv, 3x3 weights each, the first 64 of which are shown" in section.lead
    assert "means over 2 input channels" in section.lead


def test_a_model_without_convolutions_has_no_filters() -> None:
    assert "The model has no convolution" in filters_section(None, "", None).body
    assert "torn" in filters_section(None, "", "It is torn").body

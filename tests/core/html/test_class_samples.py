import numpy as np

from core.html.class_samples import class_samples_section, mean_image, spaced


def test_mean_image_is_the_mean_and_samples_are_spaced() -> None:
    images = np.array([[[[10]]], [[[250]]], [[[251]]]], np.uint8)
    assert mean_image(images, np.array([0, 2])).tolist() == [[[130]]]
    assert spaced(np.arange(10), 4).tolist() == [0, 3, 6, 9]
    assert spaced(np.arange(3), 4).tolist() == [0, 1, 2]


def test_a_class_says_how_many_labelled_rows_it_has() -> None:
    section = class_samples_section(np.zeros((3, 4, 4, 1), np.uint8), np.array([0, 0, 2]), ["ant", "bee", "cat"])
    assert "<b>class ant</b><br>2 labelled rows" in section.body
    assert "<b>class bee</b><br>0 labelled rows" in section.body
    assert section.body.count("mean image of class") == 2

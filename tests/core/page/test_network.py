"""The sections for which the model is run, with real networks."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from core.builder import build_own_model, own_as_deployable
from core.config import NO_AUGMENT, AugmentConfig, Config
from core.model import as_deployable
from core.page.augmentation import augmentation_section
from core.page.augmented import draw_images, images_at_the_ends
from core.page.network import network_sections
from core.page.taps import tap_network
from core.page.write import render_model_page
from core.trial import write_model
from tests.core.making import make_model_config
from tests.core.networks import make_model
from tests.core.page.making import make_material, make_study, words_of

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 1), dtype=np.uint8)


def deployable(image_shape: tuple[int, int, int] = (8, 6, 1), num_classes: int = 3, num_convs: int = 2) -> keras.Model:
    config = make_model_config(4, 5, num_convs=num_convs, batch_norm="conv", dense_units=())
    return as_deployable(make_model(config, image_shape=image_shape, num_classes=num_classes))


def test_our_networks_are_shown_block_by_block_after_their_activations() -> None:
    model = deployable()
    taps = tap_network(model, PIXELS)
    assert [maps.title for maps in taps.maps] == [
        "Block 1, convolution 1", "Block 1, convolution 2", "Block 2, convolution 1", "Block 2, convolution 2",
    ]  # fmt: skip
    assert [maps.is_end_of_block for maps in taps.maps] == [False, True, False, True]
    assert [maps.values.shape for maps in taps.maps] == [(2, 8, 6, 4), (2, 4, 3, 4), (2, 4, 3, 5), (2, 2, 1, 5)]
    expected = keras.Model(model.inputs[0], model.get_layer("leaky_relu_2_1").output)(PIXELS.astype(np.float32))
    np.testing.assert_array_equal(taps.maps[2].values, expected)
    assert taps.kernels is not None
    assert (taps.kernels.shape, taps.kernels_of) == ((3, 3, 1, 4), "conv_1_1")


def test_ones_own_model_shows_its_convolutions_models_within_too() -> None:
    images = keras.Input((8, 6, 1))
    inner = keras.Sequential([keras.Input((8, 6, 2)), layers.DepthwiseConv2D(3), layers.ReLU()], name="inner")
    x = inner(layers.Conv2D(2, 1, name="first")(images))
    own = keras.Model(images, layers.Dense(3)(layers.Flatten()(x)))
    taps = tap_network(own_as_deployable(own), PIXELS)
    assert [maps.values.shape for maps in taps.maps] == [(2, 8, 6, 2), (2, 6, 4, 2)]
    expected = keras.Model(images, own.get_layer("first").output)(PIXELS.astype(np.float32) / 255)
    np.testing.assert_allclose(taps.maps[0].values, expected, atol=1e-6)
    np.testing.assert_allclose(taps.maps[1].values, inner.layers[0](taps.maps[0].values), atol=1e-6)
    assert taps.kernels is not None
    assert taps.kernels.shape == (1, 1, 1, 2)


def test_a_model_without_convolutions_says_so(tmp_path: Path) -> None:
    config = Config(builder="tests.core.own_models:unbuilt")
    own = build_own_model(config, image_shape=(8, 6, 1), num_classes=3, precision="float32", seed=0)
    num, (filters, activations, _) = network_sections(
        make_material(tmp_path, config=config), lambda: own_as_deployable(own)
    )
    assert num == own.count_params()
    assert "The model has no convolution." in filters.body
    assert "no convolution whose output could be shown" in activations.body


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "was not kept"), (b"PK torn", "is torn or no Keras model")],
)
def test_a_page_is_made_where_the_model_is_torn_or_gone(tmp_path: Path, content: bytes | None, reason: str) -> None:
    material = make_material(tmp_path)
    if content is not None:
        Path(material.trial.model).write_bytes(content)
    num, (filters, activations, augmentation) = network_sections(material, None)
    assert num is None
    assert reason in words_of(filters.body)
    assert reason in words_of(activations.body)
    assert "as an epoch might see it" in augmentation.body


def test_a_model_with_code_of_its_own_is_not_loaded(tmp_path: Path) -> None:
    material = make_material(tmp_path)
    images = keras.Input((8, 6, 1))
    write_model(material.trial.model, keras.Model(images, layers.Lambda(lambda x: x * 2)(images)))
    _, (_, activations, _) = network_sections(material, None)
    assert "does not load in Keras's safe mode" in words_of(activations.body)


def test_what_a_network_raises_costs_its_pictures_alone(tmp_path: Path) -> None:
    def fails() -> keras.Model:
        raise RuntimeError("out of memory")

    page = words_of(render_model_page(make_material(tmp_path), fails).decode())
    assert "The model could not be looked into: RuntimeError: out of memory." in page


@pytest.mark.parametrize(("image_shape", "num_classes", "num_wrong"), [((40, 40, 3), 65, 125), ((9, 7, 2), 3, 0)])
def test_a_page_of_any_images_and_classes_is_whole_and_small(
    tmp_path: Path, image_shape: tuple[int, int, int], num_classes: int, num_wrong: int
) -> None:
    facts: dict[str, Any] = {"image_shape": image_shape, "num_classes": num_classes, "wrong": tuple(range(num_wrong))}
    folder = make_study(tmp_path, **facts)
    write_model(folder.trial("t000000").model, deployable(image_shape, num_classes))
    material = make_material(tmp_path, **facts)
    page = render_model_page(material)
    assert len(page) < 8_000_000  # of noise, which no PNG makes smaller
    assert page.count(b"<section") == 10
    assert b"could not be looked into" not in page
    assert b"pictures could not be made" not in page
    assert b"Block 2, convolution 2" in page


def test_a_page_of_a_thousand_classes_is_small_and_names_what_it_leaves_out(tmp_path: Path) -> None:
    names = [f"a class with a long name, the {number}th of them" for number in range(1000)]
    facts: dict[str, Any] = {"num_classes": 1000, "class_names": names, "wrong": tuple(range(0, 2000, 3))}
    page = render_model_page(make_material(tmp_path, **facts))
    assert len(page) < 8_000_000
    text = page.decode()
    assert "The 29 classes of the most frequent confusions, with " in text
    assert "of the 667 errors between them; 971 classes are left out." in text
    assert "The most frequent confusions: 15 of 667 kinds; the others have 652 rows in all" in text
    assert "the 60 furthest apart of 1,000" in text
    assert "The first 50 classes; 950 more are not shown." in text


def test_draws_are_those_of_training_and_repeat_with_the_seed() -> None:
    images = PIXELS[:1]
    once, again, other = (draw_images(AugmentConfig(), images, num_draws=3, seed=seed) for seed in (1, 1, 2))
    assert (once.shape, once.dtype) == ((1, 3, 8, 6, 1), np.uint8)
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()


def test_each_range_alone_is_shown_at_its_ends() -> None:
    image = np.zeros((9, 9, 1), np.uint8)
    image[4, 4] = 200
    config = AugmentConfig(rotation_degrees=0.0, zoom=0.0, width_shift=2 / 9, height_shift=0.0)
    ends = images_at_the_ends(config, image)
    assert [one.images is None for one in ends] == [True, True, True, False, True]
    assert ends[3].name == "shift along the width, 2 pixels to either side"
    assert ends[3].images is not None
    assert [np.argwhere(shown[:, :, 0]).tolist() for shown in ends[3].images] == [[[4, 6]], [[4, 4]], [[4, 2]]]


def test_no_augmentation_is_said_to_be_none(tmp_path: Path) -> None:
    section = augmentation_section(make_material(tmp_path, config=Config(augment=NO_AUGMENT)))
    assert section.body == "<p>No augmentation: every train image is seen as it is, in each epoch.</p>"

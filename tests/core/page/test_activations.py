import re
from pathlib import Path

import numpy as np
import pytest

from core.page.activations import MOST_LAYERS, activations_section, chosen_places, normalised
from core.page.taps import Maps
from tests.core.page.making import make_material


def maps_of(
    num_layers: int, num_images: int, shape: tuple[int, int, int] = (4, 4, 20), per_block: int = 1
) -> tuple[Maps, ...]:
    values = np.random.default_rng(0).normal(size=(num_images, *shape))
    return tuple(
        Maps(title=f"layer {number}", is_end_of_block=number % per_block == per_block - 1, values=values)
        for number in range(num_layers)
    )


def test_one_image_of_each_class_and_the_surest_error_are_chosen(tmp_path: Path) -> None:
    chosen = chosen_places(make_material(tmp_path, wrong=(4, 1)))
    assert [place for place, _ in chosen] == [0, 1, 2, 4]
    assert [words for _, words in chosen][::3] == ["0 (row 12)", "surest error: 1 taken for 2 (row 16)"]


def test_without_an_error_and_of_many_classes_the_choice_is_bounded(tmp_path: Path) -> None:
    assert len(chosen_places(make_material(tmp_path, num_classes=50, wrong=()))) == 20


def test_each_image_has_its_panel_of_maps(tmp_path: Path) -> None:
    material = make_material(tmp_path)
    chosen = chosen_places(material)
    body = activations_section(material, chosen, maps_of(2, len(chosen)), None).body
    assert body.count("<option>") == body.count('role="group"') == 4
    assert body.count('role="img"') == 4 * 2
    assert body.count("<img") == 4 * (1 + 2 * 16)
    assert "4x4, 20 channels, 16 shown" in body


def test_a_deep_network_shows_the_ends_of_its_blocks(tmp_path: Path) -> None:
    material = make_material(tmp_path)
    section = activations_section(material, chosen_places(material), maps_of(12, 4, per_block=3), None)
    assert set(re.findall(r"<h3>layer (\d+)", section.body)) == {"2", "5", "8", "11"}
    assert "4 of its 12 layers are shown" in section.lead


def test_what_the_page_holds_is_bounded_however_many_layers_and_classes(tmp_path: Path) -> None:
    material = make_material(tmp_path, num_classes=50)
    chosen = chosen_places(material)
    section = activations_section(material, chosen, maps_of(40, len(chosen)), None)
    assert len(set(re.findall(r"<h3>(layer \d+)", section.body))) == MOST_LAYERS
    assert section.body.count("<img") < 1600
    assert "the first holdout rows of some of the classes" in section.lead


def test_maps_of_one_pixel_are_compared_with_each_other(tmp_path: Path) -> None:
    material = make_material(tmp_path)
    body = activations_section(material, chosen_places(material), maps_of(1, 4, (1, 1, 5)), None).body
    assert "one number a channel" in body
    assert len(set(re.findall(r'src="([^"]*)" width="56" height="56" alt=""', body))) > 4


@pytest.mark.parametrize(
    ("values", "picture"),
    [([[-1.0, 0.0, 1.0]], [[0, 128, 255]]), ([[3.0, 3.0]], [[0, 0]]), ([[np.nan, 1.0]], [[0, 255]])],
)
def test_a_map_goes_from_black_to_white(values: list[list[float]], picture: list[list[int]]) -> None:
    assert normalised(np.array(values)).tolist() == picture

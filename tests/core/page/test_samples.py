from pathlib import Path

from core.page.samples import samples_section
from tests.core.page.making import make_material, words_of


def test_the_data_is_counted_by_class_and_part(tmp_path: Path) -> None:
    words = words_of(samples_section(make_material(tmp_path, class_names=["<b>", "bee", "cat"])).body)
    assert "<b> 4 2" in words

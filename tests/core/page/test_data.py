from pathlib import Path

from core.page.data import data_sections
from tests.core.page.making import make_material, words_of


def test_the_data_is_counted_by_class_and_part(tmp_path: Path) -> None:
    shares, samples = data_sections(make_material(tmp_path, class_names=["<b>", "bee", "cat"]))
    assert "12 rows train, 6 are held out" in shares.lead
    assert words_of(shares.body).split("share")[-1].split()[:7] == ["<b>", "4", "33.33", "%", "2", "33.33", "%"]
    assert "class <b> 6 labelled rows" in words_of(samples.body)

from pathlib import Path

from core.page.confusions import confusions_section
from tests.core.page.making import make_material, words_of


def test_confusions_are_listed_by_name(tmp_path: Path) -> None:
    body = confusions_section(make_material(tmp_path, class_names=["ant", "bee", "cat"])).body
    assert "Confusion matrix of 6 rows and 3 classes: 2 errors; most often bee taken for cat (2 times)" in body
    assert "bee cat 2 100.00 %" in words_of(body).replace("\N{NO-BREAK SPACE}", " ")

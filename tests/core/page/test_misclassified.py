import re
from pathlib import Path

from core.page.confusions import confusions_section
from core.page.curves import curves_section
from core.page.misclassified import MOST_SHOWN, misclassified_section
from core.page.score import score_section, score_sentence
from tests.core.page.making import make_material


def test_without_an_error_the_page_says_so(tmp_path: Path) -> None:
    material = make_material(tmp_path, wrong=())
    assert "all 6 holdout rows are right" in misclassified_section(material).body
    assert "Nothing is confused" in confusions_section(material).body
    assert score_sentence(material).startswith("0 errors of 6 holdout rows")
    assert "0 ± 0.0 of 6" in score_section(material, None).body
    assert curves_section(material).body


def test_errors_come_surest_first_with_their_softmax(tmp_path: Path) -> None:
    section = misclassified_section(make_material(tmp_path, wrong=(4, 1)))
    tiles = re.findall(r"row (\d+): (\d) taken for (\d)", section.body)
    assert tiles == [("16", "1", "2"), ("13", "1", "2")]
    assert re.findall(r'class="(\w*)"><span>(\d)</span>', section.body)[:2] == [("wrong", "2"), ("", "0")]
    assert "<b>95 %</b>" in section.body


def test_the_true_class_has_its_bar_among_fifty(tmp_path: Path) -> None:
    body = misclassified_section(make_material(tmp_path, num_classes=50, wrong=(7,))).body
    assert re.findall(r'class="(\w*)"><span>(\d+)</span>', body) == [("wrong", "8"), ("right", "7")]


def test_errors_beyond_the_bound_are_counted(tmp_path: Path) -> None:
    wrong = tuple(range(2 * 65))
    section = misclassified_section(make_material(tmp_path, num_classes=65, wrong=tuple(range(len(wrong)))))
    assert section.body.count("taken for") == 2 * MOST_SHOWN  # once in words, once as alt text
    assert f"{len(wrong) - MOST_SHOWN} more are not shown" in section.body

from pathlib import Path

import numpy as np

from core.page.confusions import confusion_of, confusions_section, most_frequent
from tests.core.page.making import make_material, words_of


def test_confusions_count_rows_by_true_class() -> None:
    counts = confusion_of(np.array([0, 0, 1, 2]), np.array([0, 1, 2, 2]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 1], [0, 0, 1]]
    assert most_frequent(counts) == [(0, 1), (1, 2)]


def test_confusions_are_listed_by_name(tmp_path: Path) -> None:
    words = words_of(confusions_section(make_material(tmp_path, class_names=["ant", "bee", "cat"])).body)
    assert "Confusion matrix of 6 rows and 3 classes: 2 errors" in confusions_section(make_material(tmp_path)).body
    assert "bee cat 2 100.00%" in words

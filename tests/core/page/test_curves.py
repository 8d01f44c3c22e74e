from pathlib import Path

import pytest

from core.page.curves import accuracy_axis, curves_section, loss_axis, share_wrong
from tests.core.page.making import make_material


def test_the_best_epoch_is_marked_among_the_numbers(tmp_path: Path) -> None:
    body = curves_section(make_material(tmp_path)).body
    assert "2 (best)" in body
    assert "log-loss 0.25000 at the best epoch, 2" in body


def test_no_error_is_drawn_as_half_a_row_and_accuracies_are_named() -> None:
    assert share_wrong(1.0, 100) == 0.005
    assert share_wrong(0.9, 100) == pytest.approx(0.1)
    axis = accuracy_axis([0.005, 0.1])
    assert axis["ticktext"] == ["99.5 %", "99 %", "98 %", "95 %", "90 %"]
    assert accuracy_axis([1.0])["tickvals"]
    assert loss_axis([0.03, 0.05])["ticktext"] == ["0.025", "0.03", "0.04", "0.05", "0.06"]

import re

import numpy as np
import pytest

from core.html.softmax import softmax_bars

SOFTMAX = np.array([0.5, 0.3, 0.197, 0.003])


@pytest.mark.parametrize(
    ("truth", "bars"),
    [
        (0, [("right", "a"), ("", "b"), ("", "c")]),
        (1, [("wrong", "a"), ("right", "b"), ("", "c")]),
        (3, [("wrong", "a"), ("", "b"), ("", "c"), ("right", "d")]),
        (None, [("", "a"), ("", "b"), ("", "c")]),
    ],
)
def test_the_true_class_is_green_and_only_what_was_said_instead_is_red(
    truth: int | None, bars: list[tuple[str, str]]
) -> None:
    body = softmax_bars(SOFTMAX, ["a", "b", "c", "d"], truth=truth, label="row 1")
    assert re.findall(r'class="(\w*)"><span>(\w)</span>', body) == bars

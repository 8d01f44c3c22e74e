import pytest

from core.gauge import bar, curve, duration


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")]
)
def test_duration_is_said_as_people_say_it(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("share", "done", "left"),
    [
        (0.0, "", "────"),
        (0.5, "━━", "──"),
        (0.625, "━━╸", "─"),
        (1.0, "━━━━", ""),
        (7.0, "━━━━", ""),
        (-1.0, "", "────"),
    ],
)
def test_bar_is_as_wide_as_it_is_told_and_shows_halves(share, done, left):
    assert bar(share, 4, is_ascii=False) == (done, left)


def test_bar_in_plain_letters_has_no_others():
    assert bar(0.5, 4, is_ascii=True) == ("##", "..")


def test_curve_is_on_a_log_scale_and_keeps_the_last_of_too_many():
    assert curve([1.0, 0.1, 0.01], 9, is_ascii=False) == "█▅▁"
    assert curve([1.0, 0.1, 0.01], 2, is_ascii=False) == "█▁"
    assert curve([0.5, 0.5], 9, is_ascii=True) == "__"
    assert curve([], 9, is_ascii=False) == curve([1.0], 0, is_ascii=False) == ""

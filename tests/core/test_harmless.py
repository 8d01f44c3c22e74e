import sys

import pytest

from core.errors import StudyError
from core.harmless import Harmless, in_a_line, warn


def test_blocks_cost_one_warning_altogether_and_end_at_their_error(capsys) -> None:
    harmless, reached = Harmless("the view is behind", "All else goes on"), []
    for number in range(3):
        with harmless:
            reached.append(number)
            raise StudyError(f"no room for\n{number}")
    assert reached == [0, 1, 2]
    assert capsys.readouterr() == ("", "warning: the view is behind: no room for 0. All else goes on\n")


def test_ctrl_c_is_no_harmless_error() -> None:
    with pytest.raises(KeyboardInterrupt), Harmless("a", "b"):
        raise KeyboardInterrupt


def test_what_is_no_matter_of_the_users_is_told_with_its_class() -> None:
    assert in_a_line(KeyError("lr")) == "KeyError: 'lr'"
    assert in_a_line(ZeroDivisionError()) == "ZeroDivisionError"
    assert in_a_line(StudyError("must  be\nthere")) == "must be there"
    assert in_a_line(OSError(28, "No space left on device")) == "[Errno 28] No space left on device"


def test_warning_that_cannot_be_printed_is_left_out(monkeypatch, tmp_path) -> None:
    with (tmp_path / "closed").open("w") as closed:
        pass
    monkeypatch.setattr(sys, "stderr", closed)
    warn("nobody reads this")

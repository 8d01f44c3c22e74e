import os

import pytest

from core.quiet import stderr_held_back


def test_what_a_failing_block_wrote_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.write(2, b"libsomething.so is missing")
        raise ImportError

    with pytest.raises(ImportError), stderr_held_back():
        fail()
    assert "libsomething.so is missing" in capfd.readouterr().err


def test_what_a_block_that_works_wrote_is_not_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with stderr_held_back():
        os.write(2, b"some notice\n")  # as C++ code does
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"

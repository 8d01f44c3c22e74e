import re
import sys
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.own_function import call_own, is_function_name, load_function, require_named

SOURCE = """
import json

NUMBER = 3

def sums(a, b):
    return a + b

def parses(text):
    return json.loads(text)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of modules that can be imported; they are forgotten afterwards."""
    for name in ("softvote_mine", "softvote_broken", "softvote_other"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "softvote_mine.py").write_text(SOURCE)
    return tmp_path


@pytest.mark.parametrize("name", ["mine:build", "a.b.c:f_1", "größe:mach"])
def test_function_names_are_a_module_and_a_name_in_it(name: str) -> None:
    assert is_function_name(name)


@pytest.mark.parametrize(
    "name", ["", "mine", "mine.build", "mine:", ":build", "mine:a.b", "a/b:c", "mine.py :f", "1:f", "a..b:c", None, 3]
)
def test_function_names_are_nothing_else(name: object) -> None:
    assert not is_function_name(name)


def test_a_function_is_imported_and_called(folder: Path) -> None:
    assert call_own(load_function("softvote_mine:sums", "--space"), 1, 2, what="--space softvote_mine:sums") == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (
            "softvote_none:f",
            r"there is no module softvote_none to import; it must lie in the current folder \(.*\)",
        ),
        ("softvote_none.models:f", "there is no module softvote_none to import"),
        ("softvote_mine.models:f", r"there is no module softvote_mine\.models to import"),
        ("softvote_mine:product", r"must name a function of .*softvote_mine\.py, and there is none of that name"),
        ("softvote_mine:NUMBER", r"must name a function of .*softvote_mine\.py, and it is int"),
    ],
)
def test_a_function_that_is_not_there_is_refused_in_words(folder: Path, name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=f"^--model {re.escape(name)}:? {words}"):
        load_function(name, "--model")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (
            "x = 1\nimport softvote_none\n",
            r"ModuleNotFoundError: No module named 'softvote_none' \(.*r\.py, line 2\)",
        ),
        ("x = 1\ny = x / 0\n", r"ZeroDivisionError: division by zero \(.*softvote_other\.py, line 2\)"),
        ("x = 1\n\ndef f(:\n", r"SyntaxError: .* \(.*softvote_other\.py, line 3\)"),
    ],
)
def test_a_module_that_cannot_be_imported_says_why_and_where(folder: Path, source: str, words: str) -> None:
    (folder / "softvote_other.py").write_text(source)
    with pytest.raises(ConfigError, match=f"^--space softvote_other:f: importing softvote_other raised {words}$"):
        load_function("softvote_other:f", "--space")


def test_what_a_function_raises_is_told_with_the_line_in_its_own_file(folder: Path) -> None:
    function = load_function("softvote_mine:parses", "--space")
    words = r"^--space mine raised JSONDecodeError: Expecting value.* \(.*softvote_mine\.py, line 10\)$"
    with pytest.raises(ConfigError, match=words):
        call_own(function, "", what="--space mine")


def test_only_the_named_builder_and_none_are_accepted() -> None:
    require_named(None, None, "here")
    require_named(None, "mine:build", "here")
    require_named("mine:build", "mine:build", "here")
    for builder, named in (("os:system", None), ("os:system", "mine:build"), (3, "mine:build"), ("", None)):
        words = rf"^here must name no other model of one's own than --model does \({named or 'none'}\), got {builder!r}"
        with pytest.raises(ConfigError, match=words):
            require_named(builder, named, "here")

"""A search on a real terminal: every line that it leaves there is ours, whatever Ray and TensorFlow have to say."""

import re
from pathlib import Path

import pytest

from ..terminal import run_in_terminal
from .commands import ENVIRONMENT, search_command

pytestmark = pytest.mark.slow

MINE = """
from dataclasses import replace

def build(config, input_shape, num_classes):
    import keras
    from keras import layers

    if config.extra.get("depth") == 2:
        raise ValueError("no depth of 2 \\u2013 made up")
    images = keras.Input(input_shape)
    return keras.Model(images, layers.Dense(num_classes)(layers.Flatten()(images)))

def space(trial, base):
    return replace(base, extra={"depth": trial.suggest_int("depth", 1, 2)})
"""
OPTIONS = ("--model", "mine:build", "--space", "mine:space", "--trials", "8", "--epochs", "3")
SCORE = r"(\d\.\d{4}|-)"
OURS = [
    r"load_digits: 1,437 train and 360 test images of 8x8x1, 10 classes",
    r"rows by class: [\d ,]+",
    r"identical images: none",
    r"holdout 0\.2: 1,149 rows train, 288 score",
    r"trials at once: \d+, each with CPUs: 1, GPUs: 0",
    r"\[\d/8\] t00000\d (complete|pruned) +log-loss \d\.\d{4} +accuracy \d\.\d{4} +best epoch \d of \d +[\d.]+ s",
    r"\[\d/8\] t00000\d failed +--model mine:build raised ValueError: no depth of 2 . made up \(.*line 9\)",
    r"trials +\d of 8 +[━╸─#.]+( +\d (complete|pruned|failed))*( +stopping)?",
    r"time +\d+ (s|min) so far( +about \d+ (s|min) left)?",
    r"running +epoch +log-loss +accuracy +config",
    r"best +epoch +log-loss +accuracy +config",
    rf"t00000\d +\d/3 +[━╸─#.]+ +{SCORE} +{SCORE} +.*",
    rf"t00000\d +\d/\d +(complete|pruned) +{SCORE} +{SCORE} +.*",
    r"vote now +\d+ errors of 288 +log-loss \d\.\d{4}( +mean of the best \d| +the best alone)? +\(optimistic.*\)",
    r"",
]


def run(tmp_path: Path, *options: str, ctrl_c_after: str | None = None, **env: str) -> tuple[int, list[str]]:
    """Run a search on a terminal of 200 columns; return its exit code and the lines that the terminal then shows."""
    (tmp_path / "mine.py").write_text(MINE)
    path = f"{ENVIRONMENT['PYTHONPATH']}:{tmp_path}"
    code, screen = run_in_terminal(
        search_command("live", *OPTIONS, *options),
        env={**ENVIRONMENT, "PYTHONPATH": path, **env},
        cwd=tmp_path,
        columns=200,
        ctrl_c_after=ctrl_c_after,
    )
    return code, [line.rstrip() for line in screen.lines]


def strangers(lines: list[str]) -> list[str]:
    """Return the lines that are not ours."""
    return [line for line in lines if not any(re.fullmatch(ours, line) for ours in OURS)]


def test_search_with_failing_trials_leaves_no_line_but_ours(tmp_path):
    code, lines = run(tmp_path)
    assert code == 0, lines
    end = next(n for n, line in enumerate(lines) if line.startswith("precision: "))
    assert strangers(lines[:end]) == []
    assert any(" failed " in line for line in lines[:end])
    assert sum(line.startswith("trials  ") for line in lines) == 1, "drawn in one place"
    assert any(line.startswith("vote now ") for line in lines)
    assert lines[end + 1].startswith("runs/live: 8 trials (")


def test_ctrl_c_on_a_terminal_leaves_the_last_state_and_the_command_that_goes_on(tmp_path):
    code, lines = run(tmp_path, ctrl_c_after="[1/8]")
    assert code == 130, lines
    told = [line for line in lines if line.startswith("python -m search: stopped; ")]
    assert len(told) == 1
    pages = "wrote runs/live/search.html and runs/live/index.html"
    assert lines.count(pages) == 1
    assert strangers([line for line in lines if line not in (*told, pages)]) == []
    assert any(line.startswith("trials  ") and line.endswith("stopping") for line in lines)


@pytest.mark.parametrize(
    "env", [{"TERM": "dumb"}, {"NO_COLOR": "1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]
)
def test_terminals_without_cursor_colour_or_letters_beyond_ascii_are_served(tmp_path, env):
    code, lines = run(tmp_path, **env)
    assert code == 0, lines
    assert strangers(lines[: next(n for n, line in enumerate(lines) if line.startswith("precision: "))]) == []
    assert any(line.startswith("trials  ") for line in lines) == ("NO_COLOR" in env)
    if "NO_COLOR" in env:
        assert "".join(lines).isascii()


def test_quiet_search_says_what_failed_its_result_and_what_it_wrote(tmp_path):
    code, lines = run(tmp_path, "--quiet")
    assert code == 0, lines
    heads = [" ".join(line.split()[:2]) for line in lines if line and not line.startswith("warning: t00000")]
    assert heads[0].startswith("runs/live: 8")
    assert heads[1].startswith("vote 0.")
    assert heads[2] == "honest estimate,"
    assert all(head.startswith("wrote runs/live/ensemble/") for head in heads[3:-2])
    assert heads[-2] == "wrote runs/live/search.html"
    assert heads[-1] == "test accuracy"

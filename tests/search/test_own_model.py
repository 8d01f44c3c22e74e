"""The README's own model and own space, as it prints them, searched by the command; and what is refused."""

import json
import re
from pathlib import Path

import pytest

from core.store.records import read_record

from .commands import ALL_CORES, run_search

README = Path(__file__).parents[2] / "README.md"
OTHER_CODE = {"builder": "os:system"}
BUDGET = ("--epochs", "1", "--cpus-per-trial", ALL_CORES, "--top-k", "1", "--keep-models", "1")


def readme_example() -> str:
    """Return the section's Python blocks as one file."""
    section = README.read_text().partition("\n## Your own space, your own model\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 2, "one example of each"
    return "\n\n".join(blocks)


@pytest.fixture
def folder(tmp_path) -> Path:
    """Return the folder in which the commands run, with the README's file."""
    (tmp_path / "mine.py").write_text(readme_example())
    return tmp_path


@pytest.mark.slow  # several searches, each with a start of ray and tensorflow
def test_the_readmes_own_model_and_own_space_are_searched_by_the_command(folder):
    options = ("--model", "mine:build", "--space", "mine:space", *BUDGET)
    done = run_search(folder / "runs", "own", "--trials", "5", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    records = [read_record(str(path)) for path in sorted((folder / "runs/own/trials").glob("*/trial.json"))]
    assert [record.user_attrs["origin"] for record in records] == ["base", "notebook", "fast", "strong", "sampler"]
    assert [record.config["builder"] for record in records] == ["mine:build", None, None, None, "mine:build"]
    assert {record.state for record in records} <= {"complete", "pruned"}
    assert records[4].params.keys() == {"dropout", "learning_rate", "depth"}
    assert records[4].config["extra"] == {"depth": records[4].params["depth"]}
    assert records[4].config["model"]["dense_dropout"] == records[4].params["dropout"]
    assert records[0].config["extra"] == {}
    assert len(list((folder / "runs/own/trials").glob("*/model.keras"))) == 1
    assert (folder / "runs/own/ensemble/submission.csv").exists()

    before = (folder / "runs/own/study.json").read_bytes()
    for path, change in (
        ("trials/t000000/trial.json", {"config": OTHER_CODE}),
        (
            "study.json",
            {"inherited": [{"origin": "x", "named": "x", "params": None, "config": {"builder": "os:system"}}]},
        ),
    ):
        whole = (folder / "runs/own" / path).read_bytes()
        (folder / "runs/own" / path).write_text(json.dumps(json.loads(whole) | change))
        refused = run_search(folder / "runs", "own", "--trials", "6", *options)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        assert f"{path} must name no other model of one's own than --model does (mine:build)" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1
        (folder / "runs/own" / path).write_bytes(whole)
    assert (folder / "runs/own/study.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--model", "mine:bild"], "--model mine:bild must name a function of"),
        (["--model", "min:build"], "--model min:build: there is no module min to import; it must lie in the current"),
        (["--space", "mine:build"], "--space mine:build raised TypeError: "),
        (["--space", "mine"], "--space must be of the form package.module:function, got mine"),
    ],
)
def test_own_functions_that_are_not_there_are_refused_in_one_line(folder, options, words):
    refused = run_search(folder / "runs", "bad", *options)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert words in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert {path.name for path in folder.iterdir()} <= {"mine.py", "__pycache__"}

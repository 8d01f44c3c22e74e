"""Every benchmark as a command: without data in the default run, whole but short under the mark `slow`."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import settings
from benchmarks.settings import ROOT, BenchmarkSettings
from core.cli import run_command
from tests.core.data.making import draw_images, to_csv, write_zip

KEYS = {
    "train_step": ["keras_float32", "keras_on_batch", "float32"],
    "augment": ["image_data_generator", "keras_layers"],
    "load": ["warm_cost", "cold_cost", "cold_memory_cost", "cold_zip_cost"],
    "predict": ["keras_float32"],
    "many_trials": ["fresh_process_cost"],
    "time_to_notebook": ["notebook", "notebook_on_batch"],
}
"""The ratios of each JSON line: others read them by these names."""
FIGURES = {
    "train_step": ["convolution_share"],
    "many_trials": ["seconds_to_first_step", "retraced", "memory_growth"],
    "time_to_notebook": ["errors"],
}
"""What else some JSON lines hold."""
ON_OWN_DATA = {
    "kill_anywhere": {"ours", "control"},
    "search_replay": {"ratios", "seeds"},
    "sabotage": {"trials", "told_as_it_was", "budget_share", "time_share", "left_running", "processes_left"},
    "trial_overhead": {"ratios", "seconds_between_trials", "reporting_cost"},
    "trial_cost": {"ratios", "fixed_seconds", "trace_seconds", "output_seconds"},
    "ask_tell": {"ratios", "seconds_to_resume", "seconds_next_trial", "seconds_report"},
    "honesty": {"ratios", "studies", "nested_bias_in_se", "optimistic_bias_in_se", "coverage"},
    "ten_thousand": {"ratios", "seconds_to_resume", "seconds_to_vote", "peak_megabytes"},
    "answer": {"ratios", "milliseconds_p50", "milliseconds_p95"},
    "pages": {"ratios", "seconds_of_command", "seconds_of_most", "megabytes", "page_megabytes"},
    "greedy": {"ratios", "log_loss_megabytes", "accuracy_megabytes", "seconds_bagged", "seconds_many"},
}
"""Those that take no --data; keys that their JSON lines have."""
RATIOS_ON_OWN_DATA = {
    "trial_overhead": ["ideal_cost", "stock_cost"],
    "trial_cost": ["cold_worker_cost"],
    "ask_tell": ["stock_cost", "stock_memory_cost"],
    "ten_thousand": ["linear", "per_event", "per_suggestion"],
    "answer": ["predict_in_turn"],
    "greedy": ["log_loss", "accuracy"],
    "pages": ["few_cost", "many_cost", "many_reading_cost"],
    "honesty": ["greedy_plain_cost", "greedy_safe_cost", "auto_cost", "mean_cost"],
}
ON_CLUSTERS = {"lost_nodes", "scaling"}
"""Those that start a cluster of several nodes; tests/search/cluster/test_lost_nodes.py runs one, the other is below."""
RECORDING = {"record_curves", "confirm_search"}
"""Trainings of minutes or hours: one writes what search_replay reads, the other repeats it without a surrogate."""


def test_every_benchmark_is_run_here() -> None:
    commands = {path.stem for path in (ROOT / "benchmarks").glob("*.py") if "run_command(" in path.read_text()}
    assert commands == {*KEYS, *ON_OWN_DATA, *ON_CLUSTERS, *RECORDING}


@pytest.mark.parametrize("name", KEYS)
def test_a_benchmark_without_data_says_so_in_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(settings, "ARCHIVE", tmp_path / "none.zip")
    monkeypatch.setattr(sys, "argv", ["prog"])
    module = importlib.import_module(f"benchmarks.{name}")
    chosen = getattr(module, "TimeToNotebookSettings", BenchmarkSettings)
    with pytest.raises(SystemExit) as end:
        run_command(chosen, module.main, prog="prog", description="")
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("prog: a benchmark needs Kaggle's digit-recognizer.zip")


@pytest.mark.slow
@pytest.mark.parametrize("name", KEYS)
def test_a_quick_run_ends_in_its_json_line(name: str, tmp_path: Path) -> None:
    images = draw_images(300, 12, 12)
    labels = [str(row % 3) for row in range(len(images))]
    members = {"train.csv": to_csv(images, labels), "test.csv": to_csv(draw_images(70, 12, 12, seed=1))}
    data = write_zip(tmp_path / "small.zip", members)
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{name}", "--quick", "--data", data],
        cwd=ROOT,
        env={**os.environ, "SOFTVOTE_CACHE": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert list(found) == ["benchmark", "ratios", *FIGURES.get(name, [])]
    assert found["benchmark"] == name
    assert list(found["ratios"]) == KEYS[name]
    assert all(np.isfinite(ratio) and ratio > 0 for ratio in found["ratios"].values())
    assert all(np.isfinite(found[figure]) for figure in FIGURES.get(name, []))
    assert found.get("retraced", 0) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ON_OWN_DATA)
def test_a_quick_run_on_its_own_data_ends_in_its_json_line(name: str) -> None:
    command = [sys.executable, "-m", f"benchmarks.{name}", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["benchmark"] == name
    assert set(found) >= ON_OWN_DATA[name]
    assert name not in RATIOS_ON_OWN_DATA or list(found["ratios"]) == RATIOS_ON_OWN_DATA[name]


@pytest.mark.cluster
def test_a_quick_run_on_simulated_nodes_ends_in_its_json_line() -> None:
    command = [sys.executable, "-m", "benchmarks.scaling", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert (found["benchmark"], list(found["ratios"])) == ("scaling", ["ideal"])
    assert [size["nodes"] for size in found["sizes"]] == [1, 2]
    assert all(0 < size["ideal"] <= 1 for size in found["sizes"])
    assert all(size[key] > 0 for size in found["sizes"] for key in ("driver_seconds", "megabytes", "vote_seconds"))


@pytest.mark.slow
def test_a_quick_confirmation_ends_in_its_errors(tmp_path: Path) -> None:
    data = write_zip(
        tmp_path / "small.zip", {"train.csv": to_csv(draw_images(400, 12, 12), [str(row % 3) for row in range(400)])}
    )
    command = [sys.executable, "-m", "benchmarks.time_to_notebook", "--confirm", "notebook", "--quick", "--data", data]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "SOFTVOTE_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["confirm"] == "notebook"
    assert len(found["errors"]) == 2


def test_a_benchmark_refuses_a_file_that_is_not_there_from_the_shell(tmp_path: Path) -> None:
    missing = tmp_path / "missing.zip"
    command = [sys.executable, "-m", "benchmarks.load", "--data", str(missing)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"python -m benchmarks.load: --data {missing}: there is no such file")
    assert done.stderr.count("\n") == 1

import dataclasses
import io
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from core import run
from core.config import Config, TrainConfig
from core.errors import ConfigError, DataError, StudyError, TrainingError
from core.known import KNOWN_CONFIGS
from core.report import CoreResult
from core.run import CoreSettings, TrainingInterrupted, train_study
from core.store.manifest import read_manifest
from core.store.predictions import read_predictions
from core.store.records import EpochReport, read_record
from core.store.study import StudyFolder
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings

EPOCHS = 3


class StoppingConsole(Console):
    """A console at which the user presses Ctrl-C when it prints certain words."""

    def __init__(self, words: str) -> None:
        super().__init__(file=io.StringIO(), width=120)
        self._words = words

    def print(self, *objects: object, **options: object) -> None:
        super().print(*objects, **options)  # type: ignore[arg-type]
        if self._words in str(objects[0]):
            raise KeyboardInterrupt


def settings_of(runs: Path, study: str, **fields: Any) -> CoreSettings:
    made: dict[str, Any] = {"runs": str(runs), "study": study, "epochs": EPOCHS, "precision": "float32"}
    return CoreSettings(**(made | fields))


def without_seconds(epochs: tuple[EpochReport, ...]) -> list[EpochReport]:
    return [dataclasses.replace(epoch, seconds=0.0) for epoch in epochs]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def whole(runs: Path) -> tuple[CoreResult, list[str]]:
    """Train the embedded digits from beginning to end; return the result and the lines printed."""
    console = Console(file=io.StringIO(), width=120)
    result = train_study(settings_of(runs, "whole"), console)
    assert isinstance(console.file, io.StringIO)
    return result, console.file.getvalue().splitlines()


@pytest.fixture(scope="module")
def stopped(runs: Path) -> TrainingInterrupted:
    """Begin the same training elsewhere and stop it after its second epoch."""
    with pytest.raises(TrainingInterrupted) as caught:
        train_study(settings_of(runs, "stopped"), StoppingConsole("epoch 2/3"))
    return caught.value


def test_a_training_prints_data_epochs_holdout_and_true_score(whole: tuple[CoreResult, list[str]]) -> None:
    result, lines = whole
    text = "\n".join(lines)
    assert "1,437 train and 360 test images of 8x8x1, 10 classes" in text
    assert "rows by class: 0 142, 1 146" in text
    assert "precision: float32" in lines
    assert [line.split("  ")[0] for line in lines if line.startswith("epoch")] == [
        "epoch 1/3",
        "epoch 2/3",
        "epoch 3/3",
    ]
    assert any(line.startswith("holdout of 288 rows: accuracy 0.") and " errors, log-loss " in line for line in lines)
    assert any(line.startswith("true \\ predicted") for line in lines)
    assert lines[-1] == f"test accuracy {result.test_accuracy:.4f} (360 rows set aside)"


def test_a_training_leaves_a_study_of_one_trial(whole: tuple[CoreResult, list[str]], runs: Path) -> None:
    result, _ = whole
    files = {str(path.relative_to(runs / "whole")) for path in (runs / "whole").rglob("*") if path.is_file()}
    trial = {f"trials/t000000/{name}" for name in ("trial.json", "predictions.npz", "model.keras", "curves.tfevents")}
    assert files - {"ensemble/submission.csv", "ensemble/members.csv", "ensemble/ensemble.json"} == {
        *("study.json", "data.npz", "images.npz", "model.html", "index.html"),
        *trial,
    }
    folder = StudyFolder(str(runs / "whole"))
    record = read_record(folder.trial("t000000").record)
    assert record == result.record
    assert (record.state, len(record.epochs), record.config["precision"]) == ("complete", EPOCHS, "float32")
    manifest = read_manifest(folder.manifest)
    assert (manifest.command, manifest.settings["resolved_precision"]) == ("core", "float32")
    predictions = read_predictions(folder.trial("t000000").predictions)
    assert record.best is not None
    assert predictions.epoch == record.best.epoch
    np.testing.assert_array_equal(predictions.softmax, result.holdout_softmax)
    np.testing.assert_array_equal(predictions.test_softmax, result.test_softmax)


def test_a_training_leaves_its_page_with_the_records_numbers(whole: tuple[CoreResult, list[str]], runs: Path) -> None:
    result, lines = whole
    assert f"wrote {result.page_url}: curves, confusions, errors, filters, activations" in lines
    page = (runs / "whole/model.html").read_text()
    best = result.record.best
    assert best is not None
    num_wrong = int(288 - np.trace(result.confusion))
    assert f"{num_wrong} errors of 288 holdout rows after epoch {best.epoch} of 3" in page
    assert f">{best.log_loss:.5f}<" in page
    assert "Block 2, convolution 2" in page
    assert "as an epoch might see it" in page


def test_the_ensemble_votes_on_what_a_training_left(whole: tuple[CoreResult, list[str]], runs: Path) -> None:
    vote = vote_study(EnsembleSettings(study=str(runs / "whole")))
    assert vote.test_accuracy == whole[0].test_accuracy
    assert vote.submission_csv is not None
    assert len(Path(vote.submission_csv).read_text().splitlines()) == 361


def test_a_finished_training_is_not_done_again(whole: tuple[CoreResult, list[str]], runs: Path) -> None:
    before = (runs / "whole" / "study.json").read_bytes()
    with pytest.raises(StudyError, match="whole must be unfinished to go on, and its training has its 3 epochs"):
        train_study(settings_of(runs, "whole"))
    assert (runs / "whole" / "study.json").read_bytes() == before


def test_ctrl_c_keeps_the_epochs_and_names_the_command_that_goes_on(stopped: TrainingInterrupted, runs: Path) -> None:
    assert "the finished epochs are kept" in str(stopped)
    assert "-m core" in str(stopped)
    assert "--study stopped" in str(stopped)
    assert f"--epochs {EPOCHS}" in str(stopped)
    record = read_record(str(runs / "stopped/trials/t000000/trial.json"))
    assert (record.state, len(record.epochs)) == ("running", 2)
    assert (runs / "stopped/trials/t000000/checkpoint/1/state.npz").exists()


@pytest.mark.parametrize(
    ("fields", "difference"),
    [
        ({"epochs": 4}, "--epochs 3, got --epochs 4"),
        ({"augment": False}, "--augment True, got --augment False|--augment, got --no-augment"),
        ({"precision": "auto"}, "--precision float32, got --precision auto"),
        ({"seed": 1}, "--seed 0, got --seed 1"),
    ],
)
def test_settings_that_contradict_an_unfinished_training_are_refused(
    stopped: TrainingInterrupted, runs: Path, fields: dict[str, object], difference: str
) -> None:
    with pytest.raises(StudyError, match=difference):
        train_study(settings_of(runs, "stopped", **fields), Console(file=io.StringIO()))


def test_a_resumed_training_ends_as_an_uninterrupted_one(
    stopped: TrainingInterrupted, whole: tuple[CoreResult, list[str]], runs: Path
) -> None:
    console = Console(file=io.StringIO(), width=120)
    result = train_study(settings_of(runs, "stopped"), console)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue().splitlines()
    assert f"going on with {runs / 'stopped'} after epoch 2" in printed
    lines = [line for line in printed if line.startswith("epoch")]
    assert [line.split("  ")[0] for line in lines] == ["epoch 3/3"]
    assert without_seconds(result.record.epochs) == without_seconds(whole[0].record.epochs)
    np.testing.assert_array_equal(result.holdout_softmax, whole[0].holdout_softmax)
    np.testing.assert_array_equal(result.test_softmax, whole[0].test_softmax)
    assert result.record.generation == 2
    assert not (runs / "stopped/trials/t000000/checkpoint").exists()
    assert (runs / "stopped/model.html").exists()


def test_a_loss_that_is_not_finite_closes_the_record_as_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    diverging = Config(train=TrainConfig(epochs=2, learning_rate=1e38), precision="float32")
    monkeypatch.setattr(run, "base_config", lambda settings, num_rows: diverging)
    settings = settings_of(tmp_path, "diverges", epochs=2)
    with pytest.raises(TrainingError, match="epoch 1: the training loss must be finite"):
        train_study(settings, Console(file=io.StringIO()))
    record = read_record(str(tmp_path / "diverges/trials/t000000/trial.json"))
    assert record.state == "failed"
    assert "epoch 1" in (record.error or "")
    with pytest.raises(StudyError, match=r"its training failed \(epoch 1.*Name another --study"):
        train_study(settings, Console(file=io.StringIO()))


def test_images_too_small_for_the_pools_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    images = np.random.default_rng(0).integers(0, 256, (60, 3, 5), dtype=np.uint8)
    np.savez(tmp_path / "small.npz", x_train=images, y_train=np.arange(60) % 2)
    with pytest.raises(ConfigError, match="2 blocks of pool 2, which need 4 pixels, got images of 3x5"):
        train_study(settings_of(tmp_path / "runs", "small", data=str(tmp_path / "small.npz")))
    assert not (tmp_path / "runs").exists()


def test_the_command_refuses_images_too_small_for_a_known_models_pools_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model = KNOWN_CONFIGS["fast"].model
    num_blocks = len(model.filters)
    need = model.pool_size**num_blocks
    images = np.random.default_rng(0).integers(0, 256, (60, need - 1, 28), dtype=np.uint8)
    np.savez(tmp_path / "small.npz", x_train=images, y_train=np.arange(60) % 2)
    words = ["core", "--runs", str(tmp_path / "runs"), "--data", str(tmp_path / "small.npz"), "--model", "fast"]
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as end:
        runpy.run_module("core", run_name="__main__")
    captured = capsys.readouterr()
    assert (end.value.code, captured.out) == (2, "")
    assert captured.err == (
        f"python -m core: model.filters has {num_blocks} blocks of pool {model.pool_size}, which need {need} pixels, "
        f"got images of {need - 1}x28. Use fewer blocks or a smaller pool\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_known_model_with_views_trains_on_the_embedded_digits(tmp_path: Path) -> None:
    result = train_study(
        settings_of(tmp_path, "fast", model="fast", views=5, epochs=1), Console(file=io.StringIO(), width=120)
    )
    config = Config.from_json(result.record.config)
    assert (config.model, config.views, config.train.epochs) == (KNOWN_CONFIGS["fast"].model, 5, 1)
    assert result.test_softmax.shape == (360, 10)


def test_data_that_is_not_there_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.zip"):
        train_study(settings_of(tmp_path / "runs", "none", data=str(tmp_path / "missing.zip")))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--epochs", "0"], "python -m core: --epochs must be 1 or more, got 0"),
        (["--holdout", "1.5"], "--holdout must be tail or a share above 0 and below 1"),
        (["--image-shape", "5x5"], "5x5"),
        (["--model", "resnet"], "python -m core: --model must be notebook, fast, strong or your own package.module:"),
        (["--views", "2"], "python -m core: --views must be 1, 5 or 9, got 2"),
        (["--trials", "3"], "--trials"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["core", "--runs", str(tmp_path / "runs"), *words])
    with pytest.raises(SystemExit) as end:
        runpy.run_module("core", run_name="__main__")
    stderr = capsys.readouterr().err
    assert end.value.code == 2
    assert stderr.count("\n") == 1
    assert message in stderr
    assert not (tmp_path / "runs").exists()


def test_the_command_loads_no_tensorflow_before_the_settings_are_right() -> None:
    check = "import sys, core.__main__; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0

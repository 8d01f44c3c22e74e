"""`core.run` with a model of one's own."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from core.errors import ConfigError
from core.run import CoreSettings, train_study
from core.store.records import read_record

MODULE = "tests.core.own_models"


def settings_of(runs: Path, model: str) -> CoreSettings:
    return CoreSettings(runs=str(runs), study="own", epochs=1, precision="float32", model=model)


def test_ones_own_model_is_trained_and_recorded(tmp_path: Path) -> None:
    result = train_study(settings_of(tmp_path, f"{MODULE}:unbuilt"), Console(file=io.StringIO()))
    assert (result.record.state, result.record.config["builder"]) == ("complete", f"{MODULE}:unbuilt")
    assert (tmp_path / "own/trials/t000000/model.keras").exists()


def test_a_model_that_cannot_be_named_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    for name, words in (("nothing", "there is none of that name"), ("NOT_CALLABLE", "it is int")):
        with pytest.raises(ConfigError, match=f"--model {MODULE}:{name} must name a function of .*, and {words}"):
            train_study(settings_of(tmp_path, f"{MODULE}:{name}"), Console(file=io.StringIO()))
    assert not list(tmp_path.iterdir())


def test_a_record_that_names_other_code_is_refused(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, f"{MODULE}:raises")
    with pytest.raises(ConfigError, match="raised ValueError"):
        train_study(settings, Console(file=io.StringIO()))
    path = tmp_path / "own/trials/t000000/trial.json"
    assert read_record(str(path)).state == "running"
    raw = json.loads(path.read_text())
    path.write_text(json.dumps(raw | {"config": raw["config"] | {"builder": "os:system"}}))
    with pytest.raises(ConfigError, match=r"t000000 must name no other model .* \(tests.*:raises\), got 'os:system'"):
        train_study(settings, Console(file=io.StringIO()))

import dataclasses
import json
import re
import shlex
from pathlib import Path

import pytest

from core.cli import parse
from core.config import NO_AUGMENT
from core.errors import StudyError
from core.html.index import made_from
from core.html.page import render_page
from core.known import KNOWN_CONFIGS
from core.settings import TrainingSettings
from core.store.dataset import read_data_summary
from core.store.manifest import read_manifest
from core.study import base_config, check_study, command_line, open_study, study_folder, with_epochs, with_study_name


@pytest.fixture
def settings(tmp_path) -> TrainingSettings:
    return TrainingSettings(runs=str(tmp_path / "runs"), study="s", epochs=4)


def test_with_study_name_names_a_study_that_has_none_and_no_other(settings):
    assert with_study_name(settings) is settings
    assert with_study_name(dataclasses.replace(settings, study=None)).study is not None


def test_with_epochs_fills_in_the_default_alone(settings):
    assert with_epochs(settings, 33_600).epochs == 4
    assert with_epochs(dataclasses.replace(settings, epochs=None), 33_600).epochs == 20


def test_base_config_takes_a_batch_no_larger_than_the_rows(settings):
    assert base_config(settings, 33_600).train.batch_size == 256
    assert base_config(settings, 70).train.batch_size == 70
    assert base_config(dataclasses.replace(settings, augment=False), 70).augment == NO_AUGMENT


@pytest.mark.parametrize("model", KNOWN_CONFIGS)
def test_base_config_is_the_named_one_with_the_settings_epochs_and_views(settings, model):
    config = base_config(dataclasses.replace(settings, model=model, views=5), 33_600)
    known = KNOWN_CONFIGS[model]
    assert config == dataclasses.replace(known, train=dataclasses.replace(known.train, epochs=4), views=5)


def test_base_config_of_ones_own_model_is_the_notebooks_with_its_name(settings):
    config = base_config(dataclasses.replace(settings, model="mine:build"), 33_600)
    notebook = base_config(settings, 33_600)
    assert config == dataclasses.replace(notebook, builder="mine:build")


def test_command_line_gives_the_same_settings_back():
    settings = TrainingSettings(
        data="my data.zip", study="s", epochs=4, augment=False, holdout="tail", model="fast", views=9
    )
    words = shlex.split(command_line(settings, "core"))
    assert words[words.index("-m") : words.index("-m") + 2] == ["-m", "core"]
    again = parse(TrainingSettings, words[words.index("core") + 1 :], prog="core", description="")
    assert again == settings


@pytest.mark.parametrize("password", ["q4nary", "q4/nary", "q4@nary", "q4 'nary"])
def test_no_password_is_written_or_told(settings, tiny_dataset, tiny_split, password):
    settings = dataclasses.replace(settings, data=f"https://me:{password}@host/digits.zip")
    words = ["--data", settings.data, f"--data={settings.data}"]
    manifest = open_study(settings, "core", words, tiny_dataset, tiny_split)
    page = render_page(title="s", lead="", sections=[], made_from=made_from(manifest)).decode()
    for text in (Path(study_folder(settings).manifest).read_text(), command_line(settings, "core"), page):
        assert not re.search("q4|nary", text)
    assert manifest.settings["data"] == "https://***@host/digits.zip"


def test_open_study_writes_data_images_and_manifest_and_counts_starts(settings, tiny_dataset, tiny_split):
    assert open_study(settings, "core", [], tiny_dataset, tiny_split).generation == 1
    assert open_study(settings, "core", [], tiny_dataset, tiny_split).generation == 2
    folder = study_folder(settings)
    assert read_manifest(folder.manifest).generation == 2
    assert read_data_summary(folder.data).holdout_rows.tolist() == tiny_split.holdout_rows.tolist()
    assert Path(folder.images).exists()


@pytest.mark.parametrize("name", ["data.npz", "images.npz"])
@pytest.mark.parametrize("damage", ["torn", "missing"])
def test_open_study_rewrites_what_is_torn_or_missing(settings, tiny_dataset, tiny_split, name, damage):
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    path = Path(study_folder(settings).url) / name
    whole = path.read_bytes()
    path.unlink() if damage == "missing" else path.write_bytes(whole[:-20])
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    assert len(path.read_bytes()) == len(whole)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 1}, "was made with --seed 0, got --seed 1. Name another --study"),
        ({"epochs": 5}, "was made with --epochs 4, got --epochs 5"),
        ({"augment": False}, "was made with --augment, got --no-augment"),
        ({"precision": "float32"}, "was made with --precision auto, got --precision float32"),
        ({"model": "fast"}, "was made with --model notebook, got --model fast"),
        ({"views": 5}, "was made with --views 1, got --views 5"),
        ({"model": "mine:build"}, "was made with --model notebook, got --model mine:build"),
    ],
)
def test_check_study_names_the_setting_that_differs_and_writes_nothing(
    settings, tiny_dataset, tiny_split, change, words
):
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    before = Path(study_folder(settings).manifest).read_bytes()
    with pytest.raises(StudyError, match=words):
        check_study(dataclasses.replace(settings, **change), "core", [], tiny_dataset, tiny_split)
    assert Path(study_folder(settings).manifest).read_bytes() == before


def test_check_study_refuses_a_study_of_an_older_version(settings, tiny_dataset, tiny_split):
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    path = Path(study_folder(settings).manifest)
    manifest = json.loads(path.read_text())
    del manifest["settings"]["views"]
    path.write_text(json.dumps(manifest))
    with pytest.raises(StudyError, match=r"must be of this version to go on, and has no setting 'views'. Vote with it"):
        check_study(settings, "core", [], tiny_dataset, tiny_split)


def test_check_study_refuses_other_data_other_rows_and_the_other_command(settings, tiny_dataset, tiny_split):
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    other_data = dataclasses.replace(tiny_dataset, fingerprint="other", name="other.zip")
    with pytest.raises(StudyError, match=r"made of other data \(tiny, 100 train rows\), got other.zip"):
        check_study(settings, "core", [], other_data, tiny_split)
    with pytest.raises(
        StudyError, match=r"made with --holdout 0\.3 --holdout-seed 0 and other holdout rows, got --holdout tail"
    ):
        check_study(
            settings, "core", [], tiny_dataset, dataclasses.replace(tiny_split, fingerprint="other", method="tail")
        )
    with pytest.raises(StudyError, match="was made by `python -m core`, got `python -m search`"):
        check_study(settings, "search", [], tiny_dataset, tiny_split)


@pytest.mark.parametrize("name", ["thesis.txt", "trials/t000000/trial.json"])
def test_check_study_refuses_a_folder_that_is_no_study(settings, tiny_dataset, tiny_split, name):
    path = Path(study_folder(settings).url) / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(StudyError, match="must be a new name or a study's folder"):
        check_study(settings, "core", [], tiny_dataset, tiny_split)


def test_check_study_refuses_a_file_in_the_folders_place(settings, tiny_dataset, tiny_split):
    path = Path(study_folder(settings).url)
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(StudyError, match="must be a new name or a study's folder"):
        check_study(settings, "core", [], tiny_dataset, tiny_split)


def test_check_study_goes_on_after_a_start_that_was_killed_before_its_manifest(settings, tiny_dataset, tiny_split):
    path = Path(study_folder(settings).url) / "data.npz"
    path.parent.mkdir(parents=True)
    path.write_text("of another split, or torn")
    open_study(settings, "core", [], tiny_dataset, tiny_split)
    assert read_data_summary(str(path)).split == tiny_split.fingerprint

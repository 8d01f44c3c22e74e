import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import StoredFileError, StudyError
from core.page.material import read_material
from core.store.dataset import read_data_summary, write_data_summary
from core.store.predictions import read_predictions, write_predictions
from core.store.study import StudyFolder
from tests.core.page.making import make_material, make_study


def test_material_orders_errors_by_how_sure_the_model_was(tmp_path: Path) -> None:
    material = make_material(tmp_path, wrong=(4, 1, 3))
    assert material.wrong_surest_first().tolist() == [4, 1, 3]
    assert [material.best.epoch, material.last.epoch] == [2, 3]


def test_train_rows_are_neither_held_out_nor_images_of_the_holdout(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    data = read_data_summary(folder.data)
    groups = np.arange(18)
    groups[12] = 5  # a holdout row is the same image as row 5
    object.__setattr__(data, "groups", groups)
    write_data_summary(folder.data, data)
    assert np.flatnonzero(read_material(folder, "t000000").is_train).tolist() == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_a_study_that_is_none_and_a_trial_that_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="must be a study's folder"):
        read_material(StudyFolder(str(tmp_path / "none")), "t000000")
    with pytest.raises(StudyError, match="must have a trial t000009"):
        read_material(make_study(tmp_path), "t000009")


def test_a_training_without_predictions_is_refused(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    Path(folder.trial("t000000").predictions).unlink()
    with pytest.raises(StudyError, match=r"predictions\.npz"):
        read_material(folder, "t000000")


def test_a_training_that_goes_on_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="must be of a training that has ended well, got running"):
        make_material(tmp_path, state="running")


def test_predictions_of_other_rows_are_refused(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    url = folder.trial("t000000").predictions
    predictions = read_predictions(url)
    object.__setattr__(predictions, "rows", predictions.rows - 1)
    write_predictions(url, predictions)
    with pytest.raises(StoredFileError, match="must be of the study's 6 holdout rows and 3 classes"):
        read_material(folder, "t000000")


def test_images_that_are_not_the_datas_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoredFileError, match="x_train must be 18 images"):
        read_material(make_study(tmp_path), "t000000", np.zeros((3, 8, 6, 1), np.uint8))


def test_a_configuration_of_another_version_is_refused(tmp_path: Path) -> None:
    folder = make_study(tmp_path)
    path = Path(folder.trial("t000000").record)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"config": {"colour": "red"}}))
    with pytest.raises(StoredFileError, match=r"trial\.json: .*colour"):
        read_material(folder, "t000000")

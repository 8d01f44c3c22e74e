"""What is asked of a vote before it is exported; what the export gives is held by tests/core/test_deploy.py."""

from pathlib import Path

import pytest

from core.errors import StudyError
from core.store.predictions import write_predictions
from ensemble.export import export_result
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.conftest import TEST_A, A, B, Command, StudyMaker


def test_export_names_a_model_that_was_not_kept(study: StudyMaker, tmp_path: Path) -> None:
    trial = study.add_trial(0, A)
    result = vote_study(EnsembleSettings(study=study.url))
    with pytest.raises(StudyError, match=f"{trial.model} was not kept. Search with a larger --keep-models, or vote"):
        export_result(result, str(tmp_path / "exported"))
    assert not (tmp_path / "exported").exists()


def test_export_names_an_added_member_without_a_model(study: StudyMaker, tmp_path: Path) -> None:
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, study.predictions("theirs", B, TEST_A))
    result = vote_study(EnsembleSettings(study=study.url, add_member=(url,)))
    with pytest.raises(StudyError, match=r"needs every member's model, and .*theirs\.npz was added without one"):
        export_result(result, str(tmp_path / "exported"))


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--distil",), "--distil must be used with --export FOLDER, got alone"),
        (("--export", ""), "--export must be a folder, got nothing"),
        (("--submit", "https://kaggle.com/c/digit"), "--submit must be a competition's name as in its address"),
    ],
)
def test_options_after_the_vote_are_checked_before_it(
    study: StudyMaker, command: Command, words: tuple[str, ...], line: str
) -> None:
    study.add_trial(0, A)
    code, out, err = command(study.url, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err

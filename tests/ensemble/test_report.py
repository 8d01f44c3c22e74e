import dataclasses
import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from ensemble.report import print_vote
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.conftest import DATA, TEST_A, TEST_B, A, B, StudyMaker


def printed(study: StudyMaker, **settings: int) -> list[str]:
    screen = io.StringIO()
    result = vote_study(EnsembleSettings(study=study.url, **settings))  # type: ignore[arg-type]
    print_vote(result, Console(file=screen, width=120))
    return screen.getvalue().splitlines()


def test_report_shows_members_best_trial_and_vote(study: StudyMaker) -> None:
    study.add_trial(0, A, TEST_A)
    study.add_trial(1, B, TEST_B, state="pruned")
    text = "\n".join(printed(study, top_k=2))
    assert "2 trials (1 complete, 1 pruned), 2 vote" in text
    for words in ("t000001 (pruned)", "t000000", "as the notebook", "best single trial", "mean of 2 members' softmax"):
        assert words in text
    for number in ("0.64598", "0.69049", "0.60904", "0.6667", "1.0000", "0.500"):
        assert number in text


def test_report_calls_the_scores_what_they_are(study: StudyMaker) -> None:
    study.add_trial(0, A)
    lines = printed(study, top_k=1)
    assert sum("scored on the rows that chose the members: optimistic" in line for line in lines) == 2
    assert (
        "vote 0.6667 (log-loss 0.69049), best member 0.6667 (log-loss 0.69049): "
        "scored on the rows that chose the members: optimistic" in lines
    )
    assert "one standard error of the vote's accuracy on 3 rows is 0.2722" in lines


def test_report_ends_with_the_true_accuracy_where_it_is_known(tmp_path: Path) -> None:
    study = StudyMaker(str(tmp_path / "made"), dataclasses.replace(DATA, test_labels=np.array([1, 0])))
    study.add_trial(0, A, TEST_B)
    screen = io.StringIO()
    vote = vote_study(EnsembleSettings(study=study.url, top_k=1))
    print_vote(vote, Console(file=screen, width=120), written=["wrote a page"])
    assert screen.getvalue().splitlines()[-2:] == ["wrote a page", "test accuracy 0.5000 (2 rows set aside)"]


def test_report_says_no_test_accuracy_where_it_is_unknown(study: StudyMaker) -> None:
    study.add_trial(0, A)
    lines = printed(study, top_k=1)
    assert not any("test accuracy" in line for line in lines)
    assert lines[-1] == f"wrote {study.url}/ensemble/members.csv and {study.url}/ensemble/ensemble.json"


def test_report_prints_long_paths_with_brackets_as_they_are(tmp_path: Path) -> None:
    study = StudyMaker(str(tmp_path / ("[bold]" + "long-" * 30)))
    study.add_trial(0, A)
    assert f"wrote {study.url}/ensemble/submission.csv (2 rows, read again and checked)" in printed(study, top_k=1)


def test_report_prints_warnings_to_stderr(study: StudyMaker, capsys: pytest.CaptureFixture[str]) -> None:
    study.add_trial(0, A)
    printed(study, top_k=9)
    assert capsys.readouterr().err == "warning: --top-k 9 asks for more trials than can vote: taking all 1\n"


def test_report_in_short_is_the_census_the_scores_and_what_was_written(study: StudyMaker) -> None:
    study.add_trial(0, A, TEST_A)
    screen = io.StringIO()
    print_vote(vote_study(EnsembleSettings(study=study.url)), Console(file=screen, width=120), in_short=True)
    assert [line.removeprefix(f"{study.url}: ")[:5] for line in screen.getvalue().splitlines()] == [
        "1 tri",
        "vote ",
        "wrote",
        "wrote",
    ]

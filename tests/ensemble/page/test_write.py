"""report.html of studies of all kinds: that it is whole, and says what ensemble.json says."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.html.words import count
from core.store import files
from core.store.predictions import write_predictions
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.committees import CommitteeMaker
from tests.ensemble.conftest import A, B, Command, StudyMaker, tear
from tests.ensemble.page.made import HOSTILE, NUM_TEST, NUM_TRAIN, make_study, page_of, voted
from tests.ensemble.votes import drawn

SECTIONS = [
    "result", "members", "number", "mistakes", "confusions", "disputed", "agreement", "reliability", "data", "samples",
]  # fmt: skip


def test_page_says_the_numbers_of_ensemble_json(tmp_path: Path) -> None:
    result = voted(make_study(tmp_path / "made"), method="auto")
    page, told = page_of(result), json.loads(files.read_bytes(result.ensemble_json))
    assert page.sections == SECTIONS
    part, vote = told["honest"]["parts"][0], told["vote"]
    rows = {row[0].partition(" (")[0]: row for row in page.table("Scores")}
    low, high = (f"{100 * end:.3f}" for end in part["vote"]["accuracy_interval"])
    assert rows["vote, honest"][2:6] == [
        "40", f"{part['vote']['num_errors']:g}", f"{part['vote']['accuracy']:.3%}".replace("%", " %"),
        f"{low} to {high} %",
    ]  # fmt: skip
    assert rows["vote, honest"][6] == f"{part['vote']['log_loss']:.5f}"
    assert rows["best single member, honest"][6] == f"{part['best_single']['log_loss']:.5f}"
    assert rows["vote, optimistic"][3] == str(vote["num_errors"])
    assert rows["vote, optimistic"][6] == f"{vote['log_loss']:.5f}"
    assert part["comparison"]["words"] in page.words
    for member, row in zip(told["members"], page.table("Members")[::2], strict=True):
        assert row[:3] == [member["member_id"], f"{member['weight']:.3f}", f"{member['scores']['log_loss']:.5f}"]
        assert row[4] == str(member["scores"]["num_errors"])
        if member["reason"]["errors_lost"] is not None:
            assert row[6] == f"{member['reason']['errors_lost']:+d}"
    calibration = told["honest"]["calibration"]
    assert f"{calibration['fitted']:.3f}" in page.words
    assert f"{calibration['before']['expected_calibration_error']:.4f}" in page.words
    assert [row[2] for row in page.table("Before")] == [str(one["num_rows"]) for one in calibration["before"]["bins"]]
    assert f"{vote['num_errors']} of 40 holdout rows" in page.words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "This vote of 3 members makes"),
        ({"num_members": 1}, "This vote, of one member alone, makes"),
        ({"num_test": 0}, "The data set has no test rows."),
        ({"num_classes": 100}, "classes of the most frequent confusions, with "),
        ({"shape": (28, 28, 3)}, "mean of all its labelled images"),
        ({"shape": (90, 70, 3)}, "mean of all its labelled images"),
        ({"right": True}, "Nothing: the vote has every one of the 40 holdout rows right."),
        ({"ids": [f"img/{n}.png" for n in range(NUM_TEST)]}, "test id img/0.png"),
    ],
)
def test_page_is_whole_for_any_study(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    study = make_study(tmp_path / "made", **changes)
    page = page_of(voted(study, top_k=changes.get("num_members", 3), method="auto"))
    assert page.sections == SECTIONS
    assert words in page.words
    assert "not distinguishable" in page.words
    assert any("mean image of class " in alt for alt in page.alts)
    assert len(page.html) < 3_000_000, "plotly has 4.8 MB of the 8"
    assert all(page.figures)
    index = files.read_bytes(study.folder.index_page).decode()
    assert 'href="ensemble/report.html"' in index


def test_whatever_a_class_is_called_is_text(tmp_path: Path) -> None:
    page = page_of(voted(make_study(tmp_path / "made", names=[HOSTILE, "a & b <b>", "c"])))
    assert "<script>alert" not in page.html
    assert "a & b <b>" in page.words
    assert "a &amp;amp; b &amp;lt;b&amp;gt;" not in page.words
    assert "\\u0026lt;b\\u0026gt;" in page.html, "a figure's label is no markup either"


def test_gallery_shows_the_surest_errors_first_with_all_opinions(tmp_path: Path) -> None:
    result = voted(make_study(tmp_path / "made"), top_k=3)
    wrong = np.flatnonzero(result.softmax.argmax(axis=1) != result.rows.labels)
    ranked = wrong[np.argsort(-result.softmax[wrong].max(axis=1), kind="stable")]
    page = page_of(result)
    shown = [alt for alt in page.alts if alt.startswith("row ")]
    assert [int(alt.split()[1].strip(":")) for alt in shown] == result.rows.numbers[ranked].tolist()
    assert page.html.count('aria-label="each member&#39;s class of row ') == len(wrong)


def test_many_errors_are_bounded_and_the_rest_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ensemble.page.mistakes.MOST_SHOWN", 2)
    result = voted(make_study(tmp_path / "made", num_classes=20))
    num_more = result.vote.num_errors - 2
    assert num_more > 0
    page = page_of(result)
    assert f"the first 2 are shown, {num_more} more are less sure." in page.words
    assert sum(alt.startswith("row ") for alt in page.alts) == 2


@pytest.mark.parametrize("how", ["missing", "torn", "of other rows"])
def test_page_without_images_says_so_and_has_all_else(tmp_path: Path, how: str) -> None:
    study = make_study(tmp_path / "made")
    if how == "missing":
        files.remove(study.folder.images)
    elif how == "torn":
        tear(study.folder.images, 500)
    else:
        files.write_npz(study.folder.images, {"x_train": np.zeros((1, 8, 8, 1), np.uint8)})
    page = page_of(voted(study))
    assert page.sections == SECTIONS
    assert "No pictures: " in page.words
    assert page.alts == []
    assert page.html.count('aria-label="the vote&#39;s softmax of ') > 0


def test_page_of_too_few_rows_calls_its_score_optimistic(study: StudyMaker) -> None:
    study.add_trial(0, A)
    study.add_trial(1, B)
    page = page_of(voted(study, top_k=2))
    assert "makes 0 errors on the 3 holdout rows that chose it (100.000 % right): optimistic, and too few" in page.words
    assert "Too few rows for an honest vote" in page.words


def test_page_of_a_committee_is_of_out_of_fold_rows_and_views(tmp_path: Path) -> None:
    study = make_study(tmp_path / "made")
    folds = np.array_split(np.arange(NUM_TRAIN), 3)
    softmax, _ = drawn(4, NUM_TRAIN + NUM_TEST, num_classes=3, seed=1)
    maker = CommitteeMaker(study, 0, 1, folds=folds, views=9)
    for number in range(2):
        one = softmax[number]
        maker.add(
            number,
            one[:NUM_TRAIN],
            [one[NUM_TRAIN:]] * 3,
            more=one[:NUM_TRAIN] ** 2 / (one[:NUM_TRAIN] ** 2).sum(axis=1, keepdims=True),
        )
    page = page_of(voted(study, top_k=2))
    assert "of 60 out-of-fold rows" in page.words
    assert "errors on 20 rows outside the search's holdout (" in page.words
    assert {row[1] for row in page.table("Scores")} >= {"all rows", "rows outside the search's holdout"}
    assert len(page.table("The mean of the best few")) == 2, "a configuration counts once, whatever its views"


def test_page_of_two_studies_lies_with_their_vote(tmp_path: Path) -> None:
    first, second = make_study(tmp_path / "first"), make_study(tmp_path / "second")
    softmax, _ = drawn(1, NUM_TRAIN + NUM_TEST, num_classes=3, seed=9)
    second.add_trial(7, softmax[0, 20:NUM_TRAIN], softmax[0, NUM_TRAIN:])
    result = voted(first, other_studies=(second.url,), top_k=4)
    assert result.report_html == f"{first.url}/ensemble-first+second/report.html"
    page = page_of(result)
    assert "first + second: the vote" in page.words
    assert any(row[0].startswith("second/t000007") for row in page.table("Members"))
    assert not files.exists(first.folder.index_page)
    assert "index.html" not in page.html


def test_page_names_an_added_member_without_a_configuration(tmp_path: Path) -> None:
    study = make_study(tmp_path / "made")
    softmax, _ = drawn(1, NUM_TRAIN + NUM_TEST, num_classes=3, seed=9)
    url = str(tmp_path / "theirs.npz")
    write_predictions(url, study.predictions("theirs", softmax[0, 20:NUM_TRAIN], softmax[0, NUM_TRAIN:]))
    rows = page_of(voted(study, top_k=1, add_member=(url,))).table("Members")
    assert [below for row, below in zip(rows[::2], rows[1::2], strict=True) if row[0] == f"{url} (added)"] == [
        ["unknown"]
    ]


def test_one_member_alone_has_no_columns_of_what_a_vote_would_lose(tmp_path: Path) -> None:
    page = page_of(voted(make_study(tmp_path / "made"), top_k=1))
    assert len(page.table("Members")[0]) == 5
    assert "log-loss lost" not in page.words
    assert "“Lost”" not in page.words


def test_first_sentence_is_of_votes_chosen_anew_and_the_next_of_this_one(tmp_path: Path) -> None:
    result = voted(make_study(tmp_path / "made"), method="auto", num_repeats=2)
    told = json.loads(files.read_bytes(result.ensemble_json))
    part, vote = told["honest"]["parts"][0], told["vote"]
    low, high = (f"{100 * end:.3f}" for end in part["vote"]["accuracy_interval"])
    lead = page_of(result).words.partition("Chosen anew")[2].partition("optimistic.")[0]
    assert lead.startswith(
        f" on other rows each time, such a vote makes {count(part['vote']['num_errors'])} errors on 40 holdout rows "
        f"({part['vote']['accuracy']:.3%}".replace("%", " %")
        + f" right, 95 % interval {low} to {high} %): "
    )
    difference = round(part["comparison"]["errors"], 1)
    amount = "as many as" if difference == 0 else f"{abs(difference):g} {'fewer' if difference < 0 else 'more'} than"
    assert f"): {amount} the best single member chosen the same way" in lead
    assert f"makes {vote['num_errors']} errors on the 40 holdout rows that chose it: " in lead


def test_a_page_that_cannot_be_made_costs_a_warning_alone(tmp_path: Path) -> None:
    study = make_study(tmp_path / "made")
    Path(study.folder.vote_page).mkdir(parents=True)
    result = voted(study)
    assert result.report_html is None
    assert len(result.warnings) == 1
    assert "report.html is not written, all else is: " in result.warnings[0]
    assert files.exists(f"{study.folder.ensemble}/submission.csv")


def test_a_vote_without_a_page_leaves_no_older_one(tmp_path: Path) -> None:
    study = make_study(tmp_path / "made")
    assert voted(study, top_k=1).report_html == study.folder.vote_page
    vote_study(EnsembleSettings(study=study.url, top_k=2, num_repeats=1))
    assert not files.exists(study.folder.vote_page)


def test_a_fault_of_ours_costs_a_warning_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(evidence: object) -> None:
        raise KeyError("a section")

    monkeypatch.setattr("ensemble.page.write.SECTIONS", (fail,))
    result = voted(make_study(tmp_path / "made"))
    assert result.warnings[0].endswith("all else is: KeyError: 'a section'")


def test_command_says_where_the_page_is_and_the_vote_alone_writes_none(tmp_path: Path, command: Command) -> None:
    study = make_study(tmp_path / "made")
    vote_study(EnsembleSettings(study=study.url, method="mean", num_repeats=1))
    assert not files.exists(study.folder.vote_page)
    out = str(tmp_path / "elsewhere")
    code, printed, err = command(study.url, "--method", "mean", "--num-repeats", "1", "--out", out)
    assert (code, err) == (0, "")
    assert f"wrote {out}/report.html" in printed.splitlines()
    assert not files.exists(study.folder.vote_page)
    assert not files.exists(study.folder.index_page)

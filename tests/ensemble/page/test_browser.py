"""report.html in a real browser, at the widths of a laptop and of a phone."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.store import files
from core.store.study import StudyFolder
from ensemble.result import VoteResult
from tests.chromium import WIDTHS
from tests.ensemble.committees import CommitteeMaker
from tests.ensemble.page.made import HOSTILE, NUM_TEST, NUM_TRAIN, make_study, voted
from tests.ensemble.votes import drawn

REPOSITORY = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.browser

KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "one member, no test rows": {"num_members": 1, "num_test": 0},
    "colours, hostile names": {
        "shape": (90, 70, 3),
        "names": [HOSTILE, "a & b <b>bold</b>", "sandal, open at the toe"],
    },
    "a hundred classes, many members": {"num_classes": 100, "num_members": 30},
    "no errors": {"right": True},
}


def url_of(result: VoteResult) -> str:
    assert result.report_html is not None, result.warnings
    return Path(result.report_html).as_uri()


@pytest.mark.parametrize("kind", KINDS)
def test_page_is_drawn_whole_on_any_screen(browser, tmp_path, kind):
    changes = KINDS[kind]
    result = voted(make_study(tmp_path / "made", **changes), top_k=changes.get("num_members", 3))
    for width in WIDTHS:
        with browser.open(url_of(result), width=width, dark=width == WIDTHS[1]) as opened:
            opened.require_sound_page(least_figures=4 if "one" in kind else 8)
            assert "alert" not in opened.page.title()
            if "hostile" in kind:
                assert HOSTILE[:13] in opened.page.locator("#confusions svg").first.text_content()


def test_page_without_pictures_is_drawn_whole(browser, tmp_path):
    study = make_study(tmp_path / "made")
    files.remove(study.folder.images)
    with browser.open(url_of(voted(study, top_k=3)), width=WIDTHS[1]) as opened:
        opened.require_sound_page(least_figures=9)
        assert opened.page.locator("img").count() == 0


def test_page_of_a_committee_is_drawn_whole(browser, tmp_path):
    study = make_study(tmp_path / "made", num_members=2)
    softmax, _ = drawn(2, NUM_TRAIN + NUM_TEST, num_classes=3, seed=1)
    maker = CommitteeMaker(study, 0, 1, folds=np.array_split(np.arange(NUM_TRAIN), 3))
    for number, one in enumerate(softmax):
        maker.add(number, one[:NUM_TRAIN], [one[NUM_TRAIN:]] * 3)
    with browser.open(url_of(voted(study, top_k=2))) as opened:
        opened.require_sound_page(least_figures=9)


def test_page_of_real_digits_is_drawn_whole_and_linked_with_the_index(browser, tmp_path):
    train = [sys.executable, "-m", "core", "--epochs", "2", "--study", "real", "--runs", str(tmp_path)]
    subprocess.run(train, check=True, cwd=REPOSITORY, capture_output=True)
    result = voted(StudyFolder(str(tmp_path / "real")))
    for width in WIDTHS:
        with browser.open(url_of(result), width=width) as opened:
            opened.require_sound_page(least_figures=4)
            words = opened.page.locator("body").inner_text()
            assert f"{result.vote.num_errors} of {result.vote.num_rows} holdout rows" in words
    with browser.open(url_of(result)) as opened:
        opened.page.get_by_text("All pages of this study").click()
        opened.page.wait_for_url("**/index.html")
        opened.page.get_by_text("The vote").click()
        opened.page.wait_for_url("**/ensemble/report.html")

"""model.html of a real training in a real browser."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.page.write import write_model_page
from core.run import CoreSettings, train_study
from core.store.study import StudyFolder
from tests.chromium import WIDTHS
from tests.core.page.making import make_study

pytestmark = pytest.mark.browser

SHOWN_MAPS = "[...document.querySelectorAll('.choice > div:not([hidden]) .tiles img')].map((image) => image.src).join()"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> StudyFolder:
    """Train with and without augmentation; the page of the latter has both."""
    fields: dict[str, Any] = {"runs": str(tmp_path_factory.mktemp("runs")), "epochs": 3, "precision": "float32"}
    for study, augment in (("with", True), ("without", False)):
        console = Console(file=io.StringIO(), width=120)
        result = train_study(CoreSettings(study=study, augment=augment, **fields), console)
    return result.folder


def url_of(folder: StudyFolder) -> str:
    return Path(folder.model_page).resolve().as_uri()


@pytest.mark.parametrize(("width", "dark"), [(WIDTHS[0], False), (WIDTHS[1], True)])
def test_the_page_of_a_training_is_drawn_whole(browser, trained, width, dark):
    with browser.open(url_of(trained), width=width, dark=dark) as opened:
        opened.require_sound_page(least_figures=5)


def test_the_pages_numbers_are_the_records(browser, trained):
    record = json.loads(Path(trained.trial("t000000").record).read_text())
    best = min(record["epochs"], key=lambda epoch: epoch["log_loss"])
    with browser.open(url_of(trained)) as opened:
        opened.require_sound_page(least_figures=5)
        words = opened.page.inner_text("body")
        num_wrong = round((1 - best["accuracy"]) * 288)
        assert f"{num_wrong} errors of 288 holdout rows after epoch {best['epoch']} of 3" in words
        assert f"{best['accuracy']:.4f}" in words
        assert f"{best['log_loss']:.5f}" in words
        assert "than with (with augmentation)" in words
        opened.page.click("text=Every epoch's numbers")
        rows = opened.page.locator("#curves tbody tr").all_inner_texts()
        assert [row.split("\t")[3] for row in rows] == [f"{epoch['log_loss']:.5f}" for epoch in record["epochs"]]


def test_another_image_is_chosen_by_keyboard(browser, trained):
    with browser.open(url_of(trained)) as opened:
        opened.require_sound_page(least_figures=5)
        page = opened.page
        assert page.locator(".choice > div:visible").count() == 1
        before = page.evaluate(SHOWN_MAPS)
        page.focus("#activation")
        page.keyboard.press("ArrowDown")
        assert page.locator(".choice > div:visible").get_attribute("aria-label").startswith("1 (row ")
        after = page.evaluate(SHOWN_MAPS)
        assert before != after
        page.keyboard.press("End")
        assert page.locator(".choice > div:visible").get_attribute("aria-label").startswith("surest error: ")
        assert page.evaluate(SHOWN_MAPS) not in (before, after)


@pytest.mark.parametrize(
    "facts",
    [
        {"num_classes": 3, "image_shape": (32, 32, 3), "wrong": (), "num_epochs": 1},
        {"num_classes": 50, "class_names": [f"a long name, the {number}th" for number in range(50)]},
        {"class_names": ["<b>", "$x$", "'\"&"], "image_shape": (4, 4, 1), "num_epochs": 60},
    ],
)
def test_pages_of_any_data_are_sound_on_a_phone(browser, tmp_path, facts):
    folder = make_study(tmp_path, **facts)
    write_model_page(folder, "t000000")
    with browser.open(url_of(folder), width=390) as opened:
        opened.require_sound_page(least_figures=3)
        assert "was not kept" in opened.page.inner_text("#activations")
        ticks = opened.page.locator("#confusions .ytick text").all_text_contents()
        assert ticks[0].startswith(facts.get("class_names", ["0"])[0][:6])

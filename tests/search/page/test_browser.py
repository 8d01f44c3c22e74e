"""search.html in a real browser: every figure drawn, and the numbers of the records on it."""

import dataclasses

import pytest

from core.store.committee import CommitteeFolder, training_id_of, training_number
from core.store.records import write_record
from search.page.page import write_search_page
from search.page.records import read_search
from tests.chromium import WIDTHS, chromium

from .making import folder_at, make_record, make_search, write_search

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A study of every kind of trial, with a committee."""
    made = write_search(folder_at(tmp_path_factory.mktemp("study")), make_search(60))
    for fold in range(3):
        training_id = training_id_of("t000000", fold, 0)
        training = dataclasses.replace(
            make_record(0, (0.3, 0.1), started=1_700_000_100.0), trial_id=training_id,
            number=training_number("t000000", fold, 0),
        )  # fmt: skip
        write_record(CommitteeFolder(made.url).trial(training_id).record, training)
    write_search_page(made)
    return made


@pytest.mark.parametrize("width", WIDTHS)
def test_page_is_drawn_whole_and_says_the_numbers_of_the_records(browser, folder, width):
    with browser.open(f"file://{folder.search_page}", width=width) as opened:
        opened.require_sound_page(least_figures=12)
        record = read_search(folder).ranked[0]
        assert record.best is not None
        log_loss, accuracy = f"{record.best.log_loss:.4f}", f"{record.best.accuracy:.4f}"
        lead = opened.page.inner_text(".lead")
        assert f"{record.trial_id}: log-loss {log_loss} and accuracy {accuracy}" in lead
        first = opened.page.inner_text("#top tbody tr >> nth=0")
        assert first.split()[:3] == [record.trial_id, log_loss, accuracy]
        marks = opened.page.locator("#best .chart >> nth=0").locator(".scatterlayer .points path").count()
        assert marks == sum(each.has_ended for each in read_search(folder).trials)
        bars = opened.page.locator("#time .chart .barlayer .point path").count()
        assert bars == 63, "all trials, and the committee's three trainings"


def test_index_links_the_page(browser, folder):
    with browser.open(f"file://{folder.index_page}") as opened:
        opened.page.click("a[href='search.html']")
        opened.page.wait_for_selector("html[data-drawn=yes]")
        assert opened.page.title() == "first: how the search went"
        opened.page.click("a[href='index.html']")
        assert not opened.problems


def test_page_of_one_trial_or_of_failures_alone_is_sound(browser, tmp_path):
    for name, records in {"one": make_search(1), "failed": [make_record(0, (), state="failed", error="no")]}.items():
        made = write_search(folder_at(tmp_path / name), records)
        write_search_page(made)
        with browser.open(f"file://{made.search_page}", width=390, dark=True) as opened:
            opened.require_sound_page(least_figures=1)


def test_page_of_hundreds_of_trials_is_sound(browser, tmp_path):
    made = write_search(folder_at(tmp_path), make_search(450))
    write_search_page(made)
    with browser.open(f"file://{made.search_page}") as opened:
        opened.require_sound_page(least_figures=10)

"""search.html in a real browser: every figure drawn, and the numbers of the records on it."""

import dataclasses
import re

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from core.store.committee import CommitteeFolder, training_id_of, training_number
from core.store.records import write_record
from search.page.page import write_search_page
from search.page.records import read_search
from tests.chromium import WIDTHS

from .making import drawn_params, folder_at, make_record, make_search, write_search

pytestmark = pytest.mark.browser


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
    kinds = {
        "one": [make_record(0, (0.3,), **drawn_params(0))],
        "alike": [make_record(number, (0.0153276,) * 2, **drawn_params(number)) for number in range(4)],
        "failed": [make_record(0, (), state="failed", error="no")],
    }
    for name, records in kinds.items():
        made = write_search(folder_at(tmp_path / name), records)
        write_search_page(made)
        with browser.open(f"file://{made.search_page}", width=390, dark=True) as opened:
            opened.require_sound_page(least_figures=1)
            for axis in ("#best", "#curves", "#slices") if name != "failed" else ():
                for plot in opened.page.locator(f"{axis} .chart").all():
                    heights = sorted(text.bounding_box()["y"] for text in plot.locator(".ytick text").all())
                    assert len(heights) >= 2, axis
                    assert min(np.diff(heights)) >= 10, f"{axis}: values beside each other {heights}"
                    texts = [] if axis == "#slices" else plot.locator(".xtick text").all_text_contents()
                    assert all(not text.startswith("\N{MINUS SIGN}") for text in texts), texts


def test_names_are_shown_letter_by_letter(browser, tmp_path):
    space = {
        "<b>x</b>": FloatDistribution(0.0, 1.0),
        "$y$ &lt;": CategoricalDistribution(("<i>a</i>", "$b$", "&amp;")),
        "2": FloatDistribution(0.0, 1.0),
    }
    records = [
        make_record(number, (0.3, 0.1 + number / 100), node="<b>here", **drawn_params(number, space))
        for number in range(12)
    ]
    made = write_search(folder_at(tmp_path), records, name="<b>study $z$")
    write_search_page(made)
    with browser.open(f"file://{made.search_page}") as opened:
        opened.require_sound_page(least_figures=6)
        assert opened.page.title().startswith("<b>study $z$: ")
        names = set(opened.page.locator("#importance .ytick text").all_text_contents())
        assert names == set(space)
        assert names == set(opened.page.locator("#parallel .xtick text").all_text_contents())
        choices = {"<i>a</i>", "$b$", "&amp;"}
        assert choices <= set(opened.page.locator("#slices .xtick text").all_text_contents())
        assert choices <= set(opened.page.locator("#parallel .annotation-text").all_text_contents())
        assert opened.page.locator("#time .ytick text").first.text_content().startswith("<b>here · ")


def test_line_of_chance_is_seen_within_its_bar(browser, folder):
    with browser.open(f"file://{folder.search_page}") as opened:
        page = opened.page
        plot = page.locator("#importance .chart").first
        line, bar = (plot.locator(mark).first for mark in (".scatterlayer .points path", ".barlayer .point path"))
        for theme in ("light", "dark"):
            page.wait_for_selector(f"html[data-theme={theme}][data-drawn=yes]")
            fill, opacity = bar.evaluate("(one) => [getComputedStyle(one).fill, getComputedStyle(one).opacity]")
            back = page.evaluate("getComputedStyle(document.body).backgroundColor")
            seen = [_mixed(*pair, float(opacity)) for pair in zip(_rgb(fill), _rgb(back), strict=True)]
            assert _contrast(_rgb(line.evaluate("(one) => getComputedStyle(one).stroke")), seen) > 3
            assert line.bounding_box()["height"] > bar.bounding_box()["height"]
            page.click("#theme")


def test_page_of_hundreds_of_trials_is_sound(browser, tmp_path):
    made = write_search(folder_at(tmp_path), make_search(450))
    write_search_page(made)
    with browser.open(f"file://{made.search_page}") as opened:
        opened.require_sound_page(least_figures=10)


def _rgb(text):
    return [float(part) for part in re.findall(r"[\d.]+", text)[:3]]


def _mixed(above, below, opacity):
    return opacity * above + (1 - opacity) * below


def _contrast(one, other):
    """Return the ratio of two colours' luminance, as the WCAG define it."""
    low, high = sorted(_luminance(colour) for colour in (one, other))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour):
    linear = [part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

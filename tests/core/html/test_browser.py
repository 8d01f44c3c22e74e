"""A page of ours in a real browser."""

import numpy as np
import plotly.graph_objects as go
import pytest

from core.html.blocks import bars, facts, prose, row, table
from core.html.figure import BLUE, figure
from core.html.images import gallery, picture
from core.html.page import Section, render_page
from tests.chromium import WIDTHS

pytestmark = pytest.mark.browser

THEME = "document.documentElement.dataset.theme"


@pytest.fixture(scope="module")
def page_url(tmp_path_factory):
    lines = go.Figure(go.Scatter(x=[1, 2, 3], y=[3, 1, 2], line={"color": BLUE}))
    heat = go.Figure(go.Heatmap(z=np.eye(3)))
    wide = go.Figure(go.Bar(x=list("abc"), y=[1, 2, 3]))
    body = row(
        figure(lines, alt="a line"),
        figure(heat, alt="a diagonal"),
        figure(wide, alt="three bars", least_width=600),
        table(["name"] * 12, [[0.123456789] * 12], caption="many columns", notes=["word " * 60]),
        facts([("errors", 3), ("rows", "8,400")]),
        bars([("7", 0.9, "right"), ("1", 0.1, "wrong")], label="softmax"),
        gallery([picture(np.eye(8, dtype=np.uint8) * 255, alt="a diagonal")] * 5, label="images"),
        prose("x" * 300),
    )
    sections = [Section(anchor=name, title=name, body=body) for name in ("one", "two")]
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_bytes(render_page(title="A page", lead="It is drawn.", sections=sections, made_from=["a test"]))
    return path.as_uri()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True])
def test_page_is_drawn_whole_on_any_screen(browser, page_url, width, dark):
    with browser.open(page_url, width=width, dark=dark) as opened:
        opened.require_sound_page(least_figures=6)
        assert opened.page.evaluate(THEME) == ("dark" if dark else "light")


def test_button_says_what_it_does_changes_the_theme_and_figures_with_it(browser, page_url):
    with browser.open(page_url) as opened:
        opened.require_sound_page(least_figures=6)
        assert opened.page.inner_text("#theme") == "Dark theme"
        colour = "getComputedStyle(document.querySelector('.chart .js-line')).stroke"
        light = opened.page.evaluate(colour)
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector("html[data-theme=dark][data-drawn=yes]")
        assert opened.page.evaluate(colour) != light
        assert opened.page.inner_text("#theme") == "Light theme"
        opened.page.reload()
        assert opened.page.evaluate(THEME) == "dark", "the choice is kept"
        opened.page.click("#theme")
        opened.page.reload()
        assert opened.page.evaluate(THEME) == "light"
        assert not opened.problems


def test_button_works_where_nothing_may_be_kept(browser, page_url):
    with browser.open(page_url, dark=True) as opened:
        opened.page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error(); } })")
        opened.page.reload()
        opened.page.click("#theme")
        assert opened.page.evaluate(THEME) == "light"
        assert not opened.problems


def test_long_notes_are_as_wide_as_the_screen_within_wide_tables(browser, page_url):
    for width in WIDTHS:
        with browser.open(page_url, width=width) as opened:
            box = opened.page.locator(".note div").first.bounding_box()
            assert 300 <= box["width"] <= width - 20
            assert box["height"] <= 150


def test_dead_link_is_noticed(browser, tmp_path):
    for name, links in {"sound": ["dead.html"], "dead": ["sound.html", "gone.html"]}.items():
        pages = [(link, link) for link in links]
        section = Section(anchor="one", title="One", body=prose("text"))
        page = render_page(title=name, lead="", sections=[section], links=pages)
        (tmp_path / f"{name}.html").write_bytes(page)
    with browser.open((tmp_path / "sound.html").as_uri()) as opened:
        opened.require_sound_page(least_figures=0)
    with (
        browser.open((tmp_path / "dead.html").as_uri()) as opened,
        pytest.raises(AssertionError, match=r"not there: \['gone.html'\]"),
    ):
        opened.require_sound_page(least_figures=0)

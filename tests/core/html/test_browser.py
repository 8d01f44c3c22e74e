"""A page of ours in a real browser."""

import numpy as np
import plotly.graph_objects as go
import pytest

from core.html.blocks import bars, facts, prose, row, table
from core.html.figure import BLUE, figure
from core.html.images import gallery, picture
from core.html.page import Section, render_page
from tests.chromium import WIDTHS, chromium

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def page_url(tmp_path_factory):
    lines = go.Figure(go.Scatter(x=[1, 2, 3], y=[3, 1, 2], line={"color": BLUE}))
    heat = go.Figure(go.Heatmap(z=np.eye(3)))
    wide = go.Figure(go.Bar(x=list("abc"), y=[1, 2, 3]))
    body = row(
        figure(lines, alt="a line"),
        figure(heat, alt="a diagonal"),
        figure(wide, alt="three bars", least_width=600),
        table(["name"] * 12, [[0.123456789] * 12], caption="many columns"),
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
        assert opened.page.evaluate("document.documentElement.dataset.theme") == ("dark" if dark else "light")


def test_button_changes_the_theme_and_figures_with_it(browser, page_url):
    with browser.open(page_url) as opened:
        opened.require_sound_page(least_figures=6)
        colour = "getComputedStyle(document.querySelector('.chart .js-line')).stroke"
        light = opened.page.evaluate(colour)
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press("Tab")
        opened.page.keyboard.press("Enter")
        opened.page.wait_for_selector("html[data-theme=dark][data-drawn=yes]")
        assert opened.page.evaluate(colour) != light
        assert not opened.problems

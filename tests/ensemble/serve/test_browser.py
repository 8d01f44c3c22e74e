"""The page to draw on in a real browser, over real models of real digits."""

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.ensemble.serve.handwriting import DIGITS, strokes_of
from tests.ensemble.serve.images import png
from tests.test_layers import ROOT

pytestmark = pytest.mark.browser

TRAIN = ("core", "--model", "fast", "--epochs", "30", "--study", "digits")
"""A study of one trial on scikit-learn's digits, in seconds."""


@contextlib.contextmanager
def command(*words: str, cache: Path) -> Iterator[subprocess.Popen[str]]:
    """Start a command of ours."""
    environment = {**os.environ, "SOFTVOTE_CACHE": str(cache)}
    with subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """Serve a study, and hold that Ctrl-C ends the server cleanly."""
    place = tmp_path_factory.mktemp("served")
    study = str(place / "runs" / "digits")
    for words in ((*TRAIN, "--runs", str(place / "runs")), ("ensemble", study)):
        with command(*words, cache=place / "cache") as process:
            out, _ = process.communicate(timeout=300)
        assert process.returncode == 0, out
    before = sorted(path for path in (place / "runs").rglob("*"))
    with command("ensemble", study, "--serve", "--port", "0", cache=place / "cache") as process:
        assert process.stdout is not None
        said = ""
        while "draw on" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        yield re.search(r"http://127\.0\.0\.1:\d+/", said)[0]  # type: ignore[index]
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        assert (process.returncode, rest) == (0, "stopped\n")
    assert "loaded 1 member in" in said
    assert sorted(path for path in (place / "runs").rglob("*")) == before


def draw(page, digit: str, *, scale: float = 1.0, shift: tuple[float, float] = (0.0, 0.0)) -> None:
    """Draw a digit with the mouse."""
    box = page.locator("#sheet").bounding_box()
    for stroke in strokes_of(digit, points=5):
        points = [((x * scale + shift[0]) * box["width"] + box["x"], (y * scale + shift[1]) * box["height"] + box["y"])
                  for x, y in stroke]  # fmt: skip
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def wait_for(page, selector: str) -> None:
    """Wait until something of this kind is there; the page's policy lets no words be evaluated for that."""
    page.wait_for_selector(selector, state="attached")


def answer_of(page) -> str:
    """Return what the page says once it has settled."""
    wait_for(page, "html[data-answered]")
    page.wait_for_timeout(150)
    wait_for(page, "html[data-answered]:not(.stale)")
    return page.inner_text("#answer")


def require_sound(opened, address: str) -> None:
    """Fail on a console error, a request to elsewhere, or a page that is wider than the screen."""
    assert not opened.problems, opened.problems
    assert all(url.startswith(address) for url in opened.requests), opened.requests
    page = opened.page
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_drawn_digits_are_classified(browser, address):
    with browser.open(address) as opened:
        page = opened.page
        said = {}
        for digit in DIGITS:
            draw(page, digit)
            said[digit] = answer_of(page)
            assert page.locator("#vote li").count() == 10
            assert page.locator("#member-0 li").count() == 10
            page.click("#clear")
            wait_for(page, "html:not([data-answered])")
        right = [digit for digit, answer in said.items() if digit == answer]
        assert len(right) >= 9, said  # one model of a thousand digits of 8x8 pixels may miss one
        draw(page, "0", scale=0.3, shift=(0.65, 0.05))
        assert answer_of(page) == "0"
        require_sound(opened, address)


def test_screen_reader_is_told_once_the_drawing_has_settled(browser, address):
    with browser.open(address) as opened:
        page = opened.page
        draw(page, "0")
        wait_for(page, "#live:not(:empty)")
        assert re.fullmatch(r"0, .* % sure; next is \d, .* % behind", page.inner_text("#live"))
        assert "seen as 0" in page.get_attribute("#seen", "alt")
        assert "8 x 8 pixels: scaled and centred" in page.inner_text("#how")


def test_undo_takes_back_a_stroke_and_clear_all(browser, address):
    with browser.open(address) as opened:
        page = opened.page
        draw(page, "1")
        answer_of(page)
        draw(page, "0")
        page.click("#undo")
        assert answer_of(page) == "1"
        page.click("#undo")
        wait_for(page, "html:not([data-answered])")
        assert page.inner_text("#words") == "Nothing is drawn yet."


def test_sheet_is_drawn_on_with_the_keyboard_alone(browser, address):
    with browser.open(address) as opened:
        page = opened.page
        reached = []
        for _ in range(6):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.id"))
        assert [name for name in reached if name] == ["theme", "sheet", "undo", "clear", "file"]
        page.focus("#sheet")
        for key, times in (("ArrowUp", 11), (" ", 1), ("ArrowDown", 22), (" ", 1)):
            for _ in range(times):
                page.keyboard.press(key)
        assert answer_of(page) == "1"
        page.keyboard.press("Delete")
        wait_for(page, "html:not([data-answered])")
        require_sound(opened, address)


def test_pictures_are_read_and_junk_gets_a_clear_message(browser, address):
    paper = Image.new("L", (240, 300), 230)
    for stroke in strokes_of("0"):
        ImageDraw.Draw(paper).line([(200 * x, 260 * y) for x, y in stroke], fill=40, width=20, joint="curve")
    with browser.open(address) as opened:
        page = opened.page
        page.set_input_files("#file", {"name": "zero.png", "mimeType": "image/png", "buffer": png(np.asarray(paper))})
        assert answer_of(page) == "0"
        page.set_input_files("#file", {"name": "junk.png", "mimeType": "image/png", "buffer": b"junk"})
        page.wait_for_selector("#error:not([hidden])")
        assert page.inner_text("#error") == "That file is no picture that can be read: PNG, JPEG, GIF, BMP or WebP."
        opened.problems = [problem for problem in opened.problems if "415" not in problem]  # the browser's own note
        draw(page, "0")
        assert answer_of(page) == "0"
        assert page.is_hidden("#error")
        require_sound(opened, address)


def test_finger_draws_on_a_phone_and_the_page_does_not_scroll(browser, address):
    with browser.open(address, width=390, height=800, dark=True) as opened:
        page = opened.page
        touch = page.context.new_cdp_session(page)
        box = page.locator("#sheet").bounding_box()
        before = page.evaluate("scrollY")
        for stroke in strokes_of("0", points=5):
            points = [{"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]} for x, y in stroke]
            touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points[:1]})
            for point in points[1:]:
                touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
            touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        assert answer_of(page) == "0"
        assert page.evaluate("scrollY") == before
        assert page.evaluate("getComputedStyle(document.getElementById('sheet')).touchAction") == "none"
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        require_sound(opened, address)

"""A real browser for tests marked `browser`: Debian's Chromium, driven by playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = (1280, 390)
"""Of a laptop and of a phone, CSS pixels."""


@contextmanager
def chromium() -> Iterator["Chromium"]:
    """Start the browser; pytest fails where there is none."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium")
    assert path is not None, "browser tests need chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        try:
            yield Chromium(browser)
        finally:
            browser.close()


class Chromium:
    """Opens pages and notes what goes wrong in them."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    @contextmanager
    def open(self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False) -> Iterator["Opened"]:
        """Open a page (a `file:` URL, or one of a server on this machine)."""
        scheme = "dark" if dark else "light"
        context = self._browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        page = context.new_page()
        opened = Opened(page)
        try:
            page.goto(url)
            yield opened
        finally:
            context.close()


class Opened:
    """One page with what went wrong in it."""

    def __init__(self, page: Any) -> None:
        """Listen from before the page is loaded."""
        self.page = page
        """Playwright's own page."""
        self.problems: list[str] = []
        """Console errors and warnings, uncaught errors, failed requests."""
        self.requests: list[str] = []
        """Every address that was asked for, but for data: and blob:."""
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.problems.append(f"uncaught: {error}"))
        page.on("requestfailed", lambda request: self.problems.append(f"failed: {request.url[:200]}"))
        page.on("request", lambda request: self._ask(request.url))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"{kind}: {text}")

    def _ask(self, url: str) -> None:
        if not url.startswith(("data:", "blob:")):
            self.requests.append(url)

    def require_sound_page(self, *, least_figures: int) -> None:
        """Fail unless a page of ours is drawn whole, in itself, and no wider than the screen."""
        page = self.page
        page.wait_for_selector("html[data-drawn=yes]", timeout=60_000)
        assert not self.problems, self.problems
        assert len(self.requests) == 1, f"a page asks for nothing but itself, got {self.requests}"
        empty = page.evaluate(EMPTY_FIGURES)
        assert empty == [], f"figures without a mark: {empty}"
        num = page.locator(".chart").count()
        assert num >= least_figures, f"{num} figures"
        excess = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert excess <= 0, f"the page is {excess} pixels wider than the screen: {page.evaluate(TOO_WIDE)}"
        unnamed = page.evaluate("[...document.querySelectorAll('img:not([alt]), .chart:not([aria-label])')].length")
        assert unnamed == 0, f"{unnamed} pictures without words"
        broken = page.evaluate("[...document.images].filter((image) => !image.complete || !image.naturalWidth).length")
        assert broken == 0, f"{broken} broken images"
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map((one) => one.id)")
        assert len(ids) == len(set(ids)), f"ids are given once, got {sorted(ids)}"
        lost = page.evaluate(LOST_ANCHORS)
        assert lost == [], f"links to nowhere: {lost}"
        dead = [link for link in page.evaluate(RELATIVE_LINKS) if not self._is_there(link)]
        assert dead == [], f"links to files that are not there: {dead}"

    def _is_there(self, link: str) -> bool:
        """True where a link, seen from the page, is a file."""
        target = urlsplit(urljoin(self.page.url, link))
        return target.scheme == "file" and Path(unquote(target.path)).is_file()


EMPTY_FIGURES = """() => [...document.querySelectorAll('.chart')].filter((plot) => {
  const marks = plot.querySelectorAll(
    '.mlayer path[d], .mlayer image, .mlayer rect, .mlayer text, .pielayer path[d]');
  const box = plot.getBoundingClientRect();
  return marks.length === 0 || box.width < 100 || box.height < 50;
}).map((plot) => plot.getAttribute('aria-label'))"""
TOO_WIDE = """() => [...document.querySelectorAll('body *')].filter((one) =>
  one.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !one.closest('.scroll'))
  .slice(0, 5).map((one) => one.tagName + '.' + one.className)"""
RELATIVE_LINKS = """() => [...document.querySelectorAll('a[href]')]
  .map((link) => link.getAttribute('href')).filter((href) => !/^(#|[a-z]+:)/i.test(href))"""
LOST_ANCHORS = """() => [...document.querySelectorAll('a[href^="#"]')]
  .map((link) => link.getAttribute('href').slice(1)).filter((name) => !document.getElementById(name))"""

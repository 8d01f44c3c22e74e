"""Made-up studies with images, for pages of all kinds, and what a page says, read back."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from core.store import files
from core.store.dataset import DataSummary, write_images
from core.store.study import StudyFolder
from ensemble.page.write import with_page
from ensemble.result import VoteResult
from ensemble.run import vote_study
from ensemble.settings import EnsembleSettings
from tests.ensemble.conftest import StudyMaker
from tests.ensemble.votes import drawn

NUM_TRAIN, NUM_TEST = 60, 9
HOSTILE = "<script>alert(1)</script>"


def make_study(
    folder: Path,
    *,
    num_members: int = 3,
    num_classes: int = 3,
    shape: tuple[int, ...] = (8, 8, 1),
    num_test: int = NUM_TEST,
    names: Sequence[str] | None = None,
    ids: Sequence[str] | None = None,
    right: bool = False,
    is_set_aside: bool = False,
    seed: int = 1,
) -> StudyMaker:
    """Write a study whose last 40 rows are held out.

    With `right` every member is right everywhere; with `is_set_aside` the test rows' classes are known.
    """
    softmax, labels = drawn(num_members, NUM_TRAIN + num_test, num_classes=num_classes, seed=seed, noise=1.5)
    if right:
        softmax = np.tile(np.eye(num_classes, dtype=np.float32)[labels] * 0.7 + 0.3 / num_classes, (num_members, 1, 1))
    data = DataSummary(
        fingerprint="pictured",
        split="split-of-pictured",
        labels=labels[:NUM_TRAIN].astype(np.int32),
        holdout_rows=np.arange(20, NUM_TRAIN),
        class_names=np.array(names or [str(number) for number in range(num_classes)]),
        test_labels=labels[NUM_TRAIN:].astype(np.int32) if is_set_aside else None,
        test_ids=np.array(ids or [str(number + 1) for number in range(num_test)], dtype=np.str_),
    )
    study = StudyMaker(str(folder), data)
    for number in range(num_members):
        study.add_trial(number, softmax[number, data.holdout_rows], softmax[number, NUM_TRAIN:])
    images = np.random.default_rng(0).integers(0, 256, (NUM_TRAIN + num_test, *shape), dtype=np.uint8)
    write_images(study.folder.images, images[:NUM_TRAIN], images[NUM_TRAIN:])
    return study


def voted(study: StudyMaker | StudyFolder, **settings: Any) -> VoteResult:
    """Let a study vote and write its page."""
    given: dict[str, Any] = {"num_repeats": 1, "method": "mean"} | settings
    return with_page(vote_study(EnsembleSettings(study=study.url, **given)))


def page_of(result: VoteResult) -> "ReadPage":
    """Return a vote's page as it was written."""
    assert result.report_html is not None, result.warnings
    return ReadPage(files.read_bytes(result.report_html).decode())


class ReadPage(HTMLParser):
    """What a page says: its words, tables, pictures and sections."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.html = text
        self.words = ""
        self.tables: dict[str, list[list[str]]] = {}
        """Rows of cells, heads first, by caption."""
        self.alts: list[str] = []
        self.figures: list[str] = []
        """Their words."""
        self.sections: list[str] = []
        self._open: list[str] = []
        self._caption = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._open.append(tag)
        if tag == "img":
            self.alts.append(given["alt"])
        if given.get("class") == "chart":
            self.figures.append(given["aria-label"])
        if tag == "section":
            self.sections.append(given["id"])
        if tag == "table":
            self._caption = ""
        if tag == "tr":
            self.tables.setdefault(self._caption, []).append([])
        if tag in ("td", "th"):
            self.tables[self._caption][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if {"script", "style"} & set(self._open):
            return
        self.words += data.replace("\N{NO-BREAK SPACE}", " ")
        if "caption" in self._open:
            self._caption += data
        if {"td", "th"} & set(self._open):
            self.tables[self._caption][-1][-1] += data.replace("\N{NO-BREAK SPACE}", " ")

    def table(self, start: str) -> list[list[str]]:
        """Return the rows of the table whose caption begins so, without its heads."""
        return next(rows for caption, rows in self.tables.items() if caption.startswith(start))[1:]

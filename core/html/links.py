"""Which pages a study has, and how they link each other."""

import posixpath
import re
from dataclasses import dataclass

from core.errors import StoredFileError
from core.html.page import navigation
from core.store import files
from core.store.study import StudyFolder

INDEX_WORDS = "All pages of this study"
NAVIGATION = re.compile(rb'<nav aria-label="Other pages">.*?</nav>', re.DOTALL)
"""As the template writes it; what a study says is escaped and cannot look like it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a study."""

    url: str
    address: str
    """From the study's folder."""
    words: str
    about: str
    """What is on it."""


def pages_of(folder: StudyFolder) -> list[Page]:
    """Return the pages that a study's folder has now, index.html left out.

    Raises:
        StudyError: the object store that it lies on cannot be read.
    """
    known = (
        (folder.search_page, "How the search went", "every trial, what mattered, where the time went"),
        (folder.vote_page, "The vote", "its members, how good it is, what it gets wrong"),
        (folder.model_page, "The model", "one training: curves, confusions, filters, activations"),
    )
    return [
        Page(url=url, address=url.removeprefix(folder.url).lstrip("/"), words=words, about=about)
        for url, words, about in known
        if files.exists(url)
    ]


def links_from(folder: StudyFolder, url: str) -> list[tuple[str, str]]:
    """Return address and words of the index and of the other pages that there are, as one of the pages links them."""
    return _links(folder, url, pages_of(folder))


def relink(folder: StudyFolder) -> None:
    """Write into each page links to all others that there are: those made later, and none that is gone.

    Raises:
        StudyError: a page cannot be read or written.
    """
    pages = pages_of(folder)
    for page in pages:
        try:
            before = files.read_bytes(page.url)
        except (FileNotFoundError, StoredFileError):  # gone since, or something else of that name
            continue
        links = navigation(_links(folder, page.url, pages)).encode()
        found = NAVIGATION.search(before)
        if found is not None and found[0] != links:
            files.write_bytes(page.url, before[: found.start()] + links + before[found.end() :])


def _links(folder: StudyFolder, url: str, pages: list[Page]) -> list[tuple[str, str]]:
    """Return what one page links."""
    here = posixpath.dirname(url.removeprefix(folder.url).lstrip("/"))
    others = [("index.html", INDEX_WORDS), *((page.address, page.words) for page in pages if page.url != url)]
    return [(posixpath.relpath(address, here or "."), words) for address, words in others]

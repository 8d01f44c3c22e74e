import re
from dataclasses import replace
from pathlib import Path

import pytest
from markupsafe import Markup

from core.errors import StoredFileError
from core.html.index import write_index
from core.html.links import links_from
from core.html.page import Section, render_page
from core.store import files
from core.store.manifest import Manifest, write_manifest
from core.store.study import StudyFolder
from tests.core.store.test_manifest import manifest as manifest_of_any_study


@pytest.fixture
def folder(tmp_path: Path) -> StudyFolder:
    made = StudyFolder(str(tmp_path / "first"))
    write_manifest(made.manifest, any_manifest())
    return made


def any_manifest() -> Manifest:
    made: Manifest = manifest_of_any_study()
    data = made.data | {
        "name": "<digits>",
        "num_train": 1437,
        "num_test": 360,
        "image_shape": [8, 8, 1],
        "num_classes": 10,
    }
    return replace(made, data=data)


def links_of(folder: StudyFolder) -> list[str]:
    return re.findall(r'<li><a href="([^"]+)"', files.read_bytes(folder.index_page).decode())


def page_linking(folder: StudyFolder, url: str) -> bytes:
    section = Section(anchor="one", title="One", body=Markup("<nav>not one of the page's</nav>"))
    return render_page(title="A page", lead="", sections=[section], links=links_from(folder, url))


def links_in(url: str) -> list[str]:
    (navigation,) = re.findall('<nav aria-label="Other pages">(.*?)</nav>', files.read_bytes(url).decode())
    return re.findall('href="([^"]+)"', navigation)


def test_pages_link_those_made_later_and_none_that_is_gone(folder):
    for url in (folder.search_page, folder.vote_page):
        files.write_bytes(url, page_linking(folder, url))
        write_index(folder)
    assert links_in(folder.search_page) == ["index.html", "ensemble/report.html"]
    assert links_in(folder.vote_page) == ["../index.html", "../search.html"]
    before = files.read_bytes(folder.search_page)
    files.remove(folder.vote_page)
    write_index(folder)
    assert links_in(folder.search_page) == ["index.html"]
    assert len(before) - len(files.read_bytes(folder.search_page)) == len('<a href="ensemble/report.html">The vote</a>')


def test_what_is_no_page_of_ours_stays_as_it_is(folder):
    files.write_bytes(folder.search_page, b"<nav>mine</nav>")
    Path(folder.model_page).mkdir()
    write_index(folder)
    assert files.read_bytes(folder.search_page) == b"<nav>mine</nav>"


def test_index_links_what_is_there_and_nothing_else(folder):
    write_index(folder)
    assert links_of(folder) == []
    for url in (folder.search_page, folder.vote_page, folder.leaderboard):
        files.write_bytes(url, b"x")
    write_index(folder)
    assert links_of(folder) == ["search.html", "ensemble/report.html", "leaderboard.csv"]
    assert all(Path(folder.url, link).is_file() for link in links_of(folder))


def test_index_says_what_the_data_is_and_where_it_was_made(folder):
    write_index(folder)
    text = files.read_bytes(folder.index_page).decode()
    assert "1,437 train and 360 test images of 8x8x1, 10 classes" in text
    assert "&lt;digits&gt;" in text
    assert "<digits>" not in text
    assert len(text) < 50_000


def test_index_of_a_study_that_says_little_says_less(folder):
    write_manifest(folder.manifest, manifest_of_any_study())
    write_index(folder)
    assert "A study of load_digits." in files.read_bytes(folder.index_page).decode()


def test_index_of_a_torn_study_is_refused(folder):
    files.write_bytes(folder.manifest, b"{")
    with pytest.raises(StoredFileError, match="study"):
        write_index(folder)

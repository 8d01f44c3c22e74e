import pytest

from core.store import files
from search.page import page
from search.page.harmless import write_without_harm

from .making import folder_at, make_record, write_search


@pytest.fixture
def said():
    return []


def test_pages_are_written_and_told_in_a_line(tmp_path, said, capsys):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    write_without_harm(folder, said.append)
    assert said == [f"wrote {tmp_path}/search.html"]
    assert "search.html" in (tmp_path / "index.html").read_text()
    assert capsys.readouterr().err == ""


def test_folder_without_a_study_stays_as_it_is(tmp_path, said):
    write_without_harm(folder_at(tmp_path), said.append)
    assert (said, list(tmp_path.iterdir())) == ([], [])


def test_page_that_cannot_be_written_costs_one_warning(tmp_path, said, capsys):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    (tmp_path / "search.html").mkdir()
    write_without_harm(folder, said.append)
    told = capsys.readouterr().err
    assert said == []
    assert told.count("\n") == 1
    assert told.startswith(f"warning: {tmp_path}/search.html is not written: ")


def test_fault_of_ours_costs_one_warning(tmp_path, said, capsys, monkeypatch):
    folder = write_search(folder_at(tmp_path), [make_record(0)])

    def fail(found):
        raise ZeroDivisionError

    monkeypatch.setattr(page, "render_search", fail)
    write_without_harm(folder, said.append)
    assert "is not written: ZeroDivisionError. All else of the study is kept" in capsys.readouterr().err
    assert not files.exists(folder.search_page)

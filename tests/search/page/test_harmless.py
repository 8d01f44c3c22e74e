from core.store import files
from search.page import page
from search.page.harmless import write_without_harm

from .making import folder_at, make_record, write_search


def test_pages_are_written_and_told_in_a_line(tmp_path, capsys):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    assert write_without_harm(folder) == [f"wrote {tmp_path}/search.html and {tmp_path}/index.html"]
    assert "search.html" in (tmp_path / "index.html").read_text()
    assert capsys.readouterr().err == ""


def test_folder_without_a_study_stays_as_it_is(tmp_path):
    assert (write_without_harm(folder_at(tmp_path)), list(tmp_path.iterdir())) == ([], [])


def test_page_that_cannot_be_written_costs_one_warning(tmp_path, capsys):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    (tmp_path / "search.html").mkdir()
    assert write_without_harm(folder) == []
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert told.startswith(f"warning: {tmp_path}/search.html is not written: ")


def test_fault_of_ours_costs_one_warning(tmp_path, capsys, monkeypatch):
    folder = write_search(folder_at(tmp_path), [make_record(0)])

    def fail(found):
        raise ZeroDivisionError

    monkeypatch.setattr(page, "render_search", fail)
    assert write_without_harm(folder) == []
    assert "is not written: ZeroDivisionError. All else of the study is kept" in capsys.readouterr().err
    assert not files.exists(folder.search_page)

import sys

import pytest

from core.cli import run_command
from search.page.__main__ import PageSettings, main

from .making import folder_at, make_record, write_search


def run_page(monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["prog", *words])
    run_command(PageSettings, main, prog="prog", description="")


def test_command_makes_the_page_anew_and_leaves_the_records(tmp_path, monkeypatch, capsys):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    before = (tmp_path / "trials/t000000/trial.json").read_bytes()
    run_page(monkeypatch, folder.url)
    run_page(monkeypatch, folder.url)
    assert capsys.readouterr().out == f"wrote {tmp_path}/search.html\n" * 2
    assert (tmp_path / "trials/t000000/trial.json").read_bytes() == before


@pytest.mark.parametrize("manifest", [None, b"{", b'{"format": 1}'])
def test_command_refuses_what_is_no_study_in_one_line(tmp_path, monkeypatch, capsys, manifest):
    if manifest is not None:
        (tmp_path / "study.json").write_bytes(manifest)
    with pytest.raises(SystemExit) as end:
        run_page(monkeypatch, str(tmp_path))
    told = capsys.readouterr()
    assert (end.value.code, told.out) == (2, "")
    assert told.err.count("\n") == 1
    assert str(tmp_path) in told.err
    assert not (tmp_path / "search.html").exists()

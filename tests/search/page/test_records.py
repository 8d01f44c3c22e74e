import dataclasses

import pytest

from core.errors import StoredFileError
from core.store import files
from core.store.committee import CommitteeFolder, training_id_of, training_number
from core.store.records import write_record
from core.store.study import StudyFolder
from search.page.page import write_search_page
from search.page.records import read_search

from .making import folder_at, make_record, write_search


def test_torn_record_costs_that_trial_alone_and_is_named(tmp_path):
    folder = write_search(folder_at(tmp_path), [make_record(0), make_record(1), make_record(2)])
    whole = files.read_bytes(folder.trial("t000001").record)
    files.write_bytes(folder.trial("t000001").record, whole[: len(whole) // 2])
    found = read_search(folder)
    assert [record.number for record in found.trials] == [0, 2]
    assert len(found.damaged) == 1
    assert found.damaged[0].startswith("t000001: ")


def test_record_of_another_trial_and_knobs_outside_their_range_are_left_out(tmp_path):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    write_record(folder.trial("t000001").record, make_record(0))
    beyond = {"x": '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}'}
    write_record(folder.trial("t000002").record, make_record(2, params={"x": 3.0}, distributions=beyond))
    found = read_search(folder)
    assert [record.number for record in found.trials] == [0]
    assert "is the record of t000000" in found.damaged[0]
    assert found.damaged[1].startswith("t000002: ")


def test_folder_of_a_trial_without_a_record_is_no_damage(tmp_path):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    (tmp_path / "trials/t000001").mkdir()
    assert read_search(folder).damaged == ()


def test_committees_trainings_are_kept_apart(tmp_path):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    training = dataclasses.replace(
        make_record(0), trial_id=training_id_of("t000000", 1, 0), number=training_number("t000000", 1, 0)
    )
    write_record(CommitteeFolder(folder.url).trial(training.trial_id).record, training)
    found = read_search(folder)
    assert [record.trial_id for record in found.trials] == ["t000000"]
    assert [record.trial_id for record in found.committee] == ["t000000-fold1-seed0"]


def test_torn_manifest_is_an_error_of_the_file(tmp_path):
    folder = write_search(folder_at(tmp_path), [make_record(0)])
    files.write_bytes(folder.manifest, b"{")
    with pytest.raises(StoredFileError, match=r"study\.json"):
        read_search(folder)


def test_page_is_written_where_the_study_lies():
    folder = write_search(StudyFolder("memory://pages/first"), [make_record(0)])
    try:
        assert write_search_page(folder) == "memory://pages/first/search.html"
        assert b"t000000" in files.read_bytes(folder.search_page)
        assert b"search.html" in files.read_bytes(folder.index_page)
    finally:
        files.remove("memory://pages")

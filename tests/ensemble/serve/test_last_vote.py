import json
import re
import socket
from pathlib import Path

import pytest

from core.errors import StoredFileError, StudyError
from ensemble.run import vote_study
from ensemble.serve.framing import measure_framing
from ensemble.serve.last_vote import read_last_vote
from ensemble.serve.page import page_files
from ensemble.settings import EnsembleSettings
from tests.ensemble.committees import CommitteeMaker, softmax_of
from tests.ensemble.conftest import A, B, Command, StudyMaker
from tests.ensemble.serve.images import framed_by_mass, photographs
from tests.ensemble.studies import make_two
from tests.test_layers import loaded_by, top_packages


def voted(study: StudyMaker, *numbers: int) -> EnsembleSettings:
    """Let trials vote, of which those with these numbers have a model; return the settings to serve them."""
    for number, softmax in enumerate((A, B)):
        trial = study.add_trial(number, softmax)
        if number in numbers:
            Path(trial.model).write_bytes(b"a model")
    vote_study(EnsembleSettings(study=study.url, top_k=2))
    return EnsembleSettings(study=study.url, serve=True)


def rewrite(settings: EnsembleSettings, **changes: object) -> Path:
    """Change ensemble.json."""
    path = Path(settings.out_url) / "ensemble.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def test_vote_is_read_as_it_was_written(study: StudyMaker):
    vote = read_last_vote(voted(study, 0, 1))
    assert [(one.name, one.weight, one.views) for one in vote.voters] == [("t000001", 0.5, 1), ("t000000", 0.5, 1)]
    assert vote.voters[0].model_urls == (f"{study.url}/trials/t000001/model.keras",)
    assert (vote.of_logits, vote.missing, vote.num_models) == (False, (), 2)


def test_member_without_a_model_is_named_and_the_others_take_its_weight(study: StudyMaker):
    vote = read_last_vote(voted(study, 1))
    assert [(one.name, one.weight) for one in vote.voters] == [("t000001", 1.0)]
    assert vote.missing == ("t000000 voted, and its model was not kept: it is left out here",)


def test_vote_without_any_model_names_the_option_that_keeps_them(study: StudyMaker, command: Command):
    settings = voted(study)
    code, out, err = command(settings.study, "--serve", "--port", "0")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "none of the 2 of" in err
    assert "--keep-models" in err


def test_study_that_has_not_voted_is_told_to(study: StudyMaker):
    study.add_trial(0, A)
    with pytest.raises(StudyError, match=r"there is no .*ensemble.json. Let its trials vote first"):
        read_last_vote(EnsembleSettings(study=study.url, serve=True))


def test_models_are_found_where_the_study_was_moved_to_and_nowhere_else(study: StudyMaker, tmp_path: Path):
    settings = voted(study, 0, 1)
    raw = json.loads((Path(settings.out_url) / "ensemble.json").read_text())
    places = ["s3://elsewhere/runs/x/trials/t000001/model.keras", "http://evil.example/trials/../../model.keras"]
    for member, place in zip(raw["members"], places, strict=True):
        member["model_urls"] = [place]
    rewrite(settings, members=raw["members"])
    moved = tmp_path / "moved"
    Path(study.url).rename(moved)
    vote = read_last_vote(EnsembleSettings(study=str(moved), serve=True))
    assert [one.model_urls for one in vote.voters] == [(f"{moved}/trials/t000001/model.keras",)]
    assert len(vote.missing) == 1


def test_votes_of_older_versions_are_read(study: StudyMaker):
    settings = voted(study, 0, 1)
    raw = json.loads((path := Path(settings.out_url) / "ensemble.json").read_text())
    for member in raw["members"]:
        for name in ("model_urls", "views", "trial_id"):
            del member[name]
    for name in ("averages", "honest"):
        del raw[name]
    path.write_text(json.dumps(raw))
    vote = read_last_vote(settings)
    assert (len(vote.voters), vote.of_logits, vote.temperature) == (2, False, None)


@pytest.mark.parametrize(
    "changes",
    [{"members": 3}, {"members": [{"weight": 1}]}, {"honest": {"calibration": {"temperature": -1}}}, {"honest": [1]},
     {"members": [{"member_id": "t000000", "weight": 1, "views": 4}]}],
)  # fmt: skip
def test_vote_that_is_none_is_one_error(study: StudyMaker, changes: dict):
    settings = voted(study, 0, 1)
    path = rewrite(settings, **changes)
    with pytest.raises(StoredFileError, match=f"{path} does not describe a vote: .* Vote again"):
        read_last_vote(settings)


def test_vote_of_other_data_is_refused(study: StudyMaker):
    settings = voted(study, 0, 1)
    rewrite(settings, data="another")
    with pytest.raises(StoredFileError, match="is of other data than the study"):
        read_last_vote(settings)


def test_committee_members_answer_with_all_their_folds(study: StudyMaker):
    maker = CommitteeMaker(study, 0, 1)
    for number, true in ((0, 0.6), (1, 0.7)):
        maker.add(number, softmax_of([true] * 6, study.data.labels))
    result = vote_study(EnsembleSettings(study=study.url))
    for member in result.voters:
        for url in member.model_urls:
            Path(url).write_bytes(b"a model")
    vote = read_last_vote(EnsembleSettings(study=study.url, serve=True))
    assert [one.model_urls for one in vote.voters] == [member.model_urls for member in result.voters]
    Path(vote.voters[0].model_urls[0]).unlink()
    fewer = read_last_vote(EnsembleSettings(study=study.url, serve=True))
    assert re.fullmatch(r"t00000\d answers with 1 of its 2 models", fewer.missing[0])


def test_members_of_several_studies_are_found_each_in_its_own(tmp_path: Path):
    first, second = make_two(tmp_path)
    both = EnsembleSettings(study=first.url, other_studies=(second.url,), top_k=9)
    result = vote_study(both)
    for member in result.voters:
        Path(member.model_urls[0]).write_bytes(b"a model")
    vote = read_last_vote(EnsembleSettings(study=second.url, other_studies=(first.url,), out=both.out_url, serve=True))
    assert [(one.name, one.model_urls) for one in vote.voters] == [
        (one.member_id, one.model_urls) for one in result.voters
    ]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("--serve", "--top-k", "3"), "--serve must be used alone (it shows the last vote: vote first), got --top-k"),
        (("--serve", "--port", "70000"), "--port must be 0 to 65535, got 70000"),
        (("--serve", "--host", ""), "--host must be an address of this machine, got nothing"),
    ],
)
def test_options_are_checked_first(study: StudyMaker, command: Command, words: tuple[str, ...], line: str):
    code, out, err = command(study.url, *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert line in err


def test_port_in_use_is_one_line_before_any_model_is_loaded(study: StudyMaker, command: Command):
    settings = voted(study, 0, 1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, _, err = command(settings.study, "--serve", "--port", str(taken.getsockname()[1]))
    assert (code, err.count("\n")) == (2, 1)
    assert "cannot be listened on: Address already in use. Name another one, or --port 0" in err


def test_page_says_who_votes_what_is_missing_and_how_it_is_placed(study: StudyMaker):
    vote = read_last_vote(voted(study, 1))
    files = page_files(vote, measure_framing(framed_by_mass()), 2.0)
    page = files["/"][1].decode()
    assert "t000000 voted, and its model was not kept" in page
    assert "longer side is 20 of 28 x 28 pixels" in page
    assert "its centre of mass is put 1" in page
    assert not re.search(r"<script>|style=|onclick|https?://", page)
    whole = page_files(vote, measure_framing(photographs()), 1.0)["/"][1].decode()
    assert "nothing is cut out or centred" in whole
    assert ":root" in files["/style.css"][1].decode()


def test_vote_alone_loads_no_server():
    assert not top_packages(loaded_by("ensemble.__main__")) & {"starlette", "uvicorn", "anyio"}

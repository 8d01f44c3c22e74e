import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.store import files
from core.store.manifest import read_manifest, write_manifest
from ensemble.studies import open_studies
from tests.ensemble.conftest import Command, StudyMaker, tear
from tests.ensemble.studies import FEW, make_study, make_two


def refused(command: Command, *words: str) -> str:
    """Run a command that must end with code 2 and one line; return the line."""
    code, out, err = command(*words)
    assert (code, out, err.count("\n")) == (2, "", 1), (code, out, err)
    return err.removeprefix("python -m ensemble: ").rstrip("\n")


def change_manifest(study: StudyMaker, **changes: Any) -> None:
    manifest = read_manifest(study.folder.manifest)
    write_manifest(study.folder.manifest, dataclasses.replace(manifest, **changes))


def test_studies_are_opened_by_name_whatever_their_order(tmp_path: Path) -> None:
    first, second = make_two(tmp_path)
    for urls in ((first.url, second.url), (second.url, first.url)):
        opened = open_studies(urls)
        assert [(study.name, study.folder.url) for study in opened] == [("first", first.url), ("second", second.url)]
    assert opened[0].name_of("t000012") == "first/t000012"
    assert open_studies((first.url,))[0].name_of("t000012") == "t000012"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"class_names": np.array(["0", "1", "boot"])},
            "must have the classes of {first}, 3 (0, 1, 2), got 3 (0, 1, boot). Only studies of the same data can",
        ),
        (
            {"fingerprint": "another-data-set"},
            "must be of the data set of {first}, 'data-of-many', got 'another-data...'. Only studies of the same data",
        ),
        (
            {"test_ids": np.array(["0", "1", "2", "3", "5", "4", "6"])},
            "must have the test rows' ids of {first}, '4' in row 5, got '5'. Search anew with the same sample_",
        ),
        ({"test_ids": FEW.test_ids[:5]}, "must have the test rows' ids of {first}, 7 of them, got 5. Search anew"),
        (
            {"submission_header": ("id", "label")},
            "must have the sample submission's header of {first}, ImageId,Label, got id,label. Search anew",
        ),
    ],
)
def test_a_study_of_other_data_is_one_line_that_says_what_differs(
    tmp_path: Path, command: Command, changes: dict[str, Any], words: str
) -> None:
    first = make_study(tmp_path / "first", 0, 1)
    second = make_study(tmp_path / "second", 2, data=dataclasses.replace(FEW, **changes))
    for urls in ((first.url, second.url), (second.url, first.url)):
        assert refused(command, *urls).startswith(f"{second.url} {words.format(first=first.url)}")
    assert [path.name for path in (tmp_path / "first").iterdir() if "ensemble" in path.name] == []


def test_a_study_with_another_holdout_is_one_line_that_says_how_to_make_it_the_same(
    tmp_path: Path, command: Command
) -> None:
    first = make_study(tmp_path / "first", 0, 1)
    other = dataclasses.replace(FEW, split="another", holdout_rows=np.arange(4, 16))
    second = make_study(tmp_path / "second", 2, data=other)
    change_manifest(first, split={"method": "0.6", "fingerprint": FEW.split}, seed=3)
    change_manifest(second, split={"method": "0.6", "fingerprint": "another"}, seed=4)
    assert refused(command, first.url, second.url) == (
        f"{second.url} must hold out the rows of {first.url}, 12 by --holdout 0.6 --holdout-seed 3, got 12 rows, "
        "10 of them the same, by --holdout 0.6 --holdout-seed 4. Search anew under another --study with --holdout 0.6 "
        "--holdout-seed 3"
    )
    change_manifest(first, split={"method": "tail", "fingerprint": FEW.split})
    line = refused(command, first.url, second.url)
    assert line.endswith("by --holdout 0.6 --holdout-seed 4. Search anew under another --study with --holdout tail")


def test_a_study_that_is_none_or_of_another_version_or_torn_is_named(tmp_path: Path, command: Command) -> None:
    first, second = make_two(tmp_path)
    none = tmp_path / "none"
    assert refused(command, first.url, str(none)).startswith(f"{none} must be a study's folder, and is none: there is")
    none.mkdir()
    assert f"{none} must be a study's folder, and is none: it has no study.json" in refused(
        command, str(none), first.url
    )
    files.write_json(second.folder.manifest, {"format": 7})
    assert refused(command, first.url, second.url).startswith(
        f"{second.folder.manifest} must be a study manifest of format 1, got 7. Use the version that wrote it"
    )
    tear(second.folder.manifest, 5)
    assert refused(command, first.url, second.url).startswith(f"{second.folder.manifest} is torn or no JSON")


def test_a_study_named_twice_is_refused_by_any_spelling(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make_two(tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    for again in ("runs/first", "runs/first/", "./runs/../runs/first", f"file://{first.url}"):
        line = refused(command, first.url, second.url, again)
        assert line == f"STUDY_DIR must be given once for each study, got twice {first.url}"

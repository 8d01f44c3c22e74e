import json
import platform
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoredFileError
from core.store.manifest import Manifest, git_revision, installed_versions, read_manifest, this_machine, write_manifest


def manifest() -> Manifest:
    return Manifest(
        name="first",
        command="search",
        settings={"trials": 12},
        arguments=("--trials", "12"),
        data={"name": "load_digits", "fingerprint": "f", "num_train": 5},
        split={"method": "0.2", "fingerprint": "s"},
        seed=0,
    )


def test_manifest_reads_back_as_it_was(tmp_path: Path) -> None:
    url, written = str(tmp_path / "study.json"), manifest()
    write_manifest(url, written)
    assert read_manifest(url) == written


def test_manifest_knows_versions_and_machine() -> None:
    written = manifest()
    assert written.versions["python"] == platform.python_version()
    assert {"numpy", "tensorflow", "ray", "optuna"} <= set(installed_versions())
    assert this_machine()["cores"] >= 1
    assert isinstance(git_revision(), str)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 9}, "must be a study manifest of format 1, got 9. Use the version that wrote it"),
        ({"arguments": 3}, "is no study manifest"),
        ({"data": []}, "is no study manifest: settings, data and split must be objects"),
        ({"colour": 1}, "is no study manifest"),
    ],
)
def test_a_foreign_manifest_is_refused_by_name(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    path = tmp_path / "study.json"
    write_manifest(str(path), manifest())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(StoredFileError, match=f"study.json {words}"):
        read_manifest(str(path))


def test_a_manifest_of_missing_fields_is_refused(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text('{"format": 1, "name": "x"}')
    with pytest.raises(StoredFileError, match="is no study manifest"):
        read_manifest(str(tmp_path / "study.json"))

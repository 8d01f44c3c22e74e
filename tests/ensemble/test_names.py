import os
from pathlib import Path

import pytest

from ensemble.names import names_of, place_of, shared_folder


@pytest.mark.parametrize(
    ("urls", "names"),
    [
        (("runs/first", "runs/second"), ("first", "second")),
        (("runs/first", "other/first"), ("runs/first", "other/first")),
        (("runs/first", "s3://bucket/runs/first"), ("x/runs/first", "bucket/runs/first")),
        (("memory://a/b", "memory://b"), ("a/b", "memory:/b")),
        (("s3://one/first/", "memory://one/first"), ("s3:/one/first", "memory:/one/first")),
    ],
)
def test_names_are_as_much_of_a_path_as_tells_them_apart(
    urls: tuple[str, ...], names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x").mkdir()
    monkeypatch.chdir(tmp_path / "x")
    assert names_of(urls) == names
    assert names_of(urls[::-1]) == names[::-1]


def test_a_place_is_the_same_by_every_spelling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "latest").symlink_to(tmp_path / "runs" / "first")
    monkeypatch.chdir(tmp_path)
    spellings = ["runs/first", "./runs/first/", "runs/../runs//first", "latest", str(tmp_path / "runs/first")]
    spellings += [f"file://{tmp_path}/runs/first"]
    assert {place_of(url) for url in spellings} == {os.path.realpath("runs/first")}
    assert place_of("memory://runs/first/") == place_of("memory:///runs/first")
    assert place_of("s3://bucket/first/") == place_of("s3a://bucket/first")


def test_the_shared_folder_has_all_names_in_any_order() -> None:
    assert shared_folder(("runs/second", "runs/first")) == "ensemble-first+second"
    assert shared_folder(("a/first", "b/first")) == "ensemble-a-first+b-first"


def test_the_shared_folder_of_many_studies_is_short_and_their_own() -> None:
    many = [f"runs/study-{number}" for number in range(40)]
    name = shared_folder(many)
    assert name.startswith("ensemble-40-studies-")
    assert len(name) < 40
    assert shared_folder(many[::-1]) == name
    assert shared_folder([*many[1:], "runs/other"]) != name

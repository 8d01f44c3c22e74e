import dataclasses
import re
from pathlib import Path

import pytest

from core.config import NO_AUGMENT, Config, TrainConfig
from core.page.comparison import comparison_section
from core.page.siblings import find_siblings
from tests.core.page.making import make_material, make_study, words_of


def test_both_trainings_stand_side_by_side_where_both_were_run(tmp_path: Path) -> None:
    make_study(tmp_path, "other", config=Config(augment=NO_AUGMENT), wrong=(0, 1, 2))
    section = comparison_section(make_material(tmp_path))
    words = words_of(section.body)
    assert "first with augmentation 0 2 of 3 2 ± 1.2" in words
    assert "other without augmentation 0 2 of 3 3 ± 1.2" in words
    # rows 0 and 2 are wrong in the other alone, row 4 in the first alone
    assert "first (with augmentation) has 1 error fewer than other (without augmentation)" in words
    assert "1 rows are wrong in the former alone and 2 in the latter alone" in words
    assert "one standard error of the difference is 1.7: too few to tell the two apart" in words
    assert re.search(r"those that there were on \d{4}-\d\d-\d\d \d\d:\d\d", section.lead)
    assert re.search(r"What was trained since is not here: .*-m core.page .*/first makes this page anew", words)


@pytest.mark.parametrize(
    "facts",
    [
        {"config": Config(augment=NO_AUGMENT, train=TrainConfig(epochs=21))},
        {"config": Config(augment=NO_AUGMENT), "data": "other data"},
        {"config": Config(augment=NO_AUGMENT), "state": "running"},
        {"config": Config(augment=NO_AUGMENT), "command": "search"},
        {"config": Config()},
    ],
)
def test_a_training_that_differs_in_more_is_no_counterpart(tmp_path: Path, facts: dict[str, object]) -> None:
    make_study(tmp_path, "other", **facts)  # type: ignore[arg-type]
    section = comparison_section(make_material(tmp_path))
    assert "Only one of the two was run. The same python -m core command with --no-augment" in section.body


def test_torn_neighbours_are_passed_over(tmp_path: Path) -> None:
    make_study(tmp_path, "torn", config=Config(augment=NO_AUGMENT))
    Path(tmp_path / "torn/trials/t000000/predictions.npz").write_bytes(b"PK torn")
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    assert find_siblings(make_material(tmp_path)) == []


def test_counterparts_of_the_same_seed_come_first(tmp_path: Path) -> None:
    for name, seed in (("a", 0), ("b", 1), ("c", 1)):
        make_study(tmp_path, name, config=Config(augment=NO_AUGMENT), seed=seed)
    assert [one.name for one in find_siblings(make_material(tmp_path))] == ["a", "c", "b"]


def test_a_searchs_trial_has_no_counterpart(tmp_path: Path) -> None:
    make_study(tmp_path, "other", config=Config(augment=NO_AUGMENT))
    words = words_of(comparison_section(make_material(tmp_path, command="search")).body)
    assert "this one is a search's trial" in words


def test_a_pages_training_is_compared_wherever_the_study_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_study(tmp_path, "other", config=Config(augment=NO_AUGMENT))
    material = make_material(tmp_path)
    monkeypatch.chdir(tmp_path)
    for url in ("first", "./first", f"{tmp_path}/first/"):
        folder = dataclasses.replace(material.folder, url=url)
        assert len(find_siblings(dataclasses.replace(material, folder=folder))) == 1

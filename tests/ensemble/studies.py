"""Several studies of one made-up data set, and one study that has all they have."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.store import files
from core.store.dataset import DataSummary
from core.store.study import trial_id_of
from ensemble.result import VoteResult
from tests.ensemble.conftest import StudyMaker
from tests.ensemble.votes import drawn

NUM_TEST = 7
ALL, LABELS = drawn(9, 60 + NUM_TEST, num_classes=3, seed=1, noise=[1, 2, 1, 3, 1, 2, 1, 3, 2])
"""Softmax of nine trials on the train rows and, the last, the test rows."""
TESTS = ALL[:, -NUM_TEST:]


def data_of(num_rows: int, num_held_out: int) -> DataSummary:
    """Return data of the first rows, of which the last are held out."""
    return DataSummary(
        fingerprint="data-of-many",
        split="split-of-many",
        labels=LABELS[:num_rows].astype(np.int32),
        holdout_rows=np.arange(num_rows - num_held_out, num_rows),
        class_names=np.array(["0", "1", "2"]),
        test_ids=np.array([str(number) for number in range(NUM_TEST)]),
    )


FEW, MANY = data_of(18, 12), data_of(60, 40)
"""Rows too few for an honest estimate, whose intervals take most of a vote's time; and enough."""


def make_study(folder: Path | str, *places: int, data: DataSummary = FEW, first: int = 0) -> StudyMaker:
    """Write a study whose trials, numbered from `first`, predict as those of `ALL` at these places."""
    study = StudyMaker(str(folder), data)
    for number, place in enumerate(places, start=first):
        state = "pruned" if place % 4 == 3 else "complete"
        study.add_trial(number, ALL[place, data.holdout_rows], TESTS[place], state=state)
    return study


def make_two(above: Path | str, data: DataSummary = FEW) -> tuple[StudyMaker, StudyMaker]:
    """Write the studies first and second, with four and five trials."""
    first = make_study(f"{above}/first", 0, 1, 2, 3, data=data)
    return first, make_study(f"{above}/second", 4, 5, 6, 7, 8, data=data)


def both_in_one(above: Path | str, data: DataSummary = FEW) -> tuple[StudyMaker, dict[str, str]]:
    """Write one study with the trials of both; return it, and what its members are called in a vote of the two."""
    ids = [f"first/{trial_id_of(number)}" for number in range(4)]
    ids += [f"second/{trial_id_of(number)}" for number in range(5)]
    return make_study(f"{above}/both", *range(9), data=data), {trial_id_of(n): name for n, name in enumerate(ids)}


def outputs_of(result: VoteResult) -> list[bytes]:
    """Return members.csv, ensemble.json and the submission."""
    assert result.submission_csv is not None
    return [files.read_bytes(url) for url in (result.members_csv, result.ensemble_json, result.submission_csv)]


def renamed(text: bytes, names: dict[str, str]) -> bytes:
    """Return a table with members called by other names."""
    words = text.decode()
    for name in sorted(names):
        words = words.replace(name, names[name])
    return words.encode()


def weights_of(result: VoteResult) -> Sequence[tuple[str, float]]:
    """Return who votes with which weight, best first."""
    return [(member.member_id, member.weight) for member in result.voters]

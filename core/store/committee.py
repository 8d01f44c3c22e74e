"""committee/: the best configurations of a study, trained again over folds and repeats.

committee/plan.json                      who is trained again, over which folds, for how many epochs
committee/t000002/fold0-seed0/           a trial's files: trial.json, predictions.npz, model.keras, checkpoint/
committee/t000002/all-seed0/             the same configuration trained on every row, unscored
"""

import re
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import StoredFileError
from core.store import files
from core.store.study import StudyFolder, TrialFolder, number_of

FORMAT = 1
ALL_ROWS = 99
"""Number of the "fold" whose training has every row."""
VIEWS = (1, 5, 9)
MOST_REPEATS = 1000
"""Trainings of a fold that have numbers of their own."""
TRAINING_ID = re.compile(r"(t\d{6,})-(?:fold(\d+)|all)-seed(\d+)")


@dataclass(frozen=True, kw_only=True)
class CommitteePlan:
    """What a committee consists of; grown by later starts, never changed."""

    num_folds: int
    epochs: int
    """Of every training."""
    seed: int
    """Of the folds."""
    views: int
    """Views of each member's second predictions; 1 for none."""
    members: tuple[dict[str, Any], ...]
    """One a configuration, in the order of training: `trial`, the trial it comes from, and `config`."""
    num_repeats: int
    """Trainings of each fold."""


class CommitteeFolder(StudyFolder):
    """A study's folder whose trials are its committee's trainings, with ids such as t000002-fold0-seed0."""

    @property
    def plan(self) -> str:
        """committee/plan.json."""
        return files.join(self.committee, "plan.json")

    @property
    def above_trials(self) -> str:
        """committee/."""
        return self.committee

    def trial(self, trial_id: str) -> TrialFolder:
        """Return the folder of one training."""
        member, _, name = trial_id.partition("-")
        return TrialFolder(files.join(self.committee, member, name))

    def trial_ids(self) -> list[str]:
        """Return the ids of all trainings that have a folder, sorted."""
        members = {member: files.join(self.committee, member) for member in files.list_folders(self.committee)}
        return [f"{member}-{name}" for member, url in members.items() for name in files.list_folders(url)]

    def number_of(self, trial_id: str) -> int:
        """Return the number of a training, -1 where the id is none of ours."""
        match = TRAINING_ID.fullmatch(trial_id)
        if match is None:
            return -1
        fold, repeat = ALL_ROWS if match[2] is None else int(match[2]), int(match[3])
        is_ours = repeat < MOST_REPEATS and number_of(match[1]) >= 0
        is_ours = is_ours and fold <= ALL_ROWS and training_id_of(match[1], fold, repeat) == trial_id
        return training_number(match[1], fold, repeat) if is_ours else -1


def training_id_of(trial_id: str, fold: int, repeat: int) -> str:
    """Return a training's id; `fold` may be ALL_ROWS."""
    part = "all" if fold == ALL_ROWS else f"fold{fold}"
    return f"{trial_id}-{part}-seed{repeat}"


def training_number(trial_id: str, fold: int, repeat: int) -> int:
    """Return a number that no other training of the study's committees has."""
    return number_of(trial_id) * 100_000 + repeat * 100 + fold


def write_plan(url: str, plan: CommitteePlan) -> None:
    """Write plan.json."""
    files.write_json(url, {"format": FORMAT, **asdict(plan)})


def read_plan(url: str) -> CommitteePlan:
    """Read plan.json.

    Raises:
        FileNotFoundError: there is none.
        StoredFileError: it is torn, of another format, or no plan.
    """
    raw = files.read_json_of_format(url, FORMAT, "a committee's plan")
    try:
        plan = CommitteePlan(**{**raw, "members": tuple(raw["members"])})
        _check(plan)
    except (TypeError, KeyError, ValueError) as error:
        raise StoredFileError(
            f"{url} is no committee's plan: {error}. Restore it from a copy, or delete {url.rpartition('/')[0]}"
        ) from error
    return plan


def _check(plan: CommitteePlan) -> None:
    """Raise ValueError where numbers or members are not as they must be."""
    numbers = (plan.num_folds, plan.epochs, plan.seed, plan.views, plan.num_repeats)
    if not all(type(number) is int for number in numbers):
        raise ValueError("folds, epochs, seed, views and repeats must be whole numbers")
    if not 2 <= plan.num_folds < ALL_ROWS or plan.epochs < 1 or not 1 <= plan.num_repeats <= MOST_REPEATS:
        raise ValueError("folds must be 2 to 98, epochs 1 or more, repeats 1 to 1000")
    if plan.views not in VIEWS:
        raise ValueError(f"views must be one of {VIEWS}, got {plan.views}")
    for member in plan.members:
        is_whole = isinstance(member, dict) and isinstance(member.get("config"), dict)
        if not is_whole or number_of(str(member.get("trial"))) < 0:
            raise ValueError("each member must have a trial's id and a config")
    if len({member["trial"] for member in plan.members}) < len(plan.members):
        raise ValueError("each trial must be a member once")

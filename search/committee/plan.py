"""What a committee trains: decided once, in committee/plan.json; later starts may only add to it."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from core.config import Config
from core.data.split import Split
from core.errors import StudyError
from core.limits import with_batch_that_fits
from core.seeds import derive_seed
from core.store.committee import ALL_ROWS, CommitteeFolder, CommitteePlan, read_plan, training_id_of, training_number
from core.store.records import TrialRecord
from search.committee.select import essence_of
from search.settings import SearchSettings


@dataclass(frozen=True, kw_only=True)
class Training:
    """One training of a committee."""

    number: int
    trial_id: str
    config: Config
    seed: int
    split: int
    """Which of the stage's splits."""
    is_scored: bool


def read_plan_if_any(folder: CommitteeFolder) -> CommitteePlan | None:
    """Return the study's committee as an earlier start planned it."""
    try:
        return read_plan(folder.plan)
    except FileNotFoundError:
        return None


def grown_plan(
    earlier: CommitteePlan | None, selected: list[TrialRecord], settings: SearchSettings, epochs: int
) -> CommitteePlan:
    """Return the plan with what these settings add to it: further configurations, further repeats.

    Args:
        earlier: what is planned already; its configurations stay.
        selected: the configurations that would be chosen now, best first.
        settings: of this start.
        epochs: of each training.

    Raises:
        StudyError: the earlier plan has other folds, epochs or views.
    """
    views = more_views_of(settings)
    asked = {"folds": settings.folds, "committee-epochs": epochs, "committee-views": views}
    if earlier is None:
        members: tuple[dict[str, Any], ...] = ()
    else:
        planned = (earlier.num_folds, earlier.epochs, earlier.views)
        for (name, value), before in zip(asked.items(), planned, strict=True):
            if value != before:
                raise StudyError(
                    f"the committee of study {settings.study} was begun with --{name} {before}, got --{name} {value}. "
                    "Take that back, or delete the study's folder committee/"
                )
        members = earlier.members
    taken = {member["trial"] for member in members}
    essences = [essence_of(member["config"]) for member in members]
    new = [record for record in selected if record.trial_id not in taken and essence_of(record.config) not in essences]
    members += tuple(_member(record, epochs) for record in new[: max(settings.committee_size - len(members), 0)])
    return CommitteePlan(
        num_folds=settings.folds,
        epochs=epochs,
        seed=settings.seed,
        views=views,
        members=members,
        num_repeats=max(settings.repeats, earlier.num_repeats if earlier else 1),
    )


def more_views_of(settings: SearchSettings) -> int:
    """Return the views of the second predictions; 1 for none, also where --views has the first over as many."""
    return settings.committee_views if settings.committee_views > settings.views else 1


def trainings_of(plan: CommitteePlan, splits: tuple[Split, ...]) -> list[Training]:
    """Return all trainings over folds, each configuration's before the next one's."""
    return [
        _training(member, fold, repeat, split=fold, splits=splits, seed=plan.seed)
        for repeat in range(plan.num_repeats)
        for member in plan.members
        for fold in range(plan.num_folds)
    ]


def refits_of(plan: CommitteePlan, trial_ids: set[str], splits: tuple[Split, ...]) -> list[Training]:
    """Return the trainings on every row of the configurations that came from these trials.

    Args:
        plan: the committee's.
        trial_ids: of those that vote.
        splits: one, `core.data.folds.whole_split`.
    """
    return [
        _training(member, ALL_ROWS, repeat, split=0, splits=splits, seed=plan.seed)
        for repeat in range(plan.num_repeats)
        for member in plan.members
        if member["trial"] in trial_ids
    ]


def _member(record: TrialRecord, epochs: int) -> dict[str, Any]:
    """Return a configuration as the committee trains it: a fixed number of epochs, at rates fixed beforehand."""
    config = Config.from_json(record.config)
    # a plateau's cuts are chosen on the rows that score; a cosine needs none
    train = dataclasses.replace(config.train, epochs=epochs, schedule="cosine")
    whole = dataclasses.replace(config, train=train, precision="auto")
    return {"trial": record.trial_id, "config": whole.to_json()}


def _training(
    member: dict[str, Any], fold: int, repeat: int, *, split: int, splits: tuple[Split, ...], seed: int
) -> Training:
    """Return one training; its seed depends on the study's, the trial, the fold and the repeat alone."""
    trial_id = member["trial"]
    number = training_number(trial_id, fold, repeat)
    config = with_batch_that_fits(Config.from_json(member["config"]), len(splits[split].train_rows))
    return Training(
        number=number,
        trial_id=training_id_of(trial_id, fold, repeat),
        config=config,
        seed=derive_seed(seed, "committee", number),
        split=split,
        is_scored=fold != ALL_ROWS,
    )

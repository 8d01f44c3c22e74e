"""Stage two as a function: the committee planned and trained on the cluster that the search has joined."""

import sys
from collections.abc import Iterable

from core.data.folds import whole_split
from core.data.split import Split
from core.data.summary import summarize
from core.errors import TrainingError
from core.store.committee import CommitteeFolder, CommitteePlan, write_plan
from search.cluster.capacity import Resources
from search.committee.plan import Training, grown_plan, more_views_of, read_plan_if_any, refits_of, trainings_of
from search.committee.select import select_records
from search.committee.steering import CommitteeSteering
from search.ledger import Ledger
from search.prepare import SearchStart
from search.progress import SearchProgress
from search.signals import stop_on_signals
from search.views import keep_curves


def is_whole(start: SearchStart) -> bool:
    """True where the committee that the settings ask for is planned and trained already, or none is asked for.

    Where fewer configurations differ than are asked for, all of them are whole.
    """
    if start.settings.committee_size == 0:
        return True
    earlier = read_plan_if_any(CommitteeFolder(start.folder.url))
    if earlier is None or _grown(start, earlier) != earlier:
        return False
    return _steering(start, trainings_of(earlier, start.fold_splits)).is_done


def has_all_members(start: SearchStart) -> bool:
    """True where an earlier start chose as many configurations as are asked for, and their trainings are not done."""
    plan = read_plan_if_any(CommitteeFolder(start.folder.url))
    size = start.settings.committee_size
    return plan is not None and 0 < size <= len(plan.members) and not is_whole(start)


def num_trained(start: SearchStart) -> tuple[int, int]:
    """Return how many of the planned trainings over folds have ended well, and how many there are; 0 without a plan."""
    plan = read_plan_if_any(CommitteeFolder(start.folder.url))
    if plan is None or not start.fold_splits:
        return 0, 0
    steering = _steering(start, trainings_of(plan, start.fold_splits))
    return len(steering.ledger.ranked), len(steering.trainings)


def is_refitted(start: SearchStart, trial_ids: Iterable[str]) -> bool:
    """True where the configurations of these trials have been trained on every row."""
    return _steering(start, _refits(start, trial_ids)[1]).is_done


def train_committee(start: SearchStart, resources: Resources, scratch: str) -> None:
    """Plan the committee, or add to it, and train what is left of it; every training is on disk when this returns.

    Raises:
        TrainingError: its trainings fail one after the other.
        KeyboardInterrupt: the user stopped it; what is finished is kept.
    """
    plan = _planned(start)
    names = ", ".join(member["trial"] for member in plan.members)
    start.say(
        f"committee: {names}, each trained over {plan.num_folds} folds for {plan.epochs} epochs"
        + (f", {plan.num_repeats} times" if plan.num_repeats > 1 else "")
    )
    _train(start, trainings_of(plan, start.fold_splits), start.fold_splits, plan.views, resources, scratch)


def refit_committee(start: SearchStart, trial_ids: Iterable[str], resources: Resources, scratch: str) -> None:
    """Train configurations of the committee on every row, for the test rows alone.

    Args:
        start: of the search.
        trial_ids: the trials whose configurations vote.
        resources: what a training takes.
        scratch: folder for Tune's own files.

    Raises:
        As `train_committee`.
    """
    plan, trainings, splits = _refits(start, trial_ids)
    _train(start, trainings, splits, plan.views, resources, scratch, unit="refits")


def _refits(start: SearchStart, trial_ids: Iterable[str]) -> tuple[CommitteePlan, list[Training], tuple[Split, ...]]:
    """Return the plan, its trainings on every row, and their split."""
    plan = read_plan_if_any(CommitteeFolder(start.folder.url))
    assert plan is not None, "a committee has voted"
    splits = (whole_split(start.dataset, start.split),)
    return plan, refits_of(plan, set(trial_ids), splits), splits


def _planned(start: SearchStart) -> CommitteePlan:
    """Return the plan, which is on disk."""
    folder = CommitteeFolder(start.folder.url)
    earlier = read_plan_if_any(folder)
    plan = _grown(start, earlier)
    if plan != earlier:
        write_plan(folder.plan, plan)
    return plan


def _grown(start: SearchStart, earlier: CommitteePlan | None) -> CommitteePlan:
    """Return the plan with what this start adds to it."""
    selected = []
    is_short = earlier is not None and len(earlier.members) < start.settings.committee_size
    # before trials that a time budget cut short have gone on, there may be none to choose among
    if earlier is None or (is_short and start.ledger.ranked):
        data = summarize(start.dataset, start.split)
        selected = select_records(start.ledger.ranked, start.folder, data, start.settings.committee_size)
    return grown_plan(earlier, selected, start.settings, start.committee_epochs)


def _steering(start: SearchStart, trainings: list[Training]) -> CommitteeSteering:
    """Return the state of some trainings as their records tell it."""
    ledger = Ledger(
        CommitteeFolder(start.folder.url), start.manifest.generation, more_views=more_views_of(start.settings)
    )
    steering = CommitteeSteering(ledger=ledger, num_trials=len(trainings), trainings=trainings)
    steering.resume()
    return steering


def _train(
    start: SearchStart,
    trainings: list[Training],
    splits: tuple[Split, ...],
    views: int,
    resources: Resources,
    scratch: str,
    unit: str = "trainings",
) -> None:
    """Run Tune's loop over what is left of some trainings, called `unit`, with a live view."""
    from search.trainable import WorkerSettings
    from search.tune import run_tune

    steering = _steering(start, trainings)
    if steering.is_done:
        return
    if start.steering.stop_reason == "interrupted":  # Ctrl-C between the stages
        raise KeyboardInterrupt
    start.limit(steering)
    if start.tracker is not None:
        steering.ledger.followers["MLflow"] = start.tracker.follow
    worker = WorkerSettings(
        num_threads=resources.cpus_per_trial,
        use_gpu=resources.gpus_per_trial > 0,
        generation=start.manifest.generation,
        ending_epochs=(),
        deadline=None,
        keeps_models=True,  # a training is not done again for its model's sake
        scratch=scratch,
        builder=start.settings.builder,
        keeps_last=True,
        more_views=views,
    )
    folder = CommitteeFolder(start.folder.url)
    progress = SearchProgress(steering, start.console, unit=unit, began=start.began)
    with stop_on_signals(steering), keep_curves(steering.ledger), progress:

        def on_step() -> None:
            start.limit(steering)
            progress.update()

        steering.on_change = progress.update
        run_tune(steering, folder, resources, worker, start.dataset, splits, scratch, on_step)
    _conclude(start, steering)


def _conclude(start: SearchStart, steering: CommitteeSteering) -> None:
    """Say or raise what the user has to know of trainings that did not end well."""
    if steering.stop_reason == "interrupted":
        raise KeyboardInterrupt
    failed = steering.ledger.failed
    if failed and steering.stop_reason == "failing":
        raise TrainingError(steering.ledger.failures_in_words("trainings of the committee"))
    if not steering.is_done:
        num_left = len(steering.trainings) - len(steering.ledger.ranked)
        start.say(f"trainings of the committee to go on with in another start of the same command: {num_left}")
        for record in failed:
            print(f"warning: {record.trial_id} failed: {record.error}", file=sys.stderr)

"""The search as a function: data in, trials on the cluster, the vote and its submission out."""

import sys
import time
from dataclasses import dataclass

from rich.console import Console

from core.config import require
from core.data.describe import describe_dataset, describe_split
from core.live import print_lines
from core.precision import slowness_note
from core.progress import new_console
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from core.study import with_study_name, write_study
from ensemble.report import print_vote
from ensemble.result import SCORED_ON, VoteResult
from ensemble.run import vote_study, voting_trials
from ensemble.settings import EnsembleSettings
from search.cluster.capacity import Resources
from search.cluster.planning import planned
from search.cluster.start import ray_cluster, scratch_folder
from search.committee import run as committee
from search.ending import how_to_go_on, raise_failure
from search.leaderboard import write_leaderboard
from search.models import ModelShelf
from search.money.metered import metered
from search.page.harmless import write_without_harm
from search.prepare import SearchStart, prepare
from search.progress import SearchProgress
from search.settings import SearchSettings
from search.signals import stop_on_signals
from search.study import rung_epochs
from search.tracking.tracker import tracked
from search.views import keep_views

SEARCH_SHARE = 0.25
"""Of a time budget, for the search where a committee follows: there out-of-fold log-loss falls most."""


@dataclass(frozen=True, kw_only=True)
class SearchResult:
    """What a search leaves."""

    folder: StudyFolder
    records: tuple[TrialRecord, ...]
    """All trials of the study, best first, those without a score last."""
    vote: VoteResult


class SearchInterrupted(KeyboardInterrupt):
    """The user stopped the search; the message is the command that goes on."""


def search_study(settings: SearchSettings, console: Console | None = None, began: float | None = None) -> SearchResult:
    """Run or go on with a search, then vote. In a notebook:

        from search.run import search_study
        from search.settings import SearchSettings
        result = search_study(SearchSettings(data="digit-recognizer.zip", study="first", trials=12))
        result.records[0].best.log_loss, result.vote.submission_csv

    Args:
        settings: as on the command line.
        console: where to print; stdout by default.
        began: when a time budget began, seconds since 1970; now by default.

    Returns:
        The study's folder, its trials and the vote, all of which are also on disk.

    Raises:
        DataError, ConfigError, StudyError, StoredFileError, ClusterError: what the user can mend; what is finished
            is kept.
        TrainingError: the first trials failed, or ten in a row.
        SearchInterrupted: Ctrl-C or SIGTERM; what is finished is kept.
    """
    require(not settings.dry_run, "--dry-run", "asked of the command, or of search.money.dry_run.dry_run", True)
    console = console or new_console()
    said = new_console(quiet=True) if settings.quiet else console
    start = prepare(with_study_name(settings), said, began or time.time())
    try:
        with tracked(start.tracker, start.ledger, start.manifest.generation) as tell_vote:
            try:
                with stop_on_signals(start.steering):
                    _describe(start)
                    _train(start)
                vote = _vote(start)
            except BaseException:  # also where the user stops it, or its trials fail: the page of what there is
                print_lines(console, write_without_harm(start.folder))
                raise
            written = write_without_harm(start.folder)
            tell_vote(vote)
        print_vote(vote, console, in_short=settings.quiet, written=written)
        return SearchResult(folder=start.folder, records=_records(start), vote=vote)
    except KeyboardInterrupt as stop:
        raise SearchInterrupted(how_to_go_on(start)) from stop


def _describe(start: SearchStart) -> None:
    """Print what the data is, and the warnings."""
    for line in (*describe_dataset(start.dataset), describe_split(start.split)):
        start.say(line)
    note = slowness_note(start.settings.precision) if start.settings.address is None else None
    for line in (*([note] if note else []), *(f"left out: {line}" for line in start.ledger.damaged)):
        print(f"warning: {line}", file=sys.stderr)


def _train(start: SearchStart) -> None:
    """Train what is left of the budget; every result is on disk when this returns or raises."""
    is_trained = start.steering.num_left == 0 and committee.is_whole(start)
    if is_trained:
        _go_on(start, again="; voting again")
        if not start.settings.refit or committee.is_refitted(start, _voters(start)):
            return
    with (
        scratch_folder() as scratch,
        ray_cluster(start.settings.address, scratch),
        metered(start.cap, start.say),
        planned(start) as plan,
    ):
        if not is_trained:
            _go_on(start)
        share = f"CPUs: {plan.cpus_per_trial}, GPUs: {plan.gpus_per_trial:g}"
        start.say(f"trials at once: {plan.max_concurrent or 'none yet'}, each with {share}")
        if committee.has_all_members(start):  # chosen in an earlier start: further trials would not join them
            committee.train_committee(start, plan, scratch)
        if start.steering.num_left != 0:
            _search(start, plan, scratch)
        if not committee.is_whole(start):  # the search may have found further configurations
            _vote_so_far(start)
            committee.train_committee(start, plan, scratch)
        if start.settings.refit and committee.is_whole(start):
            committee.refit_committee(start, _voters(start), plan, scratch)


def _vote_so_far(start: SearchStart) -> None:
    """Let the trials vote before the committee begins: whatever comes, there is a submission."""
    from ensemble.page.write import with_page

    vote = with_page(vote_study(EnsembleSettings(study=start.folder.url, top_k=start.settings.top_k)))
    start.say(f"vote so far: {vote.vote.num_errors:,} errors of {vote.vote.num_rows:,} ({SCORED_ON})")
    if vote.submission_csv is not None:
        start.say(f"wrote {vote.submission_csv}, until the committee has voted")


def _voters(start: SearchStart) -> set[str]:
    """Return the trials whose configurations the vote has chosen."""
    return voting_trials(EnsembleSettings(study=start.folder.url, top_k=start.settings.top_k))


def _go_on(start: SearchStart, again: str = "") -> None:
    """Bring the study's folder up to this start, and say how far its search has come."""
    write_study(start.folder, start.manifest, start.dataset, start.split)
    num_ended = start.ledger.num_ended
    if start.steering.num_left == 0:
        _close_search(start)
        with keep_views(start.folder, start.manifest.name, start.ledger):
            start.say(f"{start.folder.url} has its {num_ended} trials already{again}")
    elif start.ledger.records:
        start.say(f"going on with {start.folder.url}: {num_ended} trials are finished")


def _search(start: SearchStart, plan: Resources, scratch: str) -> None:
    """Run the search's own trials."""
    steering, ledger = start.steering, start.ledger
    start.limit(steering, _share(start))
    try:
        if steering.stop_reason is None:
            _run_trials(start, plan, scratch)
    finally:
        _close_search(start)
    if steering.error is not None:
        raise steering.error
    if steering.stop_reason == "interrupted":
        raise KeyboardInterrupt
    if steering.stop_reason == "failing" or not ledger.ranked:
        raise_failure(start, _share(start))
    num_cut, num_left = len(ledger.cut_short), steering.num_left or 0
    if num_cut or num_left:
        left = f"trials to go on with: {num_cut}" + (f", to start: {num_left}" if num_left else "")
        start.say(f"{start.what_ends_it} is spent; for another start of the same command, {left}")


def _share(start: SearchStart) -> float:
    """Return what the search has of a time budget and of --max-cost."""
    return SEARCH_SHARE if start.settings.committee_size else 1.0


def _close_search(start: SearchStart) -> None:
    """Leave the search's trials and their table as they are to be read."""
    start.ledger.close_untouched()
    write_leaderboard(start.folder, start.ledger.ranked, start.ledger.unranked)


def _records(start: SearchStart) -> tuple[TrialRecord, ...]:
    """Return all trials, best first."""
    return (*start.ledger.ranked, *start.ledger.unranked)


def _vote(start: SearchStart) -> VoteResult:
    """Let the study vote."""
    precisions = sorted({str(record.config["precision"]) for record in _records(start) if record.epochs})
    start.say(f"precision: {', '.join(precisions)}")
    is_refitted = start.settings.refit and committee.is_whole(start) and committee.is_refitted(start, _voters(start))
    if start.settings.refit and not is_refitted:
        print(
            "warning: --refit is not done, the folds' trainings predict the test rows; start it again", file=sys.stderr
        )
    from ensemble.page.write import with_page

    settings = EnsembleSettings(study=start.folder.url, top_k=start.settings.top_k, refit=is_refitted)
    return with_page(vote_study(settings))


def _run_trials(start: SearchStart, plan: Resources, scratch: str) -> None:
    """Run Tune's loop on the cluster, with a live view, until nothing is left or the user stops it."""
    from search.trainable import WorkerSettings
    from search.tune import run_tune

    settings, steering = start.settings, start.steering
    worker = WorkerSettings(
        num_threads=plan.cpus_per_trial,
        use_gpu=plan.gpus_per_trial > 0,
        generation=start.manifest.generation,
        ending_epochs=rung_epochs(steering.epochs),
        deadline=steering.deadline,
        keeps_models=settings.keep_models > 0,
        scratch=scratch,
        builder=settings.builder,
    )
    shelf = ModelShelf(start.folder, settings.keep_models)
    views = keep_views(start.folder, start.manifest.name, start.ledger)
    with views, SearchProgress(steering, start.console, began=start.began) as progress:

        def on_change() -> None:
            progress.update()
            shelf.keep_best(start.ledger)

        def on_step() -> None:
            start.limit(steering, _share(start))
            progress.update()

        steering.on_change = on_change
        run_tune(steering, start.folder, plan, worker, start.dataset, (start.split,), scratch, on_step)

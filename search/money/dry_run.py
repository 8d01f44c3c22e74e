"""--dry-run: what a search will take, told before anything is started or written."""

import itertools
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.table import Table

from core.config import Config
from core.progress import new_console, print_line
from core.study import with_study_name
from search.cluster.start import ray_cluster, scratch_folder
from search.committee.run import num_trained
from search.inherit import find_study
from search.money.cluster_file import description_on_head, read_cluster_file
from search.money.epoch_time import (
    EpochTime,
    benchmarked_epoch_time,
    other_studys_epoch_time,
    recorded_epoch_time,
)
from search.money.estimate import Estimate, estimate
from search.money.fleet import Fleet, Share, fleet_of_file, fleet_of_nodes, fleet_of_this_machine
from search.money.prices import PriceList, read_prices, usd
from search.money.work import Range, epochs_to_train, pruned_share
from search.prepare import VOTE_SECONDS, SearchStart, prepare
from search.settings import SearchSettings, parse_duration
from search.starts import Start
from search.steering import SAMPLER
from search.study import REDUCTION_FACTOR

Row = tuple[str, Range, Callable[[float], str]]
NUM_TYPICAL = 24
"""Configurations of the space that stand for all of its networks."""


def dry_run(settings: SearchSettings, console: Console | None = None) -> Estimate:
    """Print what a search with these settings will take, and return it; no study is made, no trial started.

    Raises:
        DataError, ConfigError, StudyError, StoredFileError, ClusterError: what the search itself would stop at.
    """
    start = prepare(with_study_name(settings), console or new_console(), time.time())
    prices = read_prices(settings.prices)
    fleet = fleet_of(start, prices)
    return say_estimate(start, fleet, epoch_time_of(start), prices)


def say_estimate(start: SearchStart, fleet: Fleet, epoch_time: EpochTime, prices: PriceList) -> Estimate:
    """Reckon what is left of a study, and print it."""
    steering, settings = start.steering, start.settings
    share, share_source = pruned_share(start.ledger.records, steering.epochs)
    num_trials = _num_trials(start, fleet, epoch_time, share)
    epochs = epochs_to_train(start.ledger.records, num_trials=num_trials, epochs=steering.epochs, share=share)
    committee = _committee_epochs(start)

    def on(fleet: Fleet) -> Estimate:
        return estimate(
            epochs,
            committee,
            epoch_seconds=epoch_time.seconds,
            longest_trial_epochs=(steering.epochs if epochs.most else 0) + (start.committee_epochs if committee else 0),
            vote_seconds=VOTE_SECONDS,
            fleet=fleet,
            most_seconds=parse_duration(settings.time_budget),
        )

    reckoned = on(fleet)
    start.console.print(_table(start, reckoned, fleet, num_trials))
    for line in _notes(start, reckoned, fleet, epoch_time, prices, (share, share_source)):
        print_line(start.console, line)
    if fleet.dearest is not None and (dear := on(fleet.dearest).usd) is not None:
        line = f"where the cheapest has no capacity, {fleet.dearest.what}: all of it {usd(dear.expected)} expected, "
        print_line(start.console, f"{line}{usd(dear.most)} at most, in the same time")
    return reckoned


def fleet_of(start: SearchStart, prices: PriceList) -> Fleet:
    """Return the machines that the settings name, and how many of them a search uses at once."""
    settings = start.settings
    bounds = [num for num in (_num_of_largest_stage(start), settings.max_concurrent) if num is not None]
    fleet = _whole_fleet(start, prices, min(bounds, default=None))
    return fleet if settings.max_concurrent is None else fleet.with_most(settings.max_concurrent)


def _num_of_largest_stage(start: SearchStart) -> int | None:
    """Return how many trials or trainings the largest stage still has, 1 at least; None where only time bounds them."""
    num_trials = start.steering.num_left
    return None if num_trials is None else max(num_trials, *_num_trainings(start), 1)


def _whole_fleet(start: SearchStart, prices: PriceList, num_trials: int | None) -> Fleet:
    """Return a cluster's file's machines, as many as trials use; else a running cluster's, or this machine.

    On a head that `ray up` has made its own description is the file: machines that do not run yet count.
    """
    settings = start.settings
    share = Share(cpus=settings.cpus_per_trial, gpus=settings.gpus_per_trial)
    cluster = None if settings.cluster is None else read_cluster_file(settings.cluster)[0]
    if cluster is None and settings.address is not None:
        cluster = description_on_head()
    fleet = None if cluster is None else fleet_of_file(cluster, prices, share, num_trials)
    if fleet is not None:
        return fleet
    if settings.address is None:
        return fleet_of_this_machine(share, is_own=cluster is not None)
    with scratch_folder() as scratch, ray_cluster(settings.address, scratch):
        from search.cluster.nodes import alive_nodes

        return fleet_of_nodes(alive_nodes(), prices, share)


def epoch_time_of(start: SearchStart) -> EpochTime:
    """Return what an epoch takes: by this study, by the one that it starts from, or by a training here."""
    settings = start.settings
    found = recorded_epoch_time(start.ledger.records, "this study")
    if found is None and settings.start_from is not None:
        other = find_study(settings.start_from, settings.runs)
        found = other_studys_epoch_time(other, len(start.split.train_rows))
    if found is not None:
        return found
    typical = typical_configs(start)
    return benchmarked_epoch_time(
        start.base,
        typical,
        start.dataset,
        start.split,
        num_threads=settings.cpus_per_trial,
        use_gpu=settings.gpus_per_trial != 0,
    )


def typical_configs(start: SearchStart) -> list[Config]:
    """Return what a search would try first: its starts, then what the sampler draws; in memory alone."""
    steering = start.steering
    untried = [known for known in steering.starts if known.origin not in steering.ledger.origins]
    drawn = itertools.repeat(Start(origin=SAMPLER))
    most = min(steering.num_trials or NUM_TYPICAL, NUM_TYPICAL)
    return [steering.study.ask(known)[1] for known in itertools.islice(itertools.chain(untried, drawn), most)]


def _num_trials(start: SearchStart, fleet: Fleet, epoch_time: EpochTime, share: float) -> int:
    """Return the trials altogether; those that a time budget allows, where it stands alone."""
    if start.steering.num_trials is not None:
        return start.steering.num_trials
    seconds = parse_duration(start.settings.time_budget)
    assert seconds is not None, "without a time budget trials have a number"
    epochs = max(seconds - VOTE_SECONDS, 0.0) * fleet.num_at_once / epoch_time.seconds
    return start.ledger.num_ended + max(round(epochs / (share * start.steering.epochs)), 1)


def _committee_epochs(start: SearchStart) -> float:
    """Return what is left of the committee, in epochs over the search's train rows."""
    settings = start.settings
    if settings.committee_size == 0:
        return 0.0
    num_rows, num_search_rows = len(start.dataset.labels), len(start.split.train_rows)
    of_fold = (1 - 1 / settings.folds) * num_rows / num_search_rows
    num_left, num_refits = _num_trainings(start)
    return start.committee_epochs * (num_left * of_fold + num_refits * num_rows / num_search_rows)


def _num_trainings(start: SearchStart) -> tuple[int, int]:
    """Return what is left of the committee's trainings over folds, and how many there are on every row."""
    settings = start.settings
    num_done, _ = num_trained(start)
    num_left = max(settings.committee_size * settings.folds * settings.repeats - num_done, 0)
    return num_left, settings.committee_size * settings.repeats if settings.refit else 0


def _table(start: SearchStart, reckoned: Estimate, fleet: Fleet, num_trials: int) -> Table:
    """Return the table of what is reckoned."""
    table = Table(
        "", "low", "expected", "at most", title=f"{start.folder.url}: what is left of it", title_justify="left"
    )
    for column in table.columns[1:]:
        column.justify = "right"
    for name, values, written in _rows(start, reckoned, fleet, num_trials):
        table.add_row(name, *(written(value) for value in (values.low, values.expected, values.most)))
    return table


def _rows(start: SearchStart, reckoned: Estimate, fleet: Fleet, num_trials: int) -> Iterator[Row]:
    """Yield the table's rows: a name, three values, and how they are written."""
    num_left = num_trials - start.ledger.num_ended
    yield "trials to train", Range(low=num_left, expected=num_left, most=num_left), _count
    yield f"their epochs, {start.steering.epochs} at most each", reckoned.epochs, _count
    if reckoned.committee_epochs:
        yield "the committee's epochs", Range(low=0, expected=0, most=0).plus(reckoned.committee_epochs), _count
    if fleet.gpus_per_trial:
        yield "GPU hours", reckoned.work_hours.times(fleet.gpus_per_trial), _hours
    else:
        yield "CPU hours", reckoned.work_hours.times(start.settings.cpus_per_trial), _hours
    yield f"time, {fleet.num_at_once} trials at once", reckoned.wall_hours, _duration
    if reckoned.usd is None or reckoned.workers_usd is None or reckoned.head_usd is None:
        return
    yield f"{fleet.what}", reckoned.workers_usd, usd
    idle = Range(low=0, expected=0, most=0).plus(reckoned.idle_usd or 0.0)
    yield f"they start ({fleet.setup_minutes:g} min) and stay idle ({fleet.idle_minutes:g} min)", idle, usd
    yield "the head", reckoned.head_usd, usd
    yield "all of it", reckoned.usd, usd


def _notes(
    start: SearchStart,
    reckoned: Estimate,
    fleet: Fleet,
    epoch_time: EpochTime,
    prices: PriceList,
    share: tuple[float, str],
) -> Iterator[str]:
    """Yield where the numbers come from, and what is not in them."""
    known = len([known for known in start.steering.starts if known.origin not in start.ledger.origins])
    yield f"known configurations that come first: {known}; trials that have ended: {start.ledger.num_ended}"
    yield f"an epoch: {epoch_time.seconds:.3g} s, {epoch_time.source}"
    if epoch_time.is_elsewhere and fleet.what != "this machine":
        yield (
            "the machines of a cluster differ from this one, a graphics card by far: train --trials 2 there, and ask "
            "again on that study"
        )
    yield f"expected: {share[0]:.3f} of all epochs, by {share[1]}; low: one in {REDUCTION_FACTOR} goes on at each rung"
    if reckoned.usd is None:
        yield f"money cannot be told: {fleet.why_no_price}"
        return
    dates = sorted({price.date for price in prices.prices})
    yield f"prices of {prices.file} ({dates[0]} to {dates[-1]}), before taxes; the head goes on until `ray down`"
    cap = start.settings.max_cost
    if cap is not None and reckoned.usd.expected > cap:
        yield f"--max-cost {cap:g} is below what is expected: it would end the search in time, to go on with more"


def _count(value: float) -> str:
    """Return a number of things."""
    return f"{value:,.0f}"


def _hours(value: float) -> str:
    """Return hours of work."""
    return f"{value:,.1f}" if value >= 10 else f"{value:.2g}"


def _duration(hours: float) -> str:
    """Return a time as people say it."""
    return f"{hours:,.1f} h" if hours >= 1.5 else f"{max(60 * hours, 1):.0f} min"

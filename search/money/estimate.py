"""From epochs, seconds and machines to hours and money; nothing is measured here."""

from dataclasses import dataclass

from search.money.fleet import Fleet
from search.money.prices import SECONDS_AN_HOUR
from search.money.work import Range


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a search will take."""

    epochs: Range
    """Of the search's trials."""
    committee_epochs: float
    """Of the committee's trainings, none of which is pruned; counted in epochs over the search's train rows."""
    work_hours: Range
    """Trials' hours: times the CPUs or GPUs of a trial they are CPU or GPU hours."""
    wall_hours: Range
    """From the first machine's order to the submission."""
    workers_usd: Range | None
    """While they train; None without prices."""
    head_usd: Range | None
    """All the time."""
    idle_usd: float | None
    """Workers that are set up, and that stay idle until they go."""

    @property
    def usd(self) -> Range | None:
        """All of it."""
        if self.workers_usd is None or self.head_usd is None or self.idle_usd is None:
            return None
        return self.workers_usd.plus(self.idle_usd).added_to(self.head_usd)


def estimate(
    epochs: Range,
    committee_epochs: float,
    *,
    epoch_seconds: float,
    longest_trial_epochs: int,
    vote_seconds: float,
    fleet: Fleet,
    most_seconds: float | None = None,
) -> Estimate:
    """Reckon hours and money.

    Args:
        epochs: of the search's trials.
        committee_epochs: of the committee, as `Estimate` has them.
        epoch_seconds: of one epoch of one trial.
        longest_trial_epochs: epochs that follow each other whatever runs beside them.
        vote_seconds: for all that comes after training.
        fleet: where it runs.
        most_seconds: a time budget, None without.
    """
    work = epochs.plus(committee_epochs).times(epoch_seconds / SECONDS_AN_HOUR)
    setup, vote = fleet.setup_minutes / 60, vote_seconds / SECONDS_AN_HOUR
    one_trial = longest_trial_epochs * epoch_seconds / SECONDS_AN_HOUR
    training = work.times(1 / fleet.num_at_once).at_least(one_trial)
    if most_seconds is not None:
        training = training.at_most(max(most_seconds / SECONDS_AN_HOUR - vote, 0.0))
        work = work.at_most(training.most * fleet.num_at_once)
    wall = training.plus(setup + vote)
    has_prices = fleet.workers_usd is not None and fleet.head_usd is not None
    return Estimate(
        epochs=epochs,
        committee_epochs=committee_epochs,
        work_hours=work,
        wall_hours=wall,
        workers_usd=training.plus(vote).times(fleet.workers_usd or 0.0) if has_prices else None,
        head_usd=wall.times(fleet.head_usd or 0.0) if has_prices else None,
        idle_usd=(setup + fleet.idle_minutes / 60) * (fleet.workers_usd or 0.0) if has_prices else None,
    )

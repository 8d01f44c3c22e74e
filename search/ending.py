"""What a search tells that ends before it is done: why nothing was trained, how to go on."""

from typing import NoReturn

from core.errors import TrainingError
from core.study import command_line
from search.committee import run as committee
from search.prepare import SearchStart


def raise_failure(start: SearchStart, share: float) -> NoReturn:
    """Raise what the user has to know of a search that has no trial, or whose trials failed one after the other.

    Args:
        start: the search's.
        share: what it had of a time budget and of --max-cost.

    Raises:
        TrainingError: the trials failed, or none could begin or end in the time.
        ConfigError: none could end for the money.
    """
    if not start.ledger.failed:
        start.require_money(share)
        if start.settings.address is not None and not start.ledger.records:
            raise TrainingError(
                f"{start.folder.url} has no trial: none could begin within the time budget, which must leave time for "
                "machines to come. See `ray status`, and start the same command again"
            )
        raise TrainingError(
            f"{start.folder.url} has no finished trial: the time budget, or the quarter of it "
            "that a search before a committee has, must allow one epoch or more"
        )
    raise TrainingError(start.ledger.failures_in_words("trials"))


def how_to_go_on(start: SearchStart) -> str:
    """Return what Ctrl-C leaves the user with."""
    num_ended = start.ledger.num_ended
    num_open = len(start.ledger.records) - num_ended
    num_trained, num_planned = committee.num_trained(start)
    of_committee = f", of the committee's trainings: {num_trained} of {num_planned}" if num_planned else ""
    return (
        f"stopped; finished trials: {num_ended}, to go on from their last epoch: {num_open}{of_committee}. "
        f"Go on with: {command_line(start.settings, 'search')}"
    )

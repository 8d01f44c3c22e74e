"""--max-cost: what a study's search may cost over all its starts, as a deadline that moves with the machines.

Kept back, so that the search ends in time: the vote, the minutes that workers stay idle until the autoscaler takes
them, and the longest epoch so far, which may be in progress.
"""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from core.errors import ConfigError, StoredFileError, StudyError
from core.store import files
from core.store.study import StudyFolder
from search.money.cluster_file import IDLE_MINUTES, ClusterFile, description_on_head
from search.money.fleet import SETUP_MINUTES, USE_SECONDS, prices_of_kinds
from search.money.meter import Meter
from search.money.prices import SECONDS_AN_HOUR, read_prices, usd
from search.money.spent import StartCost, read_costs, write_costs
from search.settings import SearchSettings
from search.watch import Watch

SAVE_SECONDS = 60.0
"""How often what is spent is written down; a killed start is charged for the time until the next one."""
LONGEST_PAUSE_SECONDS = 60.0
"""Of what the loop takes between two looks; a machine that was asleep would keep back all of it."""


def new_cap(settings: SearchSettings, folder: StudyFolder, generation: int, vote_seconds: float) -> "MoneyCap | None":
    """Return the cap that the settings ask for, with what earlier starts have spent; nothing is looked up yet.

    Raises:
        ConfigError: the table of prices is not what it must be.
        StoredFileError: what earlier starts have spent cannot be read.
    """
    if settings.max_cost is None:
        return None
    return MoneyCap(
        usd=settings.max_cost,
        folder=folder,
        generation=generation,
        vote_seconds=vote_seconds,
        earlier=tuple(cost for cost in read_costs(folder) if cost.generation != generation),
        meter=Meter(prices=read_prices(settings.prices)),
        description=description_on_head(),
    )


@dataclass(kw_only=True)
class MoneyCap:
    """What may be spent, what is spent, and until when that lasts; all times are seconds since 1970."""

    usd: float
    folder: StudyFolder
    generation: int
    vote_seconds: float
    earlier: tuple[StartCost, ...]
    meter: Meter
    description: ClusterFile | None = None
    """Of the cluster, where `ray up` has left it here."""
    clock: Callable[[], float] = time.time
    is_nearer: bool = False
    """Whether the money ends the stage, not a time budget."""
    _began: float = 0.0
    _num_at_first: int = 0
    _saved_at: float = 0.0
    _limited_at: float | None = None
    _limited: Watch | None = None
    _pause: float = 0.0
    _checked: set[bool] = field(default_factory=set)
    _num_notices: int = 0

    def begin(self) -> str:
        """Count from now on, and return a line that says of what.

        Raises:
            ConfigError: a node does not say what it is, or has no price.
        """
        self.meter.begin()
        self._began = self._saved_at = self.clock()
        self._num_at_first = self.meter.num_machines
        machines = ", ".join(f"{bill.num_machines} {machine}" for machine, bill in self.meter.bills.items())
        return (
            f"counting {machines}: {usd(self.meter.usd_an_hour)} an hour; spent by earlier starts: "
            f"{usd(self.spent)} of {usd(self.usd)}; a machine that joins has {SETUP_MINUTES:g} minutes of setup"
        )

    @property
    def spent(self) -> float:
        """By all starts so far, USD."""
        return sum(cost.usd for cost in self.earlier) + self.meter.usd

    @property
    def kept_back(self) -> float:
        """What comes after training, USD."""
        return self.meter.charge_ahead(all_seconds=self.vote_seconds, worker_seconds=self.idle_seconds)

    @property
    def _has_workers(self) -> bool:
        """True while a machine beside the head is there."""
        return self.meter.usd_an_hour > self.meter.head_usd_an_hour

    @property
    def idle_seconds(self) -> float:
        """What a worker stays that nobody uses."""
        return 60 * (IDLE_MINUTES if self.description is None else self.description.idle_minutes)

    def deadline(self, share: float = 1.0) -> float:
        """Return when all is spent but what is kept back, with the machines that are there now.

        Args:
            share: of all the money; a stage that another one follows has less than all of it.
        """
        self.meter.look()
        left = self._left(share)
        if left <= 0:
            return self.clock()
        rate = self.meter.usd_an_hour / SECONDS_AN_HOUR
        return self.clock() + left / rate if rate else float("inf")

    def limit(self, watch: Watch, share: float = 1.0) -> None:
        """Tell a stage until when it may train, and what is spent; write that down once a minute.

        Kept back too are the longest epoch so far, since one may have begun just now, and the longest time between two
        calls, for which nothing could be ended. A stage whose money is below a trial's is aborted, see `_check`.
        """
        is_first, last_moment = self._limited_at is None, self.deadline(share)
        last_moment -= self._longest_pause(watch)
        until = last_moment - (watch.ledger.longest_epoch_seconds or 0.0)
        watch.last_moment = last_moment
        self.is_nearer = watch.deadline is None or until <= watch.deadline
        watch.deadline = until if watch.deadline is None else min(watch.deadline, until)
        now = self._limited_at = self.clock()
        watch.early_deadline = now + max(watch.deadline - now, 0.0) / 2
        watch.most_new_machines = self._most_new_machines(share)
        if watch.most_new_machines == 0 and not watch.running and not self._has_workers:
            watch.deadline = min(watch.deadline, now)  # nothing can be ordered, and the head costs while it waits
        watch.spending = f"spent {usd(self.spent)} of {usd(self.usd)}, {usd(max(self.usd - self.spent, 0.0))} left"
        watch.notices += self.meter.notices[self._num_notices :]
        self._num_notices = len(self.meter.notices)
        self._check(watch, share, is_unpaid=is_first and self.meter.num_machines == self._num_at_first)
        if now - self._saved_at >= SAVE_SECONDS:
            try:
                self._save(self.kept_back + self.meter.charge_ahead(all_seconds=SAVE_SECONDS, worker_seconds=0))
            except StudyError as error:
                watch.abort(error)

    def close(self) -> list[str]:
        """Write down what this start has cost, with what is kept back; return what the user is told."""
        self.meter.look()
        since_training = self.clock() - (self._limited_at or self.clock())
        kept_back = self.meter.charge_ahead(
            all_seconds=max(self.vote_seconds - since_training, 0.0), worker_seconds=self.idle_seconds
        )
        try:
            self._save(kept_back)
        except (StudyError, StoredFileError) as error:  # raised, it would replace what has ended the search
            line = f"warning: what this start has cost is not written down, and does not count in the next: {error}"
            print(line, file=sys.stderr)
        bills = [
            f"{bill.num_machines} {machine} {bill.hours:.2f} h {usd(bill.usd)}"
            for machine, bill in self.meter.dearest_first()
        ]
        earlier = sum(cost.usd for cost in self.earlier)
        parts = [*bills, f"for the vote and {self.idle_seconds / 60:g} idle minutes of workers {usd(kept_back)}"]
        parts += [f"earlier starts {usd(earlier)}"] if earlier else []
        head = self.meter.head_usd_an_hour
        return [
            f"spent {usd(self.spent + kept_back)} of {usd(self.usd)}: {', '.join(parts)}",
            f"the head goes on costing {usd(head)} an hour until `ray down`, and so does each worker of min_workers",
        ]

    def shortage(self, watch: Watch, share: float = 1.0) -> ConfigError:
        """Return the error of a cap below one trial."""
        what = (
            f"{usd(self.spent)} are spent, {usd(self.kept_back)} kept back for the vote and for workers that stay idle"
        )
        given = f"got {usd(self.usd)}" + (f", of which the search has {share:g}" if share < 1 else "")
        seconds, epochs = watch.ledger.usual_epoch_seconds, watch.least_epochs or 1
        if not seconds:
            return ConfigError(f"--max-cost must pay for one trial, {given}, and not one epoch has ended: {what}")
        needed = self._usd_of(epochs * seconds)
        least = math.ceil(100 * (self.spent + self.kept_back + needed) / share) / 100
        return ConfigError(
            f"--max-cost must pay for one trial, {given}: {what}, and a trial takes about {usd(needed)} more (epochs: "
            f"{epochs}, of {seconds:.3g} s, at {usd(self.meter.usd_an_hour)} an hour). Name {least:.2f} or more"
        )

    def _most_new_machines(self, share: float) -> int | None:
        """Return how many more machines could be set up, used for USE_SECONDS, and be idle before they go.

        None where nobody knows what they would cost: it is that of the dearest kind which the autoscaler may take.
        """
        prices = self.meter.worker_prices() + prices_of_kinds(self.description, self.meter.prices)
        if not any(prices):
            return None
        until_used = 60 * SETUP_MINUTES + USE_SECONDS
        usd_of_one = max(prices) * (until_used + self.idle_seconds) / SECONDS_AN_HOUR
        return max(int((self._left(share) - self._usd_of(until_used)) / usd_of_one), 0)

    def _longest_pause(self, watch: Watch) -> float:
        """Return the longest time so far between two calls over the same stage, LONGEST_PAUSE_SECONDS at most."""
        if self._limited_at is not None and self._limited is watch:
            self._pause = max(self._pause, min(self.clock() - self._limited_at, LONGEST_PAUSE_SECONDS))
        self._limited = watch
        return self._pause

    def _left(self, share: float) -> float:
        """Return what may still be spent on training, USD."""
        return share * self.usd - self.spent - self.kept_back

    def _usd_of(self, seconds: float) -> float:
        """Return what all machines that are there cost for a while."""
        return seconds * self.meter.usd_an_hour / SECONDS_AN_HOUR

    def _check(self, watch: Watch, share: float, *, is_unpaid: bool) -> None:
        """Abort a stage that cannot end a trial, once its epochs are known: before a worker is there, and then.

        Not one whose machines are paid already, and that has something to vote with: its deadline ends that one.
        """
        has_workers, ledger = self._has_workers, watch.ledger
        is_spared = (share < 1 and ledger.ranked) or (not is_unpaid and ledger.can_vote)
        if ledger.longest_epoch_seconds is None or has_workers in self._checked or is_spared:
            return
        self._checked.add(has_workers)
        seconds, epochs = ledger.usual_epoch_seconds, watch.least_epochs
        if epochs is not None and self._left(share) < self._usd_of(epochs * seconds):
            watch.abort(self.shortage(watch, share))

    def _save(self, ahead: float) -> None:
        """Write what this start has cost, and `ahead` USD more; a study that is not there yet has no place for it."""
        self._saved_at = self.clock()
        if not files.exists(self.folder.manifest):
            return
        machines = tuple({**asdict(machine), **asdict(bill)} for machine, bill in self.meter.dearest_first())
        own = StartCost(
            generation=self.generation,
            began=self._began,
            until=self._saved_at,
            usd=self.meter.usd + ahead,
            machines=machines,
        )
        write_costs(self.folder, (*self.earlier, own))

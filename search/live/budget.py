"""What is used of a stage's budget and what is left of it: trials, time, money, machines."""

import time
from collections import Counter

from core.gauge import bar, duration
from core.live import Line, Piece, fitted
from search.watch import Watch

BAR_WIDTH = 24
LEAST_WIDTH_OF_BARS = 72


class BudgetLines:
    """Reckons and words the upper lines of the live view."""

    def __init__(self, watch: Watch, unit: str, began: float, *, is_ascii: bool) -> None:
        """Begin to count.

        Args:
            watch: the stage's state.
            unit: what its trials are called.
            began: the command, seconds since 1970.
            is_ascii: whether the terminal has plain letters alone.
        """
        self._watch = watch
        self._unit = unit
        self._began = began
        self._is_ascii = is_ascii
        self._stage_began = time.time()
        self._num_before = watch.ledger.num_ended
        self.counts = Counter(record.state for record in watch.ledger.ended)
        """Of ended trials by state; who reports ends counts on."""

    def lines(self, width: int) -> list[Line]:
        """Return the lines, the most important first."""
        lines = [self._trials(width), self._time(width)]
        if self._watch.spending:
            lines.append(fitted("money", [(0, (self._watch.spending, ""))], width))
        if self._watch.machines:
            lines.append(fitted("machines", [(0, (self._watch.machines.removeprefix("machines: "), ""))], width))
        return lines

    def _trials(self, width: int) -> Line:
        """Return how many have ended, of how many, and how."""
        num_ended, total = self._watch.ledger.num_ended, self._watch.num_trials
        how = f"{num_ended} of {total}" if total is not None else f"{num_ended} so far"
        line = fitted(
            self._unit,
            [
                (0, (how, "bold")),
                (3, (_counted(self.counts["complete"], "complete"), "green")),
                (2, (_counted(self.counts["pruned"], "pruned"), "yellow")),
                (1, (_counted(self.counts["failed"], "failed"), "bold red")),
                (1, (self._what_ends_it(), "bold yellow")),
            ],
            width,
            reserved=_bar_room(width),
        )
        return self._with_bar(line, width, None if total is None else num_ended / max(total, 1))

    def _what_ends_it(self) -> str:
        """Return why nothing more is begun; nothing as long as it is."""
        if self._watch.stop_reason == "interrupted":
            return "stopping"
        if self._watch.stop_reason is not None:
            return "ending"
        return "time is up: last epochs" if self._watch.is_time_up and self._watch.running else ""

    def _time(self, width: int) -> Line:
        """Return the time used, of how much, and about how much is left."""
        now, deadline = time.time(), self._watch.deadline
        used, left = f"{duration(now - self._began)} so far", self.seconds_left()
        has_end = deadline is not None and deadline != float("inf")
        share = None
        if has_end and deadline is not None:
            share = (now - self._began) / max(deadline - self._began, 1.0)
            used = f"{duration(now - self._began)} of {duration(max(deadline - self._began, 0.0))}"
        line = fitted(
            "time",
            [(1, (used, "bold")), (0, ("" if left is None else f"about {duration(left)} left", ""))],
            width,
            reserved=_bar_room(width),
        )
        return self._with_bar(line, width, share)

    def seconds_left(self) -> float | None:
        """Return the time left at this start's pace, within the time budget; None before the first end."""
        watch, num_ended = self._watch, self._watch.ledger.num_ended
        until_deadline = None if watch.deadline is None else max(watch.deadline - time.time(), 0.0)
        num_new = num_ended - self._num_before
        if watch.num_trials == num_ended or watch.stop_reason is not None:
            return None
        if watch.num_trials is None or num_new == 0:
            return None if until_deadline == float("inf") else until_deadline
        pace = (time.time() - self._stage_began) / num_new
        by_trials = pace * max(watch.num_trials - num_ended, 0)
        return by_trials if until_deadline is None else min(by_trials, until_deadline)

    def _with_bar(self, line: Line, width: int, share: float | None) -> Line:
        """Return a line with a bar after its first piece, in a column of its own; where it is narrow, without."""
        if width < LEAST_WIDTH_OF_BARS:
            return line
        label, first, *rest = line
        room: Piece = (" " * max(16 - len(first[0]), 2), "")
        if share is None:
            return [label, first, *rest]
        done, left = bar(share, BAR_WIDTH, is_ascii=self._is_ascii)
        return [label, first, room, (done, "cyan"), (left, "dim"), *rest]


def _bar_room(width: int) -> int:
    """Return the columns that a bar takes with its gap."""
    return BAR_WIDTH + 16 if width >= LEAST_WIDTH_OF_BARS else 0


def _counted(num: int, what: str) -> str:
    """Return a count with its word, nothing for none."""
    return f"{num} {what}" if num else ""

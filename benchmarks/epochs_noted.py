"""What `benchmarks/epoch_log` has noted of a search: epochs begun, ended, and begun again."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class EpochsNoted:
    """Epochs of a search, over all processes that trained any."""

    num_begun: int
    """Those that were cut short count as whole ones."""
    num_ended_twice: int
    """Epochs that were trained to their end more than once."""
    num_from_scratch: int
    """What all attempts but each trial's last had come to: so many epochs would go to waste without checkpoints."""


def read_epochs(log: Path, seeds: Collection[int]) -> EpochsNoted:
    """Count the epochs of the trials that have these seeds; of a line that was cut short, nothing."""
    lines = log.read_text().splitlines() if log.exists() else []
    notes = [note for note in map(json.loads, lines) if note["seed"] in seeds]
    ended = Counter((note["seed"], note["epoch"]) for note in notes if note["event"] == "ended")
    begun = [note for note in notes if note["event"] == "begun"]
    reached = {(note["seed"], note["process"]): note["epoch"] for note in begun}
    last = {note["seed"]: note["process"] for note in begun}
    return EpochsNoted(
        num_begun=len(begun),
        num_ended_twice=sum(count > 1 for count in ended.values()),
        num_from_scratch=sum(epoch for (seed, process), epoch in reached.items() if last[seed] != process),
    )

"""A search space's knobs as axes: where a value lies, and which values are written beside it."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from core.config import AugmentConfig, TrainConfig
from core.store.records import TrialRecord
from search.page.words import number

NETWORK, TRAINING, AUGMENTATION, OTHERS = "The network", "The training", "The augmentation", "Knobs of the study's own"
NETWORK_WORDS = ("num_blocks", "filters", "kernel_size", "convs", "batch_norm", "leaky_relu", "block_drop", "dense_")
TRAINING_WORDS = (*(field.name for field in fields(TrainConfig)), "log2_batch_size", "ema")
AUGMENTATION_WORDS = tuple(field.name for field in fields(AugmentConfig))


@dataclass(frozen=True, kw_only=True)
class Knob:
    """What the sampler could choose under one name, over all trials that were asked for it."""

    name: str
    choices: tuple[Any, ...] = ()
    """Of a categorical knob."""
    low: float = 0.0
    high: float = 0.0
    is_log: bool = False
    is_whole: bool = False
    """True for whole numbers."""

    def place(self, value: Any) -> float:
        """Return where a value lies between the lowest, 0, and the highest, 1; a knob of one value has it at 0.5."""
        if self.choices:
            return self.choices.index(value) / (len(self.choices) - 1) if len(self.choices) > 1 else 0.5
        if self.high <= self.low:
            return 0.5
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    @property
    def ticks(self) -> list[tuple[float, str]]:
        """Places with the values that are written there."""
        if self.choices:
            return [(self.place(choice), number(choice)) for choice in self.choices]
        if self.high <= self.low:
            return [(0.5, number(self.low))]
        middle = math.sqrt(self.low * self.high) if self.is_log else (self.low + self.high) / 2
        values = (self.low, round(middle) if self.is_whole else middle, self.high)
        return [(self.place(value), f"{value:.3g}") for value in dict.fromkeys(values)]

    @property
    def group(self) -> str:
        """What the knob belongs to."""
        for group, words in ((AUGMENTATION, AUGMENTATION_WORDS), (TRAINING, TRAINING_WORDS), (NETWORK, NETWORK_WORDS)):
            if self.name.startswith(words):
                return group
        return OTHERS


GROUPS = (NETWORK, TRAINING, AUGMENTATION, OTHERS)


def knobs_of(records: Iterable[TrialRecord]) -> list[Knob]:
    """Return all knobs of the trials, in the order in which they were first asked."""
    texts: dict[str, dict[str, None]] = {}
    for record in records:
        for name, text in record.distributions.items():
            texts.setdefault(name, {})[text] = None
    return [_knob(name, [json.loads(text) for text in found]) for name, found in texts.items()]


def _knob(name: str, distributions: Sequence[dict[str, Any]]) -> Knob:
    """Return a knob with the union of its ranges, which may differ from trial to trial."""
    ranges = [found["attributes"] for found in distributions]
    is_whole = all(found["name"] == "IntDistribution" for found in distributions)
    choices: list[Any] = []
    for each in ranges:
        choices += [choice for choice in each.get("choices", ()) if choice not in choices]
    if choices or any("low" not in each for each in ranges):
        return Knob(name=name, choices=_in_order(choices))
    is_log = all(each.get("log") and each["low"] > 0 for each in ranges)
    low, high = min(each["low"] for each in ranges), max(each["high"] for each in ranges)
    return Knob(name=name, low=low, high=high, is_log=is_log, is_whole=is_whole)


def _in_order(choices: list[Any]) -> tuple[Any, ...]:
    """Return numbers ascending, anything else as it was given."""
    are_numbers = all(type(choice) in (int, float) for choice in choices)
    return tuple(sorted(choices)) if are_numbers else tuple(choices)

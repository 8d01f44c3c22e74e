"""Studies of records that nobody trained, for pages."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from benchmarks.made_up import made_up_report
from core.config import Config, TrainConfig
from core.store.manifest import Manifest, write_manifest
from core.store.records import TrialRecord, write_record
from core.store.study import StudyFolder, trial_id_of

EPOCHS = 10
BEGAN = 1_700_000_000.0
SPACE: dict[str, BaseDistribution] = {
    "learning_rate": FloatDistribution(1e-4, 1e-1, log=True),
    "num_blocks": IntDistribution(2, 3),
    "rotation_degrees": FloatDistribution(0.0, 20.0),
    "schedule": CategoricalDistribution(("plateau", "cosine")),
    "head": CategoricalDistribution(("flat", "pooled", None)),
}


def make_record(number: int = 0, losses: Sequence[float] = (0.3, 0.2), **changes: Any) -> TrialRecord:
    """Return a record of epochs of one second each, which began at second `number`."""
    config = changes.pop("config", Config(train=TrainConfig(epochs=EPOCHS)).to_json())
    fields: dict[str, Any] = {
        "number": number,
        "trial_id": trial_id_of(number),
        "config": config,
        "seed": number,
        "state": "complete",
        "epochs": tuple(made_up_report(epoch, loss) for epoch, loss in enumerate(losses, start=1)),
        "node": "here",
        "generation": 1,
        "started": BEGAN + number,
        "ended": BEGAN + number + len(losses) + 1,
        "user_attrs": {"origin": "sampler"},
    }
    return TrialRecord(**fields | changes)


def drawn_params(number: int, space: dict[str, BaseDistribution] = SPACE) -> dict[str, Any]:
    """Return a record's params and distributions, drawn at random."""
    rng = np.random.default_rng(number)
    params: dict[str, Any] = {}
    for name, found in space.items():
        if isinstance(found, CategoricalDistribution):
            params[name] = found.choices[rng.integers(len(found.choices))]
        elif isinstance(found, IntDistribution):
            params[name] = int(rng.integers(found.low, found.high + 1))
        elif isinstance(found, FloatDistribution):
            share, low, high = rng.random(), found.low, found.high
            params[name] = low * (high / low) ** share if found.log else low + (high - low) * share
    return {"params": params, "distributions": {name: distribution_to_json(found) for name, found in space.items()}}


def make_search(num_trials: int, num_kinds: int = 5) -> list[TrialRecord]:
    """Return complete, pruned, cut, failed and running trials in turn, or the first few of these kinds.

    A trial's log-loss depends on its learning rate alone.
    """
    return [_of_kind(number, number % num_kinds) for number in range(num_trials)]


def write_search(folder: StudyFolder, records: Iterable[TrialRecord], **changes: Any) -> StudyFolder:
    """Write a study of these records."""
    manifest: dict[str, Any] = {
        "name": "first",
        "command": "search",
        "settings": {},
        "arguments": (),
        "data": {
            "name": "made up", "fingerprint": "f", "num_train": 100, "num_test": 5,
            "image_shape": [8, 8, 1], "num_classes": 10,
        },
        "split": {"method": "0.2", "seed": 0, "fingerprint": "s", "num_train": 80, "num_holdout": 20},
        "seed": 0,
        "revision": "",
    }  # fmt: skip
    write_manifest(folder.manifest, Manifest(**manifest | changes))
    for record in records:
        write_record(folder.trial(record.trial_id).record, record)
    return folder


def folder_at(path: Path) -> StudyFolder:
    return StudyFolder(str(path))


def _of_kind(number: int, kind: int) -> TrialRecord:
    """Return a trial that ended in one of five ways."""
    memory = drawn_params(number)
    level = 0.02 + abs(np.log10(memory["params"]["learning_rate"]) + 3) / 10
    losses = [float(level + 0.3 / epoch) for epoch in range(1, EPOCHS + 1)]
    match kind:
        case 0:
            return make_record(number, losses, **memory)
        case 1:
            attrs = {"origin": "sampler", "reason": "pruner"}
            return make_record(number, losses[: 1 if number % 2 else 4], state="pruned", user_attrs=attrs, **memory)
        case 2:
            attrs = {"origin": "sampler", "reason": "time budget"}
            return make_record(number, losses[:3], state="pruned", user_attrs=attrs, **memory)
        case 3:
            return make_record(number, losses[:2], state="failed", error="TrainingError: loss is NaN", **memory)
        case _:
            return make_record(number, losses[:2], state="running", ended=None, **memory)

"""Trials and committees written by hand, without a cluster."""

import dataclasses
from typing import Any

import numpy as np

from benchmarks.made_up import made_up_report
from core.config import Config, ModelConfig, TrainConfig
from core.data.split import Split
from core.store.records import TrialRecord, TrialState
from core.store.study import trial_id_of

FILTERS = ((4,), (5,), (6,), (7,), (8,), (9,))
"""Of configurations that differ, by number."""


def config_of(number: int, **train: Any) -> Config:
    """Return a small configuration unlike those of other numbers."""
    model = ModelConfig(filters=FILTERS[number], convs_per_block=(1,), kernel_sizes=(3,))
    return Config(model=model, train=TrainConfig(**({"epochs": 4, "batch_size": 16} | train)))


def record_of(
    number: int,
    log_loss: float = 0.5,
    *,
    state: TrialState = "complete",
    num_epochs: int = 4,
    config: Config | None = None,
    **fields: Any,
) -> TrialRecord:
    """Return a trial that had this log-loss in every epoch."""
    record = TrialRecord(
        number=number,
        trial_id=trial_id_of(number),
        config=(config or config_of(number)).to_json(),
        seed=number,
        state=state,
        epochs=tuple(made_up_report(epoch, log_loss) for epoch in range(1, num_epochs + 1)),
    )
    return dataclasses.replace(record, **fields)


def split_of(num_train: int, num_holdout: int = 10) -> Split:
    """Return a split of so many rows."""
    rows = np.arange(num_train + num_holdout)
    return Split(
        train_rows=rows[:num_train],
        holdout_rows=rows[num_train:],
        method="fold of 2",
        fingerprint="made",
        num_left_out=0,
    )

"""Which knobs tell good trials from the others: Optuna's PED-ANOVA, and what it says where there is nothing to find."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import optuna
from optuna.trial import TrialState

from core.store.records import TrialRecord
from search.page.evaluator import ped_anova
from search.study import frozen_trial

if TYPE_CHECKING:
    from optuna.importance import PedAnovaImportanceEvaluator

LEAST_TRIALS = 10
"""With fewer, five good ones would be more than half of all."""
LEAST_GOOD = 5
"""Trials that count as good, at least: PED-ANOVA's authors ask for so many."""
GOOD_SHARE = 0.1
"""Of many trials so many count as good: Optuna's default."""
MOST_TRIALS = 500
"""Beyond, trials at even distances stand for all: 25 knobs take 0.03 s among so many, and are looked at 21 times."""
NUM_SHUFFLES = 20
"""How often values are dealt to the trials anew: each knob's largest share among them is what chance alone reaches."""


@dataclass(frozen=True, kw_only=True)
class Importance:
    """Shares of knobs, most important first."""

    shares: dict[str, float]
    """They add up to 1."""
    by_chance: dict[str, float]
    """The largest share that a knob had where values were dealt to the trials at random."""
    num_trials: int
    """That were looked at."""
    num_good: int
    """Of these, counted as good."""

    @property
    def beyond_chance(self) -> list[str]:
        """Knobs whose share is larger than chance's."""
        return [name for name, share in self.shares.items() if share > self.by_chance[name]]


def importance_of(
    records: Sequence[TrialRecord], value_of: Callable[[TrialRecord], float], *, seed: int = 0
) -> Importance | None:
    """Return what PED-ANOVA makes of the trials; None of too few, or where no knob varies.

    Args:
        records: of the search; those without knobs of the sampler's are left out.
        value_of: what is small for a good trial.
        seed: of the shuffles.

    Source: Watanabe et al., PED-ANOVA, IJCAI 2023; with knobs that not all trials have, as Optuna 5 does.
    """
    with_knobs = [record for record in records if record.params]
    if len(with_knobs) > MOST_TRIALS:
        places = np.linspace(0, len(with_knobs) - 1, MOST_TRIALS).round().astype(int)
        with_knobs = [with_knobs[place] for place in places]
    if len(with_knobs) < LEAST_TRIALS:
        return None
    values = np.array([value_of(record) for record in with_knobs])
    study = _study_of(with_knobs)
    num_good = max(LEAST_GOOD, round(GOOD_SHARE * len(values)))
    evaluator = ped_anova()(target_quantile=num_good / len(values))
    shares = _shares(evaluator, study, values)
    if sum(shares.values()) == 0:
        return None
    rng = np.random.default_rng(seed)
    by_chance = [_shares(evaluator, study, rng.permutation(values)) for _ in range(NUM_SHUFFLES)]
    return Importance(
        shares=shares,
        by_chance={name: max(found[name] for found in by_chance) for name in shares},
        num_trials=len(values),
        num_good=num_good,
    )


def _study_of(records: Sequence[TrialRecord]) -> optuna.Study:
    """Return a study in memory whose trials are numbered as the records come, all of them complete."""
    storage = optuna.storages.InMemoryStorage()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(storage=storage, direction="minimize")
    study_id = storage.get_study_id_from_name(study.study_name)
    for record in records:
        trial = frozen_trial(record)
        trial.state, trial.values = TrialState.COMPLETE, [0.0]
        storage.create_new_trial(study_id, trial)
    return study


def _shares(evaluator: "PedAnovaImportanceEvaluator", study: optuna.Study, values: np.ndarray) -> dict[str, float]:
    """Return each knob's share of all importance, the largest first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that less is better, and that some ranges have few trials
        found = evaluator.evaluate(study, target=lambda trial: float(values[trial.number]))
    total = sum(found.values())
    shares = {name: float(value) / total if total else 0.0 for name, value in found.items()}
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))

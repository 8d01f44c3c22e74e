"""--start-from: the best configurations of another study, as starts of this one."""

import warnings
from collections.abc import Iterable
from typing import Any

from optuna.trial import FixedTrial

from core.config import Config
from core.errors import ConfigError, StoredFileError, StudyError
from core.store import files
from core.store.bulk import read_each, uncollected
from core.store.filesystem import scheme_of
from core.store.records import TrialRecord, read_record
from core.store.study import StudyFolder
from search.domain import Domain
from search.space import params_of
from search.starts import Start, with_budget_of

NUM_INHERITED = 5
"""Configurations taken from the other study, its best."""


def find_study(name: str, runs: str) -> StudyFolder:
    """Return the study that --start-from names: a folder (or URL), or a name below --runs.

    Raises:
        StudyError: there is none.
    """
    folder = StudyFolder(name)
    if not scheme_of(name) and not files.exists(folder.manifest):
        below_runs = StudyFolder(files.join(runs, name))
        if files.exists(below_runs.manifest):
            return below_runs
    try:
        folder.require_exists()
    except StudyError as error:
        raise StudyError(f"--start-from: {error}") from error
    return folder


def inherited_starts(folder: StudyFolder, domain: Domain, name: str) -> list[Start]:
    """Return the best configurations of another study that fit this one's images and rows, best first, none twice.

    What this study's space can give becomes knobs, so that the sampler learns of it.

    Raises:
        StudyError: none of its trials is of use.
    """
    starts: list[Start] = []
    configs: list[Config] = []
    for record in _best_first(folder):
        config = _adapted(record, domain.base)
        if config is None or config in configs or not domain.takes(config):
            continue
        configs.append(config)
        origin = f"{name}/{record.trial_id}"
        params = _params_that_give(config, record, domain)
        starts.append(Start(origin=origin, params=params, config=config if params is None else None))
        if len(starts) == NUM_INHERITED:
            break
    if not starts:
        raise StudyError(
            f"--start-from {folder.url} must have a complete or pruned trial whose network fits these images, and has "
            "none. Leave the option out, or name another study"
        )
    return starts


def starts_to_json(starts: list[Start]) -> list[dict[str, Any]]:
    """Return what the manifest keeps, so that a study goes on without the one that it inherited from."""
    return [
        {"origin": start.origin, "params": start.params, "config": start.config.to_json() if start.config else None}
        for start in starts
    ]


def starts_from_json(raw: Iterable[dict[str, Any]]) -> list[Start]:
    """Read what `starts_to_json` returned.

    Raises:
        StoredFileError: it is something else.
    """
    try:
        return [
            Start(
                origin=str(item["origin"]),
                params=item["params"],
                config=None if item["config"] is None else Config.from_json(item["config"]),
            )
            for item in raw
        ]
    except (TypeError, KeyError, ConfigError) as error:
        raise StoredFileError(f"study.json: what was inherited must be configurations, and is not: {error}") from error


@uncollected()
def _best_first(folder: StudyFolder) -> list[TrialRecord]:
    """Return the readable records that have a score, by best holdout log-loss."""
    records = []
    urls = [folder.trial(trial_id).record for trial_id in folder.trial_ids()]
    for record in read_each(urls, read_record):
        if isinstance(record, Exception):
            continue
        if record.best is not None and record.state in ("complete", "pruned"):
            records.append((record.best.log_loss, record.number, record))
    return [record for *_, record in sorted(records, key=lambda item: item[:2])]


def _adapted(record: TrialRecord, base: Config) -> Config | None:
    """Return the record's configuration with this study's epochs, precision, views and choice of augmentation."""
    try:
        return with_budget_of(base, Config.from_json(record.config))
    except ConfigError:
        return None


def _params_that_give(config: Config, record: TrialRecord, domain: Domain) -> dict[str, Any] | None:
    """Return the knobs with which the space gives `config`, None where it cannot."""
    for params in (record.params, params_of(config, domain.base, num_train_rows=domain.num_train_rows)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Optuna warns of a value outside the knob's range
            try:
                if domain.suggest(FixedTrial(params)) == config:
                    return dict(params)
            except Exception:  # one's own space may raise anything over knobs that it does not know
                continue
    return None

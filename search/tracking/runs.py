"""A study as runs of MLflow: one of its own, and below it one for each trial and each training of its committee."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.credentials import without_credentials
from core.errors import ConfigError
from core.store.curves import flat_config, moments_of, values_of
from core.store.manifest import Manifest
from core.store.records import ENDED, TrialRecord
from ensemble.result import VoteResult

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

STUDY, TRIAL, STATE, EPOCHS = "softvote.study", "trial_id", "state", "softvote.epochs"
"""Tags by which a later start finds its runs and what they have."""
PARENT = "mlflow.parentRunId"
MOST_PARAMS = 100
"""In one request, as the protocol has it."""
MOST_EPOCHS = 100
"""In one request; it may have 1,000 values."""
MOST_LETTERS = 5000
PAGE = 1000


@dataclass(kw_only=True)
class _Sent:
    """A run, and what it has."""

    run_id: str
    num_epochs: int
    state: str | None


class StudyRuns:
    """The runs of one study; each call takes as long as the server does, and raises what MLflow's client raises."""

    def __init__(self, client: "MlflowClient", manifest: Manifest) -> None:
        """Name the study by what stays the same over its starts."""
        self._client = client
        self._manifest = manifest
        self._study = f"{manifest.name}-{manifest.created:.6f}"
        self._experiment = ""
        self._parent: str | None = None
        self._sent: dict[str, _Sent] = {}

    def check(self) -> None:
        """Raise ConfigError where the study's experiment cannot be written."""
        name = self._manifest.name
        found = self._client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage != "active":
            raise ConfigError(
                f"--mlflow: the experiment {name} must not be deleted there. Restore it (mlflow experiments restore "
                f"--experiment-id {found.experiment_id}), or name another --study"
            )

    def send(self, record: TrialRecord) -> None:
        """Let a trial's run have what the record has."""
        self._open()
        sent = self._sent.get(record.trial_id)
        if sent is None:
            sent = self._sent[record.trial_id] = self._create(record)
        elif sent.state == record.state and sent.num_epochs >= len(record.epochs):
            return
        elif sent.state in ENDED and not record.has_ended:
            self._client.update_run(sent.run_id, status="RUNNING")
        self._send_epochs(sent, record)
        if record.has_ended:
            status = "FAILED" if record.state == "failed" else "FINISHED"
            ended = None if record.ended is None else _milliseconds(record.ended)
            self._client.set_terminated(sent.run_id, status=status, end_time=ended)
        sent.state = record.state

    def conclude(self, status: str, vote: VoteResult | None, ensemble_json: str | None) -> None:
        """Let the study's own run end, with the vote where there is one."""
        self._open()
        assert self._parent is not None, "opened"
        if vote is not None:
            self._client.log_batch(self._parent, metrics=_metrics(_scores(vote), 0, _milliseconds(time.time())))
        self._client.set_terminated(self._parent, status=status)
        if ensemble_json is not None:  # last: not every server takes files
            self._client.log_text(self._parent, ensemble_json, "ensemble/ensemble.json")

    def _open(self) -> None:
        """Find the study's runs, or make what is not there."""
        if self._parent is not None:
            return
        name = self._manifest.name
        found = self._client.get_experiment_by_name(name)
        self._experiment = self._client.create_experiment(name) if found is None else found.experiment_id
        parent = None
        for run in self._runs():
            tags = run.data.tags
            if TRIAL in tags:
                known = _Sent(run_id=run.info.run_id, num_epochs=int(tags.get(EPOCHS, 0)), state=tags.get(STATE))
                self._sent[tags[TRIAL]] = known
            else:
                parent = run.info.run_id
        if parent is None:
            parent = self._create_parent()
        else:
            self._client.update_run(parent, status="RUNNING")
        self._parent = parent

    def _runs(self) -> list[Any]:
        """Return all of the study's runs."""
        runs: list[Any] = []
        token = None
        while True:
            page = self._client.search_runs(
                [self._experiment], f"tags.`{STUDY}` = '{self._study}'", max_results=PAGE, page_token=token
            )
            runs += page
            token = page.token
            if not token:
                return runs

    def _create_parent(self) -> str:
        """Make the study's own run."""
        manifest = self._manifest
        tags = {STUDY: self._study, "revision": manifest.revision, "data": str(manifest.data["fingerprint"])}
        run = self._client.create_run(
            self._experiment, start_time=_milliseconds(manifest.created), tags=tags, run_name=manifest.name
        )
        settings = {name: value for name, value in manifest.settings.items() if value is not None and name != "mlflow"}
        self._send_params(run.info.run_id, settings)
        return str(run.info.run_id)

    def _create(self, record: TrialRecord) -> _Sent:
        """Make a trial's run."""
        assert self._parent is not None, "opened"
        tags = {STUDY: self._study, PARENT: self._parent, TRIAL: record.trial_id}
        run = self._client.create_run(
            self._experiment, start_time=_milliseconds(record.started), tags=tags, run_name=record.trial_id
        )
        return _Sent(run_id=run.info.run_id, num_epochs=0, state=None)

    def _send_epochs(self, sent: _Sent, record: TrialRecord) -> None:
        """Send the epochs that the run lacks, the first of them with the configuration, and how the trial stands."""
        if not sent.num_epochs and (record.epochs or record.has_ended):  # before it, the precision is not decided
            self._send_params(sent.run_id, flat_config(record.config))
        moments = moments_of(record)
        tags = {STATE: record.state, "node": record.node, "error": record.error}
        tags |= {name: record.user_attrs.get(name) for name in ("origin", "reason")}
        for first in range(sent.num_epochs, max(len(record.epochs), sent.num_epochs + 1), MOST_EPOCHS):
            epochs = record.epochs[first : first + MOST_EPOCHS]
            metrics = [
                metric
                for epoch in epochs
                for metric in _metrics(values_of(epoch), epoch.epoch, _milliseconds(moments[epoch.epoch]))
            ]
            tags[EPOCHS] = str(first + len(epochs))
            self._client.log_batch(sent.run_id, metrics=metrics, tags=_tags(tags))
            sent.num_epochs = first + len(epochs)
        if record.has_ended and record.best is not None:
            best = {"trial/best_log_loss": record.best.log_loss, "trial/best_accuracy": record.best.accuracy}
            metrics = _metrics(best, record.best.epoch, _milliseconds(moments[-1]))
            self._client.log_batch(sent.run_id, metrics=metrics)

    def _send_params(self, run_id: str, values: dict[str, Any]) -> None:
        """Send what a run was made with."""
        from mlflow.entities import Param

        params = [Param(name, without_credentials(str(value))[:MOST_LETTERS]) for name, value in values.items()]
        for first in range(0, len(params), MOST_PARAMS):
            self._client.log_batch(run_id, params=params[first : first + MOST_PARAMS])


def _scores(vote: VoteResult) -> dict[str, float]:
    """Return the vote's scores on the rows that chose its members, and its honest ones where it has them."""
    scores = {
        "vote/log_loss": vote.vote.log_loss,
        "vote/accuracy": vote.vote.accuracy,
        "vote/errors": float(vote.vote.num_errors),
        "vote/rows": float(vote.vote.num_rows),
    }
    if vote.estimate is not None:
        honest = vote.estimate.parts[0].vote
        scores |= {"honest/accuracy": honest.accuracy, "honest/log_loss": honest.log_loss}
    return scores


def _metrics(values: dict[str, float], step: int, moment: int) -> list[Any]:
    """Return values at a step as MLflow has them."""
    from mlflow.entities import Metric

    return [Metric(name, value, moment, step) for name, value in values.items()]


def _tags(values: dict[str, Any]) -> list[Any]:
    """Return tags; an empty text takes back what an earlier start said."""
    from mlflow.entities import RunTag

    return [RunTag(name, str(value or "")[:MOST_LETTERS]) for name, value in values.items()]


def _milliseconds(seconds: float) -> int:
    """Return MLflow's unit of time."""
    return int(seconds * 1000)

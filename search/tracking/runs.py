"""A study as runs of MLflow: one of its own, and below it one for each trial and each training of its committee."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.credentials import without_credentials
from core.errors import ConfigError
from core.store.curves import flat_config, moments_of, values_of
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from ensemble.result import VoteResult
from search.tracking.entities import MOST_LETTERS, metrics_of, milliseconds, scores_of, tags_of

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

STUDY, TRIAL, STATE, EPOCHS = "softvote.study", "trial_id", "state", "softvote.epochs"
"""Tags by which a later start finds its runs and what they have."""
CHANGED = "changed/"
"""Before the name of a parameter, in the tag of what it has become."""
PARENT = "mlflow.parentRunId"
RUNNING = "RUNNING"
MOST_PARAMS = 100
"""In one request, as the protocol has it."""
MOST_EPOCHS = 100
"""In one request; it may have 1,000 values."""
PAGE = 1000


@dataclass(kw_only=True)
class _Sent:
    """A run, and what it has."""

    run_id: str
    known: dict[str, str] = field(default_factory=dict)
    """What it was made with, as it was said last."""
    status: str = "RUNNING"
    num_epochs: int = 0
    state: str | None = None

    def has_all_of(self, record: TrialRecord) -> bool:
        """True where there is nothing to send."""
        is_level = self.state == record.state and self.num_epochs >= len(record.epochs)
        return is_level and record.has_ended == (self.status != RUNNING)


class StudyRuns:
    """The runs of one study; each call takes as long as the server does, and raises what MLflow's client raises.

    A call that was not answered may have been done: after `forget`, the next one asks the server what it has.
    """

    def __init__(self, client: "MlflowClient", manifest: Manifest) -> None:
        """Name the study by what stays the same over its starts."""
        self._client = client
        self._manifest = manifest
        self._study = f"{manifest.name}-{manifest.created:.6f}"
        self._experiment = ""
        self._parent: _Sent | None = None
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

    def forget(self) -> None:
        """Ask the server anew what it has, before the next call."""
        self._parent = None
        self._sent.clear()

    def send_settings(self) -> None:
        """Let the study's own run have the settings, those that an earlier start had otherwise as tags."""
        parent = self._opened()
        if parent.status != RUNNING:
            self._run_again(parent)
        settings = self._manifest.settings
        given = {name for name, value in settings.items() if value is not None} | set(parent.known)
        self._send_params(parent, {name: value for name, value in settings.items() if name in given - {"mlflow"}})

    def send(self, record: TrialRecord) -> None:
        """Let a trial's run have what the record has."""
        parent = self._opened()
        sent = self._sent.get(record.trial_id)
        if sent is None:
            sent = self._sent[record.trial_id] = self._create(record, parent)
        elif sent.has_all_of(record):
            return
        elif sent.status != RUNNING and not record.has_ended:
            self._run_again(sent)
        if record.epochs or record.has_ended:
            self._send_params(sent, _decided(record))
        self._send_epochs(sent, record)
        if record.has_ended:
            sent.status = "FAILED" if record.state == "failed" else "FINISHED"
            ended = None if record.ended is None else milliseconds(record.ended)
            self._client.set_terminated(sent.run_id, status=sent.status, end_time=ended)
        sent.state = record.state

    def send_vote(self, vote: VoteResult) -> None:
        """Let the study's own run have the vote's scores."""
        self._client.log_batch(self._opened().run_id, metrics=metrics_of(scores_of(vote), 0, milliseconds(time.time())))

    def end(self, status: str) -> None:
        """Let the study's own run end."""
        self._client.set_terminated(self._opened().run_id, status=status)

    def send_file(self, ensemble_json: str) -> None:
        """Let the study's own run have the content of ensemble.json."""
        self._client.log_text(self._opened().run_id, ensemble_json, "ensemble/ensemble.json")

    def _opened(self) -> _Sent:
        """Return the study's own run; find the study's runs before, and make what is not there."""
        if self._parent is not None:
            return self._parent
        name = self._manifest.name
        found = self._client.get_experiment_by_name(name)
        self._experiment = self._client.create_experiment(name) if found is None else found.experiment_id
        parent = None
        for run in self._runs():
            sent = _sent_of(run)
            if TRIAL in run.data.tags:
                self._sent[run.data.tags[TRIAL]] = sent
            else:
                parent = sent
        if parent is None:
            parent = self._create_parent()
        self._parent = parent
        return parent

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

    def _create_parent(self) -> _Sent:
        """Make the study's own run."""
        manifest = self._manifest
        tags = {STUDY: self._study, "revision": manifest.revision, "data": str(manifest.data["fingerprint"])}
        run = self._client.create_run(
            self._experiment, start_time=milliseconds(manifest.created), tags=tags, run_name=manifest.name
        )
        return _Sent(run_id=run.info.run_id)

    def _create(self, record: TrialRecord, parent: _Sent) -> _Sent:
        """Make a trial's run."""
        tags = {STUDY: self._study, PARENT: parent.run_id, TRIAL: record.trial_id}
        run = self._client.create_run(
            self._experiment, start_time=milliseconds(record.started), tags=tags, run_name=record.trial_id
        )
        return _Sent(run_id=run.info.run_id)

    def _run_again(self, sent: _Sent) -> None:
        """Let a run that had ended be running."""
        self._client.update_run(sent.run_id, status=RUNNING)
        sent.status = RUNNING

    def _send_epochs(self, sent: _Sent, record: TrialRecord) -> None:
        """Send the epochs that the run lacks, and how the trial stands."""
        moments = moments_of(record)
        tags = {STATE: record.state, "node": record.node, "error": record.error}
        tags |= {name: record.user_attrs.get(name) for name in ("origin", "reason")}
        for first in range(sent.num_epochs, max(len(record.epochs), sent.num_epochs + 1), MOST_EPOCHS):
            epochs = record.epochs[first : first + MOST_EPOCHS]
            metrics = [
                metric
                for epoch in epochs
                for metric in metrics_of(values_of(epoch), epoch.epoch, milliseconds(moments[epoch.epoch]))
            ]
            tags[EPOCHS] = str(first + len(epochs))
            self._client.log_batch(sent.run_id, metrics=metrics, tags=tags_of(tags))
            sent.num_epochs = first + len(epochs)
        if record.has_ended and record.best is not None:
            best = {"trial/best_log_loss": record.best.log_loss, "trial/best_accuracy": record.best.accuracy}
            metrics = metrics_of(best, record.best.epoch, milliseconds(moments[-1]))
            self._client.log_batch(sent.run_id, metrics=metrics)

    def _send_params(self, sent: _Sent, values: dict[str, Any]) -> None:
        """Send what of a run's values it lacks, and what has become another as a tag: parameters stay."""
        from mlflow.entities import Param, RunTag

        texts = {name: without_credentials(str(value))[:MOST_LETTERS] for name, value in values.items()}
        params = [Param(name, text) for name, text in texts.items() if name not in sent.known]
        tags = [RunTag(CHANGED + name, text) for name, text in texts.items() if sent.known.get(name, text) != text]
        for first in range(0, max(len(params), len(tags)), MOST_PARAMS):
            part = slice(first, first + MOST_PARAMS)
            self._client.log_batch(sent.run_id, params=params[part], tags=tags[part])
        sent.known |= texts


def _sent_of(run: Any) -> _Sent:
    """Return what a run has that an earlier start made."""
    params, tags = run.data.params, run.data.tags
    changed = {name.removeprefix(CHANGED): text for name, text in tags.items() if name.startswith(CHANGED)}
    return _Sent(
        run_id=run.info.run_id,
        known=params | changed,
        status=run.info.status,
        num_epochs=int(tags.get(EPOCHS, 0)),
        state=tags.get(STATE),
    )


def _decided(record: TrialRecord) -> dict[str, Any]:
    """Return a configuration as far as it will not change: before the first epoch, a worker has yet to choose."""
    flat = flat_config(record.config)
    return flat if record.epochs else {name: value for name, value in flat.items() if value != "auto"}

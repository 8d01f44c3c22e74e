"""What a study becomes in MLflow's own local store, asked with MLflow's own client."""

import dataclasses
import re

import pytest

from core.config import Config
from core.errors import ConfigError
from core.store.manifest import Manifest
from core.store.records import ENDED as ENDED_STATES
from core.store.records import TrialRecord, TrialState
from search.tracking.runs import StudyRuns
from search.tracking.server import open_client
from tests.core.store.test_curves import ENDED, RUNNING, after

pytestmark = pytest.mark.slow
pytest.importorskip("mlflow", reason="needs the extra mlflow")
MANIFEST = Manifest(
    name="first",
    command="search",
    settings={"trials": 12, "study": "first", "mlflow": "sqlite://", "top_k": None},
    arguments=(),
    data={"name": "digits", "fingerprint": "d", "num_train": 1},
    split={"method": "tail", "fingerprint": "s"},
    seed=0,
)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # where a local store keeps its artifacts
        yield open_client(f"sqlite:///{folder}/mlflow.db")


def runs_of(client, name="first"):
    experiment = client.get_experiment_by_name(name)
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id], max_results=100)}


def history_of(client, run) -> list[tuple[int, float]]:
    return [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "holdout/log_loss")]


def test_trial_is_a_nested_run_that_later_starts_go_on_with(client):
    for epochs in (range(3), range(3, 6), range(5, 8)):  # each start knows nothing of the one before
        runs = StudyRuns(client, MANIFEST)
        runs.send_settings()
        for num_epochs in epochs:
            runs.send(after(num_epochs))
        found = runs_of(client)
        assert set(found) == {"first", "t000003"}
        assert history_of(client, found["t000003"]) == [(e.epoch, e.log_loss) for e in after(max(epochs)).epochs]
        assert found["t000003"].info.status == "RUNNING"
    runs.send(ENDED)
    trial, parent = runs_of(client)["t000003"], runs_of(client)["first"]
    assert trial.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert {name: trial.data.tags[name] for name in ("state", "reason", "origin", "trial_id")} == {
        "state": "pruned", "reason": "pruner", "origin": "notebook", "trial_id": "t000003",
    }  # fmt: skip
    assert trial.data.params["train.batch_size"] == str(Config().train.batch_size)
    assert trial.data.params["model.filters"] == "32,64"
    assert ENDED.best is not None
    assert trial.data.metrics["trial/best_log_loss"] == ENDED.best.log_loss
    assert (trial.info.status, trial.info.end_time) == ("FINISHED", 110_000)
    assert parent.data.params == {"trials": "12", "study": "first"}


def test_all_states_are_told_truthfully(client):
    manifest = dataclasses.replace(MANIFEST, name="states")
    runs = StudyRuns(client, manifest)
    statuses: dict[TrialState, str] = {
        "complete": "FINISHED",
        "pruned": "FINISHED",
        "failed": "FAILED",
        "running": "RUNNING",
    }
    assert set(statuses) == {*ENDED_STATES, "running"}
    for state in statuses:
        error = "ValueError: no" if state == "failed" else None
        runs.send(dataclasses.replace(RUNNING, trial_id=state, state=state, error=error))
    found = runs_of(client, "states")
    assert {name: found[name].info.status for name in statuses} == statuses
    assert {name: found[name].data.tags["state"] for name in statuses} == {name: name for name in statuses}
    assert found["failed"].data.tags["error"] == "ValueError: no"


def test_trial_that_goes_on_after_a_time_budget_runs_again(client):
    manifest = dataclasses.replace(MANIFEST, name="budget")
    cut: TrialRecord = dataclasses.replace(ENDED, epochs=ENDED.epochs[:4], user_attrs={"reason": "time budget"})
    StudyRuns(client, manifest).send(cut)
    assert runs_of(client, "budget")["t000003"].info.status == "FINISHED"
    StudyRuns(client, manifest).send(after(5))
    trial = runs_of(client, "budget")["t000003"]
    assert (trial.info.status, trial.data.tags["reason"]) == ("RUNNING", "")
    assert [step for step, _ in history_of(client, trial)] == [1, 2, 3, 4, 5]


def test_another_study_of_the_name_has_runs_of_its_own(client):
    manifest = dataclasses.replace(MANIFEST, name="again")
    for created in (1.0, 2.0):
        StudyRuns(client, dataclasses.replace(manifest, created=created)).send(ENDED)
    experiment = client.get_experiment_by_name("again")
    assert len(client.search_runs([experiment.experiment_id])) == 4


def test_server_that_does_not_answer_is_refused_in_one_line():
    with pytest.raises(ConfigError, match=r"--mlflow must name a server that answers .* got http://\*\*\*@") as raised:
        open_client("http://me:secret@127.0.0.1:9")
    assert "secret" not in str(raised.value)
    assert str(raised.value).endswith("Connection refused")


def test_end_of_a_study_has_the_file_of_its_vote(client):
    manifest = dataclasses.replace(MANIFEST, name="end")
    runs = StudyRuns(client, manifest)
    runs.end("FINISHED")
    runs.send_file('{"format": 1}')
    run = runs_of(client, "end")["end"]
    assert run.info.status == "FINISHED"
    assert [file.path for file in client.list_artifacts(run.info.run_id, "ensemble")] == ["ensemble/ensemble.json"]
    StudyRuns(client, manifest).send_settings()
    assert runs_of(client, "end")["end"].info.status == "RUNNING"


def test_training_that_failed_before_its_precision_was_chosen_is_sent_again(client):
    manifest = dataclasses.replace(MANIFEST, name="precision")
    failed = dataclasses.replace(
        RUNNING, config=Config().to_json(), epochs=(), state="failed", error="no GPU", ended=2.0
    )
    assert failed.config["precision"] == "auto"
    StudyRuns(client, manifest).send(failed)
    trial = runs_of(client, "precision")["t000003"]
    assert "precision" not in trial.data.params
    assert trial.data.params["train.batch_size"] == str(Config().train.batch_size)
    again = dataclasses.replace(ENDED, config=Config().to_json() | {"precision": "float32"})
    StudyRuns(client, manifest).send(again)
    trial = runs_of(client, "precision")["t000003"]
    assert trial.data.params["precision"] == "float32"
    assert len(history_of(client, trial)) == len(ENDED.epochs)
    moved = dataclasses.replace(again, config=again.config | {"precision": "bfloat16"}, state="failed")
    StudyRuns(client, manifest).send(moved)
    trial = runs_of(client, "precision")["t000003"]
    assert (trial.data.params["precision"], trial.data.tags["changed/precision"]) == ("float32", "bfloat16")


def test_settings_are_sent_where_only_the_run_could_be_made_and_later_ones_are_tags(client, monkeypatch):
    manifest = dataclasses.replace(MANIFEST, name="settings")
    with monkeypatch.context() as patch:
        patch.setattr(type(client), "log_batch", fails)
        with pytest.raises(ConnectionError):
            StudyRuns(client, manifest).send_settings()
    assert runs_of(client, "settings")["settings"].data.params == {}
    for trials, tag in ((12, None), (24, "24"), (12, "12")):
        later = dataclasses.replace(manifest, settings=manifest.settings | {"trials": trials})
        StudyRuns(client, later).send_settings()
        run = runs_of(client, "settings")["settings"]
        assert run.data.params == {"trials": "12", "study": "first"}
        assert run.data.tags.get("changed/trials") == tag


@pytest.mark.parametrize("name", ["create_run", "log_batch", "set_terminated"])
def test_call_whose_answer_was_lost_is_not_done_twice(client, monkeypatch, name):
    manifest = dataclasses.replace(MANIFEST, name=f"lost-{name}")
    runs, call = StudyRuns(client, manifest), getattr(type(client), name)
    runs.send(after(2))

    def does_and_fails(*given, **named):
        call(*given, **named)
        fails()

    for record in (ENDED, dataclasses.replace(ENDED, trial_id="t000004")):
        with monkeypatch.context() as patch:
            patch.setattr(type(client), name, does_and_fails)
            if name != "create_run" or record.trial_id == "t000004":
                with pytest.raises(ConnectionError):
                    runs.send(record)
        runs.forget()
        runs.send(record)
        found = runs_of(client, f"lost-{name}")
        assert found[record.trial_id].info.status == "FINISHED"
        assert history_of(client, found[record.trial_id]) == [(e.epoch, e.log_loss) for e in ENDED.epochs]
    experiment = client.get_experiment_by_name(f"lost-{name}")
    assert len(client.search_runs([experiment.experiment_id])) == 3


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("foo://me:c4nary@host", r"got foo://\*\*\*@host$"),
        ("me:c4/nary@host", r"got \*\*\*@host$"),
        ("file:./runs", "got the folder file:./runs, which MLflow takes with MLFLOW_ALLOW_FILE_STORE=true in"),
        ("http://me:c4/nary@host", r"must have a / .* percent-encoded .*, got http://\*\*\*@host$"),
        ("postgresql://me:c4/nary@127.0.0.1:9/db", r"got postgresql://\*\*\*@127.0.0.1:9/db: "),
        ("mssql+pyodbc:///?odbc_connect=UID=me;PWD=c4nary", r"got mssql\+pyodbc:///\?odbc_connect=\*\*\*: "),
    ],
)
def test_uri_that_mlflow_cannot_use_is_refused_in_one_line(uri, words):
    with pytest.raises(ConfigError, match=words) as raised:
        open_client(uri)
    assert str(raised.value).startswith("--mlflow must ")
    assert len(str(raised.value)) < 400
    assert not re.search("c4|nary", str(raised.value))


def fails(*given: object, **named: object) -> None:
    raise ConnectionError("no answer")

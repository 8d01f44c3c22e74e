"""The real optuna-dashboard and the real TensorBoard on a study while it is written, asked over HTTP."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from core.store.curves import flat_config
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.views import keep_views

from .conftest import default_space
from .journals import search_some, train
from .test_steering import next_number

pytestmark = pytest.mark.slow
DEADLINE_SECONDS = 120
OPTUNA_WORDS = {"running": "Running", "complete": "Complete", "pruned": "Pruned", "failed": "Fail"}
ALL_STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]
Ask = Callable[..., Any]


@contextlib.contextmanager
def served(program: str, *words: str, cwd: Path) -> Iterator[Ask]:
    """Run a server of an extra on a free port of this machine; yield what asks it for JSON."""
    path = shutil.which(program, path=str(Path(sys.executable).parent))
    if path is None:
        pytest.skip(f"{program} is not installed: uv run --extra dashboard --extra tensorboard pytest ...")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (cwd / "server.log").open("wb") as log:
        server = subprocess.Popen([path, *words, "--port", str(port)], stdout=log, stderr=log)

    def ask(address: str, body: object = None, **query: str) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{port}{address}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    try:
        yield ask
    finally:
        server.terminate()
        server.wait(60)


def eventually(looks: Callable[[], object], expected: object) -> None:
    """Fail unless what is shown becomes what is expected: servers start, and look again every few seconds."""
    deadline, shown = time.monotonic() + DEADLINE_SECONDS, None
    while time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, KeyError, IndexError):
            shown = looks()
            if shown == expected:
                return
        time.sleep(0.5)
    assert shown == expected


def shown_by_dashboard(ask: Ask) -> list[tuple[object, ...]]:
    (study,) = ask("/api/studies")["study_summaries"]
    assert study["study_name"] == "first"
    return [
        (
            trial["number"],
            trial["state"],
            trial.get("values"),
            {value["step"]: value["value"] for value in trial["intermediate_values"]},
            {param["name"]: param["param_external_value"] for param in trial["params"]},
        )
        for trial in ask(f"/api/studies/{study['study_id']}")["trials"]
    ]


def expected_by_dashboard(records: list[TrialRecord]) -> list[tuple[object, ...]]:
    return [
        (
            record.number,
            OPTUNA_WORDS[record.state],
            [record.best.log_loss] if record.state == "complete" and record.best else None,
            {epoch.epoch: epoch.log_loss for epoch in record.epochs},
            {name: str(value) for name, value in record.params.items()},
        )
        for record in records
    ]


def test_dashboard_shows_the_trials_while_they_are_searched(make_steering, path, tmp_path):
    steering = make_steering(num_trials=9, space=default_space)
    with (
        keep_views(steering.ledger.folder, "first", steering.ledger),
        served("optuna-dashboard", str(path), cwd=tmp_path) as ask,
    ):
        number = next_number(steering)
        train(steering, number, 0.5, range(1, 3))
        eventually(lambda: shown_by_dashboard(ask), expected_by_dashboard(steering.ledger.records))
        train(steering, number, 0.5, range(3, 10))
        search_some(steering)
        records = steering.ledger.records
        assert {record.state for record in records} == {"running", "complete", "pruned", "failed"}
        eventually(lambda: shown_by_dashboard(ask), expected_by_dashboard(records))


def curve_of(ask: Ask, trial_id: str, tag: str) -> list[tuple[int, Any]]:
    points = ask("/data/plugin/scalars/scalars", run=trial_id, tag=tag)
    return [(step, pytest.approx(value, rel=1e-6)) for _, step, value in points]


def sessions_of(ask: Ask) -> dict[str, dict[str, Any]]:
    asked = {"experimentName": "", "allowedStatuses": ALL_STATUSES, "colParams": [], "startIndex": 0, "sliceSize": 100}
    groups = ask("/data/plugin/hparams/session_groups", asked)["sessionGroups"]
    return {group["name"]: group["hparams"] | {"status": group["sessions"][0]["status"]} for group in groups}


def test_tensorboard_shows_curves_while_they_grow_and_hyperparameters_at_the_end(make_steering, tmp_path):
    steering = make_steering(num_trials=9, space=default_space)
    folder: StudyFolder = steering.ledger.folder
    with (
        keep_views(folder, "first", steering.ledger),
        served("tensorboard", "--logdir", folder.trials, "--reload_interval", "1", cwd=tmp_path) as ask,
    ):
        number = next_number(steering)
        train(steering, number, 0.5, range(1, 3))
        first = steering.ledger[number].trial_id
        for num_epochs in (2, 9):
            if num_epochs > 2:
                train(steering, number, 0.5, range(3, 10))
            expected = [(epoch.epoch, epoch.log_loss) for epoch in steering.ledger[number].epochs]
            assert len(expected) == num_epochs
            eventually(lambda: curve_of(ask, first, "holdout/log_loss"), expected)
        search_some(steering)
        records = steering.ledger.records
        eventually(lambda: sorted(ask("/data/runs")), [r.trial_id for r in records if r.epochs or r.has_ended])
        ended = {record.trial_id: record for record in records if record.has_ended}
        eventually(lambda: {name: found["state"] for name, found in sessions_of(ask).items()},
                   {name: record.state for name, record in ended.items()})  # fmt: skip
        for name, found in sessions_of(ask).items():
            record = ended[name]
            assert found["status"] == ("STATUS_FAILURE" if record.state == "failed" else "STATUS_SUCCESS")
            assert {key: found[key] for key in flat_config(record.config)} == flat_config(record.config)
            if not record.epochs:
                continue
            for tag, of in (("train/loss", "loss"), ("holdout/accuracy", "accuracy"), ("train/seconds", "seconds")):
                assert curve_of(ask, name, tag) == [(e.epoch, getattr(e, of)) for e in record.epochs]

import dataclasses
import importlib.util
import threading

import pytest

from core.errors import ConfigError
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from search.tracking import tracker as module
from search.tracking.server import open_client, said
from search.tracking.tracker import Tracker, new_tracker, tracked
from tests.core.store.test_curves import ENDED, RUNNING, after

MANIFEST = Manifest(
    name="first",
    command="search",
    settings={},
    arguments=(),
    data={"name": "digits", "fingerprint": "d", "num_train": 1},
    split={"method": "tail", "fingerprint": "s"},
    seed=0,
)
URI = "http://me:secret@127.0.0.1:9"


class Server:
    """Stands for a server: takes what is sent, unless it is down or hangs."""

    def __init__(self) -> None:
        self.sent: list[TrialRecord] = []
        self.ends: list[str] = []
        self.is_down = False
        self.num_refused = 0
        self.has_refused_twice = threading.Event()
        self.answers = threading.Event()
        self.answers.set()

    def send(self, record: TrialRecord) -> None:
        self.answers.wait(60)
        if self.is_down:
            self.num_refused += 1
            if self.num_refused == 2:
                self.has_refused_twice.set()
            raise ConnectionError(f"no answer from {URI}/api")
        self.sent.append(record)

    def conclude(self, status, vote, ensemble_json) -> None:
        self.send(ENDED)
        self.sent.pop()
        self.ends.append(status)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def tracker(server) -> Tracker:
    return Tracker(server, URI)


def test_all_that_is_followed_is_sent_before_the_end(server, tracker, capsys):
    for num_epochs in range(8):
        tracker.follow(after(num_epochs))
    tracker.follow(ENDED)
    tracker.follow(dataclasses.replace(ENDED, trial_id="t000004"))
    tracker.close("FINISHED", None, within=60)
    assert server.sent[-1].trial_id == "t000004"
    assert ENDED in server.sent
    assert server.ends == ["FINISHED"]
    assert capsys.readouterr().err == ""


def test_server_that_hangs_holds_up_nothing_and_is_told_at_the_end(server, tracker, capsys):
    server.answers.clear()
    for record in (RUNNING, ENDED, dataclasses.replace(ENDED, trial_id="t000004")):
        tracker.follow(record)
    tracker.close("FINISHED", None, within=0.05)
    err = capsys.readouterr().err
    assert err.startswith("warning: MLflow at http://***@127.0.0.1:9: ")
    assert "could not be sent. The next start of the same command sends what is missing\n" in err
    server.answers.set()


def test_dead_server_costs_one_warning_without_its_password(server, tracker, capsys, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    server.is_down = True
    for num_epochs in range(8):
        tracker.follow(after(num_epochs))
    assert server.has_refused_twice.wait(60)
    err = capsys.readouterr().err
    server.is_down = False
    tracker.close("FINISHED", None, within=60)
    assert server.sent[-1].epochs == RUNNING.epochs
    assert server.ends == ["FINISHED"]
    assert err.count("\n") == 1
    assert "secret" not in err
    assert "http://***@127.0.0.1:9: no answer from http://***@127.0.0.1:9/api. The search goes on" in err


def test_tracked_tells_how_the_search_ended(server, make_steering):
    for error, status in ((None, "FINISHED"), (KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")):
        steering = make_steering(folder=status)
        steering.next_trial()
        with pytest.raises(error) if error else threading.Lock(), tracked(Tracker(server, URI), steering.ledger, 1):
            if error is not None:
                raise error
        assert server.ends[-1] == status
        assert not steering.ledger.followers


def test_search_goes_on_where_no_thread_can_be_started(server, make_steering, monkeypatch, capsys):
    def start(thread):
        raise RuntimeError("can't start new thread")

    steering = make_steering()
    steering.next_trial()
    monkeypatch.setattr(threading.Thread, "start", start)
    with tracked(Tracker(server, URI), steering.ledger, 1):
        steering.next_trial()
    told = capsys.readouterr().err
    assert told.startswith("warning: MLflow is not told of all of this study: RuntimeError: can't start new thread. ")
    assert told.count("\n") == 1
    assert len(steering.ledger.records) == 2


def test_tracked_without_mlflow_follows_nothing(make_steering):
    steering = make_steering()
    with tracked(None, steering.ledger, 1):
        assert not steering.ledger.followers


def test_missing_extra_is_told_before_anything(monkeypatch):
    assert new_tracker(None, MANIFEST) is None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="--mlflow needs the extra mlflow: uv run --extra mlflow -m search"):
        open_client(URI)


def test_what_a_server_said_is_one_short_line_without_credentials():
    error = ConnectionError("API request to http://me:secret@h failed: (Caused by X('C(host): refused [Errno 111]'))")
    assert said(error, URI) == "refused [Errno 111]"
    assert said(ValueError("me:s@cret@h\n" * 100), "http://me:s%40cret@h").count("cret") == 0
    assert len(said(ValueError("a " * 1000), URI)) < 210
    assert said(TimeoutError(), URI) == "TimeoutError"

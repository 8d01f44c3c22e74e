import dataclasses
import importlib.util
import threading

import pytest

from core.errors import ConfigError
from core.store.manifest import Manifest
from core.store.records import TrialRecord
from search.tracking import tracker as module
from search.tracking.server import is_refusal, open_client, said
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


class RefusalError(Exception):
    """What a server's own no looks like."""

    error_code = "INVALID_PARAMETER_VALUE"


class Server:
    """Stands for a server: takes what is sent, unless it is down, hangs, or does not like it."""

    def __init__(self) -> None:
        self.sent: list[TrialRecord] = []
        self.told: list[str] = []
        self.is_down = False
        self.refuses: set[str] = set()
        self.num_tries = 0
        self.num_forgotten = 0
        self.has_refused = threading.Event()
        self.has_failed_twice = threading.Event()
        self.answers = threading.Event()
        self.answers.set()

    def send(self, record: TrialRecord) -> None:
        self._ask(record.trial_id)
        self.sent.append(record)

    def send_settings(self) -> None:
        self._ask("settings")
        self.told.append("settings")

    def send_vote(self, vote: object) -> None:
        self._ask("vote")
        self.told.append("vote")

    def end(self, status: str) -> None:
        self._ask("end")
        self.told.append(status)

    def forget(self) -> None:
        self.num_forgotten += 1

    def _ask(self, what: str) -> None:
        self.answers.wait(60)
        self.num_tries += 1
        if self.is_down:
            if self.num_tries == 2:
                self.has_failed_twice.set()
            raise ConnectionError(f"no answer from {URI}/api")
        if what in self.refuses:
            self.has_refused.set()
            raise RefusalError(f"{what} has {URI} in it")


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
    assert server.told == ["FINISHED"]
    assert capsys.readouterr().err == ""


def test_server_that_hangs_holds_up_nothing_and_is_told_at_the_end(server, tracker, capsys):
    server.answers.clear()
    for record in (RUNNING, ENDED, dataclasses.replace(ENDED, trial_id="t000004")):
        tracker.follow(record)
    tracker.close("FINISHED", None, within=0.05)
    err = capsys.readouterr().err
    assert err.startswith("warning: MLflow at http://***@127.0.0.1:9: ")
    assert "the study's end could not be sent. The next start of the same command sends what is missing\n" in err
    assert "t000003, t000004, the study's end" in err
    server.answers.set()


def test_dead_server_costs_one_warning_without_its_password(server, tracker, capsys, monkeypatch):
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    server.is_down = True
    for num_epochs in range(8):
        tracker.follow(after(num_epochs))
    assert server.has_failed_twice.wait(60)
    err = capsys.readouterr().err
    server.is_down = False
    tracker.close("FINISHED", None, within=60)
    assert server.sent[-1].epochs == RUNNING.epochs
    assert server.told == ["FINISHED"]
    assert err.count("\n") == 1
    assert "secret" not in err
    assert "http://***@127.0.0.1:9: no answer from http://***@127.0.0.1:9/api. The search goes on" in err


def test_what_is_refused_holds_up_nothing_and_is_named_once(server, tracker, capsys):
    server.refuses = {"settings", "t000003"}
    tracker.bring_up([after(1), dataclasses.replace(ENDED, trial_id="t000004")])
    for num_epochs in range(2, 8):
        tracker.follow(after(num_epochs))
    tracker.follow(dataclasses.replace(ENDED, trial_id="t000005"))
    tracker.close("FINISHED", None, within=60)
    assert {record.trial_id for record in server.sent} == {"t000004", "t000005"}
    assert server.told == ["FINISHED"]
    assert server.num_forgotten == 0
    *named, last = capsys.readouterr().err.splitlines()
    assert sorted(line.split(": ")[2] for line in named) == ["it refuses t000003", "it refuses the settings"]
    assert "it refuses t000003: t000003 has http://***@127.0.0.1:9 in it" in str(named)
    assert "the settings, t000003 could not be sent (" in last
    assert "secret" not in str([*named, last])


def test_what_was_refused_is_sent_once_it_is_taken(server, tracker, capsys):
    server.refuses = {"t000003", "settings"}
    tracker.bring_up([RUNNING])
    assert server.has_refused.wait(60)
    server.refuses = set()
    tracker.follow(ENDED)
    tracker.close("KILLED", None, within=60)
    assert server.sent[-1] == ENDED
    assert server.told == ["settings", "KILLED"]
    assert "could not be sent" not in capsys.readouterr().err


def test_server_that_refuses_everything_costs_a_few_lines(server, tracker, capsys):
    server.refuses = {f"t{number:06}" for number in range(50)} | {"end"}
    for trial_id in sorted(server.refuses):
        tracker.follow(dataclasses.replace(ENDED, trial_id=trial_id))
    tracker.close("FAILED", None, within=60)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) <= 4
    assert "48 more, the study's end could not be sent (" in lines[-1]


def test_server_that_is_gone_at_the_end_is_tried_a_few_times_and_told_the_end(server, tracker, capsys):
    server.answers.clear()
    for number in range(50):
        tracker.follow(dataclasses.replace(ENDED, trial_id=f"t{number:06}"))
    server.is_down = True
    server.answers.set()
    tracker.close("FINISHED", None, within=60)
    assert server.num_tries <= module.MOST_UNANSWERED + 2
    assert server.num_forgotten == server.num_tries
    assert "47 more, the study's end could not be sent" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("error", "is_theirs"),
    [
        (RefusalError(), True),
        (KeyError("train.batch_size"), True),
        (ConnectionError(), False),
        (TimeoutError(), False),
        (type("Unavailable", (Exception,), {"error_code": "TEMPORARILY_UNAVAILABLE"})(), False),
        (type("DriverError", (Exception,), {})(), False),
    ],
)
def test_is_refusal_tells_an_answer_from_none(error, is_theirs):
    assert is_refusal(error) == is_theirs


def test_tracked_tells_how_the_search_ended(server, make_steering):
    for error, status in ((None, "FINISHED"), (KeyboardInterrupt, "KILLED"), (ValueError, "FAILED")):
        steering = make_steering(folder=status)
        steering.next_trial()
        with pytest.raises(error) if error else threading.Lock(), tracked(Tracker(server, URI), steering.ledger, 1):
            if error is not None:
                raise error
        assert server.told[-1] == status
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

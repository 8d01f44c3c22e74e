"""The agent's life on a played node: when it waits, drains, ends, and what it says."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.spot_notice import __main__ as agent
from cluster.spot_notice import node as nodes
from cluster.spot_notice.node import Node, find_node, local_nodes
from tests.cluster.spot_notice.metadata_service import AWS_ACTION, Service

ID = 28 * "ab"
Step = Callable[[], object]


@pytest.fixture
def played_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node that lives until it leaves the list; what would drain it is the test's."""
    node = Node(node_id=ID, gcs_address="10.0.0.1:6379", session_dir=str(tmp_path), is_head=False)
    monkeypatch.setattr(nodes, "local_nodes", lambda: [node])
    return node


def step_by_step(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> None:
    """Do one step at each pause of the agent, with no time in between."""
    left: Iterator[Step] = iter(steps)
    monkeypatch.setattr(agent.time, "sleep", lambda _: next(left)())


def refusals(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[tuple[str, float]]:
    """Let Ray's answers be `answers`, "" for accepted; returns what it was asked."""
    asked: list[tuple[str, float]] = []
    left = iter(answers)

    def answer(node: Node, message: str, seconds: float) -> str:
        asked.append((message, seconds))
        return next(left)

    monkeypatch.setattr(nodes, "_request_drain", answer)
    return asked


def test_agent_ends_quietly_where_there_is_no_cloud(
    service: Service, played_node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agent.main(["--service", service.url, "--poll-seconds", "0.01"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_agent_waits_for_notice_then_drains_once(
    service: Service, played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.play_aws()
    asked = refusals(monkeypatch, "the head is busy", "")
    notice = '{"action": "stop", "time": "2017-09-18T08:22:00Z"}'
    step_by_step(monkeypatch, lambda: None, lambda: service.answers.update({AWS_ACTION: notice}), lambda: None)
    assert agent.main(["--service", service.url]) == 0
    assert [message for message, _ in asked] == ["AWS gives notice to stop"] * 2
    assert all(119 <= seconds <= 120 for _, seconds in asked)
    said = capsys.readouterr().out.splitlines()
    assert [line.partition("spot_notice: ")[2].split(" ")[0] for line in said] == ["waits", "AWS", "not", "the"]
    assert "the head is busy" in said[2]


def test_agent_goes_on_through_a_service_that_goes_away(
    service: Service, played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.play_gcp()
    asked = refusals(monkeypatch, "")
    away: list[Step] = [service.answers.clear, lambda: None, lambda: None]
    step_by_step(monkeypatch, *away, service.play_gcp, lambda: service.play_gcp("TRUE"))
    assert agent.main(["--service", service.url]) == 0
    assert len(asked) == 1
    said = capsys.readouterr().out
    assert said.count("goes on without an answer of the metadata service") == 1
    assert said.count("it answers again") == 1


def test_agent_ends_with_its_node(
    service: Service, played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.play_gcp()
    step_by_step(monkeypatch, lambda: monkeypatch.setattr(nodes, "local_nodes", list))
    assert agent.main(["--service", service.url]) == 0
    assert "its node has ended" in capsys.readouterr().out


def test_agent_ends_when_a_later_one_has_written_its_mark(
    service: Service, played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service.play_gcp()
    mark = Path(played_node.session_dir) / f"spot_notice-{ID}.pid"
    step_by_step(monkeypatch, mark.unlink, lambda: mark.write_text(str(os.getpid() + 1)))
    assert agent.main(["--service", service.url]) == 0
    assert "a later agent watches the node now" in capsys.readouterr().out


def test_drain_gives_up_when_the_time_is_up(
    played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter(range(100))
    monkeypatch.setattr(nodes.time, "monotonic", lambda: float(next(clock)))
    asked = refusals(monkeypatch, *["no"] * 100)
    step_by_step(monkeypatch, *[lambda: None] * 100)
    assert agent.main(["--now", "--seconds", "5"]) == 1
    assert [seconds for _, seconds in asked] == [4, 3, 2, 1]
    said = capsys.readouterr().out
    assert "could not drain the node: the time is up" in said
    assert "its trials lose the epoch that they are in" in said


def test_last_second_is_a_deadline_too(played_node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(nodes.subprocess, "run", run)
    assert nodes.drain(played_node, "AWS gives notice", 0.9)
    assert asked[0][-2:] == ["--deadline-remaining-seconds", "1"]


def test_drain_by_hand_waits_until_the_node_has_left(
    played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = refusals(monkeypatch, "")
    step_by_step(monkeypatch, lambda: None, lambda: monkeypatch.setattr(nodes, "local_nodes", list))
    assert agent.main(["--now"]) == 0
    assert asked[0][0] == "asked for by hand"
    assert "the machine may go" in capsys.readouterr().out


def test_a_mistake_is_one_line_and_exit_code_2(
    played_node: Node, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = Node(node_id="cd", gcs_address="", session_dir="", is_head=True)
    for found, words in [
        ([], "you run no Ray node on this machine"),
        ([played_node, head], f"several Ray nodes run here: name one by --node-id, of {ID}, cd"),
        ([head], "this is the cluster's head, which cannot be drained"),
    ]:
        monkeypatch.setattr(nodes, "local_nodes", lambda found=found: found)
        assert agent.main(["--now"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert words in line
    with pytest.raises(LookupError, match="you run no Ray node with id ef"):
        find_node("ef")


@pytest.mark.parametrize(
    ("option", "words"),
    [(["--seconds", "0"], "--seconds must be at least 1"), (["--poll-seconds", "nan"], "--poll-seconds must be above")],
)
def test_options_out_of_range_are_refused(option: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        agent.main(option)
    assert refused.value.code == 2
    assert words in capsys.readouterr().err


def test_local_nodes_reads_what_raylets_were_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, words in enumerate(
        [
            ["/x/raylet", f"--node_id={ID}", "--gcs-address=10.0.0.1:6379", "--session_dir=/tmp/ray/s", "--labels={}"],
            ["/x/raylet", "--node_id=cd", "--gcs-address=10.0.0.1:6379", "--session_dir=/tmp/ray/s", "--head"],
            ["python", f"--node_id={ID}"],
            [""],
        ]
    ):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "cmdline").write_text("\0".join(words) + "\0")
    monkeypatch.setattr(nodes, "PROCESSES", tmp_path)
    worker, head = sorted(local_nodes(), key=lambda node: node.is_head)
    assert worker == Node(node_id=ID, gcs_address="10.0.0.1:6379", session_dir="/tmp/ray/s", is_head=False)
    assert head.is_head

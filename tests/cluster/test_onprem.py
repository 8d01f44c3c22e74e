"""A cluster of one's own machines for real: brought up over ssh, searched on, cut in two, mended and taken down."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from core.store.records import TrialRecord
from tests.cluster.guide import command
from tests.cluster.hosts import reason_to_skip
from tests.cluster.onprem import OnPrem, on_prem, wait_for

pytestmark = pytest.mark.cluster

NUM_WORKERS = 2
NUM_TRIALS = 30
UP_SECONDS = 900
LOST_SECONDS = 180
SEARCH_SECONDS = 900
END_SECONDS = 120
"""Each a limit, several times what it takes on two cores."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was seen of a search in whose middle a host was cut off."""

    log: str
    jobs: str
    lost: str
    """The host's name."""
    before: TrialRecord
    """The record of the trial that ran on it, as it was just after the cut."""
    mended: float
    """When its cable was put back, seconds since 1970."""
    records: list[TrialRecord]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OnPrem]:
    reason = reason_to_skip()
    if reason is not None:
        pytest.skip(reason)
    with on_prem(tmp_path_factory.mktemp("onprem"), NUM_WORKERS) as cluster:
        code, printed = cluster.run(command("Run a search", "ray up"), seconds=UP_SECONDS)
        assert code == 0, printed
        wait_for("all machines join", lambda: cluster.num_joined() == 1 + NUM_WORKERS, seconds=UP_SECONDS)
        yield cluster


@pytest.fixture(scope="module")
def searched(cluster: OnPrem) -> Searched:
    submit = command("Run a search", "ray job submit").replace("--trials 40", f"--trials {NUM_TRIALS} --epochs 200")
    assert f"--trials {NUM_TRIALS} " in submit
    with cluster.start(submit) as showing:
        for worker in cluster.workers:
            wait_for(f"{worker.name} trains", partial(trained_on, cluster, worker.name), seconds=SEARCH_SECONDS)
        cluster.network.cut(cluster.laptop)  # as a laptop that sleeps does
        printed, _ = showing.communicate(timeout=LOST_SECONDS)
    cluster.network.mend(cluster.laptop)
    following = job_command("ray job logs", printed)

    lost = cluster.workers[-1]
    wait_for("a trial to take away", partial(trial_amid, cluster, lost.name), seconds=SEARCH_SECONDS)
    cluster.network.cut(lost)
    time.sleep(2)  # what was on its way has come
    before = next(record for record in trained_on(cluster, lost.name) if not record.has_ended)
    wait_for("its trial goes on elsewhere", lambda: goes_on(cluster, before), seconds=LOST_SECONDS)
    cluster.network.mend(lost)
    mended = time.time()
    wait_for("it joins again", lambda: cluster.num_joined() == 1 + NUM_WORKERS, seconds=LOST_SECONDS)

    code, log = cluster.run(following, seconds=SEARCH_SECONDS)
    assert code == 0, log
    _, jobs = cluster.run(command("Watch it, stop it, go on", "ray job list"))
    return Searched(log=log, jobs=jobs, lost=lost.name, before=before, mended=mended, records=cluster.records())


def job_command(words: str, printed: str) -> str:
    """Return one of the guide's commands on a job, with the name that its submission printed."""
    name = re.search(r"Job '(\w+)' submitted", printed)
    assert name is not None, printed
    return command("Watch it, stop it, go on", words).replace("NAME", name[1])


def trained_on(cluster: OnPrem, name: str) -> list[TrialRecord]:
    """Return the trials that were last on a host and have some epochs."""
    return [record for record in cluster.records() if record.node == name and len(record.epochs) > 3]


def trial_amid(cluster: OnPrem, name: str) -> bool:
    """True where a trial runs on a host and is not about to end: rungs are at 20 and 80 epochs."""
    running = [record for record in trained_on(cluster, name) if not record.has_ended]
    return any(len(record.epochs) % 20 in range(2, 12) for record in running)


def goes_on(cluster: OnPrem, before: TrialRecord) -> bool:
    (now,) = [record for record in cluster.records() if record.number == before.number]
    return now.node != before.node and len(now.epochs) > len(before.epochs)


def test_token_is_private_on_every_host(cluster: OnPrem) -> None:
    for host in cluster.hosts:
        assert host.run("stat -c %a .ray .ray/auth_token") == (0, "700\n600\n"), host.name


def test_worker_can_be_drained_by_hand(cluster: OnPrem) -> None:
    agent = "cd softvote && .venv/bin/python -m cluster.spot_notice"
    code, printed = cluster.workers[0].run(f"{agent} --help")
    assert code == 0, printed
    assert "--now" in printed


def test_dashboard_answers_on_the_head_alone(cluster: OnPrem) -> None:
    ask = "exec 3<>/dev/tcp/{}/8265"
    assert cluster.head.run(ask.format("127.0.0.1"))[0] == 0
    assert "Connection refused" in cluster.laptop.run(ask.format(cluster.head.address))[1]


@pytest.mark.parametrize("token", ["", 32 * "ab"])
def test_client_without_the_token_is_refused_in_one_line(cluster: OnPrem, token: str) -> None:
    folder = "/tmp/stranger/.ray"
    cluster.laptop.run(f"rm -rf {folder}; mkdir -p {folder}; test -z '{token}' || echo {token} > {folder}/auth_token")
    search = f"python -m search --address {cluster.head.address}:6379 --runs /tmp/stranger/runs 2>&1 >/dev/null"
    code, printed = cluster.run(search, HOME="/tmp/stranger")
    assert code == 2, printed
    (line,) = printed.splitlines()
    assert line.startswith("python -m search: ")
    assert "token" in line


def test_search_goes_on_without_the_laptop_and_runs_on_every_worker(searched: Searched) -> None:
    assert "SUCCEEDED" in searched.jobs
    assert {record.node for record in searched.records} == {"worker1", "worker2"}  # and the head is spared
    assert "submission.csv" in searched.log


def test_nothing_is_lost_with_a_host(searched: Searched) -> None:
    assert [record.number for record in searched.records] == list(range(NUM_TRIALS))
    assert {record.state for record in searched.records} == {"complete", "pruned"}
    for record in searched.records:
        assert [epoch.epoch for epoch in record.epochs] == list(range(1, len(record.epochs) + 1))


def test_trial_of_a_lost_host_goes_on_from_its_last_epoch(cluster: OnPrem, searched: Searched) -> None:
    before, after = searched.before, searched.records[searched.before.number]
    assert len(after.epochs) > len(before.epochs) > 3
    noted = cluster.epochs_noted(after)
    # the epochs of all processes: without its checkpoint the second one would have begun those before the cut again
    assert 0 <= noted.num_begun - len(after.epochs) <= 1, noted
    assert noted.num_from_scratch >= len(before.epochs), noted


def test_host_that_comes_back_is_used_again(searched: Searched) -> None:
    assert [record for record in searched.records if record.node == searched.lost and record.started > searched.mended]


def test_vote_is_taken_on_the_laptop(cluster: OnPrem, searched: Searched) -> None:
    code, printed = cluster.run(command("Run a search", "ensemble"))
    assert code == 0, printed
    assert f"{NUM_TRIALS} trials" in printed
    assert "submission.csv" in printed


def test_job_that_is_stopped_ends_cleanly_and_says_how_to_go_on(cluster: OnPrem, searched: Searched) -> None:
    submit = command("Run a search", "ray job submit").replace("--study first", "--study second --epochs 2000")
    with cluster.start(submit.replace("ray job submit", "ray job submit --no-wait")) as submission:
        printed, _ = submission.communicate(timeout=END_SECONDS)
    wait_for(
        "both workers train",
        lambda: sum(len(record.epochs) > 1 for record in cluster.records("second")) == NUM_WORKERS,
        seconds=LOST_SECONDS,
    )
    code, stopped = cluster.run(job_command("ray job stop", printed))
    assert code == 0, stopped
    _, log = cluster.run(job_command("ray job logs", printed))
    assert "Traceback" not in log
    assert f"to go on from their last epoch: {NUM_WORKERS}" in log


def test_down_leaves_nothing_running(cluster: OnPrem, searched: Searched) -> None:  # the last of all
    assert not any(cluster.is_idle(host) for host in cluster.hosts)
    code, printed = cluster.run(command("Take it down", "ray down"))
    assert code == 0, printed
    for host in cluster.hosts:
        wait_for(f"nothing runs on {host.name}", partial(cluster.is_idle, host), seconds=END_SECONDS)

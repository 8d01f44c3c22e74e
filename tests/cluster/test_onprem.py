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
UP_SECONDS = 900
LOST_SECONDS = 180
SEARCH_SECONDS = 900
END_SECONDS = 120
"""Each a limit, several times what it takes on two cores."""


@dataclass(frozen=True, kw_only=True)
class Searched:
    """What was seen of a search in whose middle a host was cut off, and which was then stopped and went on."""

    stopped: str
    """The log of the job that was stopped."""
    num_to_go_on: int
    """Trials that had not ended then."""
    log: str
    """What was shown of the job that went on."""
    jobs: str
    before: TrialRecord
    """The record of the trial that ran on the host, as it was just after the cut."""
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
    submit = command("Run a search", "ray job submit").replace("--trials 40", "--trials 40 --epochs 200")
    with cluster.start(submit) as showing:
        for worker in cluster.workers:
            wait_for(f"{worker.name} trains", partial(trained_on, cluster, worker.name), seconds=SEARCH_SECONDS)
        cluster.network.cut(cluster.laptop)  # as a laptop that sleeps does
        printed, _ = showing.communicate(timeout=LOST_SECONDS)
    cluster.network.mend(cluster.laptop)

    lost = cluster.workers[-1]
    wait_for("a trial to take away", partial(trial_amid, cluster, lost.name), seconds=SEARCH_SECONDS)
    cluster.network.cut(lost)
    time.sleep(2)  # what was on its way has come
    before = next(record for record in trained_on(cluster, lost.name) if not record.has_ended)
    wait_for("its trial goes on elsewhere", lambda: goes_on(cluster, before), seconds=LOST_SECONDS)
    cluster.network.mend(lost)
    mended = time.time()
    wait_for("it joins again", lambda: cluster.num_joined() == 1 + NUM_WORKERS, seconds=LOST_SECONDS)
    wait_for("it trains again", lambda: begun_on(cluster, lost.name, since=mended), seconds=SEARCH_SECONDS)
    wait_for("its trial ends", lambda: cluster.records()[before.number].has_ended, seconds=SEARCH_SECONDS)

    code, stopping = cluster.run(job_command("ray job stop", printed))
    assert code == 0, stopping
    _, stopped = cluster.run(job_command("ray job logs", printed))
    begun = cluster.records()
    # the trials that there are, and no further ones: what they had to show has been seen
    code, log = cluster.run(submit.replace("--trials 40", f"--trials {len(begun)}"), seconds=SEARCH_SECONDS)
    assert code == 0, log
    _, jobs = cluster.run(command("Watch it, stop it, go on", "ray job list"))
    return Searched(
        stopped=stopped,
        num_to_go_on=sum(not record.has_ended for record in begun),
        log=log,
        jobs=jobs,
        before=before,
        records=cluster.records(),
    )


def job_command(words: str, printed: str) -> str:
    """Return one of the guide's commands on a job, with the name that its submission printed."""
    name = re.search(r"Job '(\w+)' submitted", printed)
    assert name is not None, printed
    return command("Watch it, stop it, go on", words).replace("NAME", name[1])


def trained_on(cluster: OnPrem, name: str) -> list[TrialRecord]:
    """Return the trials that were last on a host and have some epochs."""
    return [record for record in cluster.records() if record.node == name and len(record.epochs) > 3]


def begun_on(cluster: OnPrem, name: str, since: float) -> bool:
    """True where a trial has begun on a host at or after a time, in seconds since 1970, and has some epochs."""
    return any(record.started >= since for record in trained_on(cluster, name))


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
    assert {record.node for record in searched.records} == {"worker1", "worker2"}  # and the head is spared


def test_job_that_is_stopped_ends_cleanly_and_says_how_to_go_on(searched: Searched) -> None:
    assert "Traceback" not in searched.stopped
    assert searched.num_to_go_on > 0
    assert f"to go on from their last epoch: {searched.num_to_go_on}" in searched.stopped


def test_same_command_goes_on_to_the_submission(searched: Searched) -> None:
    assert "STOPPED" in searched.jobs
    assert "SUCCEEDED" in searched.jobs
    assert "submission.csv" in searched.log


def test_nothing_is_lost_with_a_host(searched: Searched) -> None:
    assert [record.number for record in searched.records] == list(range(len(searched.records)))
    assert {record.state for record in searched.records} <= {"complete", "pruned"}
    for record in searched.records:
        assert [epoch.epoch for epoch in record.epochs] == list(range(1, len(record.epochs) + 1))


def test_trial_of_a_lost_host_goes_on_from_its_last_epoch(cluster: OnPrem, searched: Searched) -> None:
    before, after = searched.before, searched.records[searched.before.number]
    assert len(after.epochs) > len(before.epochs) > 3
    # two processes have trained it: without its checkpoint the second one would have begun those epochs again
    noted = cluster.epochs_noted(after)
    assert noted.num_from_scratch >= len(before.epochs), noted
    assert 0 <= noted.num_begun - len(after.epochs) <= 1, noted


def test_no_trial_begins_more_than_one_epoch_twice(cluster: OnPrem, searched: Searched) -> None:
    for record in searched.records:  # each was interrupted once at most, by the lost host or by the stop
        assert 0 <= cluster.epochs_noted(record).num_begun - len(record.epochs) <= 1, record.trial_id


def test_vote_is_taken_on_the_laptop(cluster: OnPrem, searched: Searched) -> None:
    code, printed = cluster.run(command("Run a search", "ensemble"))
    assert code == 0, printed
    assert f"{len(searched.records)} trials" in printed
    assert "submission.csv" in printed


def test_down_leaves_nothing_running(cluster: OnPrem, searched: Searched) -> None:  # the last of all
    assert not any(cluster.is_idle(host) for host in cluster.hosts)
    code, printed = cluster.run(command("Take it down", "ray down"))
    assert code == 0, printed
    for host in cluster.hosts:
        wait_for(f"nothing runs on {host.name}", partial(cluster.is_idle, host), seconds=END_SECONDS)

"""What counts as notice on each cloud, and what an agent makes of a service that answers badly or not at all."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from cluster.spot_notice import clouds
from cluster.spot_notice.clouds import UNREADABLE, Aws, Azure, Cloud, Gcp, find_cloud
from tests.cluster.spot_notice.metadata_service import AWS_ACTION, AZURE_EVENTS, AZURE_MACHINE, GCP_PREEMPTED, Service


def in_seconds(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def action(when: str) -> str:
    return json.dumps({"action": "terminate", "time": when})


def events(kind: str = "Preempt", machine: str = "workers_7", not_before: str = "") -> str:
    event = {"EventId": "1", "EventType": kind, "Resources": [machine], "NotBefore": not_before}
    return json.dumps({"DocumentIncarnation": 2, "Events": [event]})


@pytest.mark.parametrize(("play", "kind"), [("play_aws", Aws), ("play_gcp", Gcp), ("play_azure", Azure)])
def test_find_cloud_tells_which_one_it_is_on(service: Service, play: str, kind: type[Cloud]) -> None:
    getattr(service, play)()
    found = find_cloud("auto", service.url)
    assert type(found) is kind
    assert found.notice() is None


def test_find_cloud_finds_none_where_nothing_answers(service: Service) -> None:
    assert find_cloud("auto", service.url, poll_seconds=0.01) is None
    assert find_cloud("auto", "http://127.0.0.1:9", poll_seconds=0.01) is None


def test_find_cloud_takes_a_named_one_without_a_look(service: Service) -> None:
    assert isinstance(find_cloud("gcp", service.url), Gcp)
    assert find_cloud("none", service.url) is None
    assert service.asked == []


def test_find_cloud_waits_for_a_service_that_comes_up_late(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds.time, "sleep", lambda _: service.play_azure())
    assert isinstance(find_cloud("auto", service.url), Azure)


def test_aws_notice_is_the_time_until_the_action(service: Service) -> None:
    service.play_aws()
    service.answers[AWS_ACTION] = action(in_seconds(100).strftime("%Y-%m-%dT%H:%M:%SZ"))
    notice = Aws(service.url).notice()
    assert notice is not None
    assert notice.message == "AWS gives notice to terminate"
    assert 90 < notice.seconds <= 100


@pytest.mark.parametrize("when", ["soon", "", "2017-09-18T08:22:00Z", "2017-09-18T08:22:00"])
def test_aws_notice_without_a_time_to_come_is_two_minutes(service: Service, when: str) -> None:
    service.play_aws()
    service.answers[AWS_ACTION] = action(when)
    notice = Aws(service.url).notice()
    assert notice is not None
    assert notice.seconds == 120


def test_aws_session_is_kept_and_renewed_when_it_has_run_out(service: Service) -> None:
    service.play_aws()
    cloud = Aws(service.url)
    assert [cloud.notice(), cloud.notice()] == [None, None]
    assert service.tokens == ["session-0"]
    service.end_session()
    assert cloud.notice() is None
    assert service.tokens[-1] == "session-2"


@pytest.mark.parametrize("garbage", ["", "no notice", "[]", "{}", '{"action": "dance"}', "\0", '{"action"'])
def test_aws_garbage_is_no_notice(service: Service, garbage: str) -> None:
    service.play_aws()
    service.answers[AWS_ACTION] = garbage
    with pytest.raises(UNREADABLE):
        Aws(service.url).notice()


def test_gcp_notice_is_thirty_seconds(service: Service) -> None:
    service.play_gcp("TRUE\n")
    notice = Gcp(service.url).notice()
    assert notice is not None
    assert (notice.message, notice.seconds) == ("Google Cloud preempts", 30)


@pytest.mark.parametrize("garbage", ["", "true?", "<html>"])
def test_gcp_garbage_is_no_notice(service: Service, garbage: str) -> None:
    service.answers[GCP_PREEMPTED] = garbage
    with pytest.raises(ValueError, match="must be TRUE or FALSE"):
        Gcp(service.url).notice()


def test_azure_notice_is_a_preempt_event_that_names_this_machine(service: Service) -> None:
    service.play_azure(events(not_before=format_datetime(in_seconds(50), usegmt=True)))
    notice = Azure(service.url).notice()
    assert notice is not None
    assert notice.message == "Azure preempts"
    assert 40 < notice.seconds <= 50


@pytest.mark.parametrize("when", ["", "soon", "Mon, 19 Sep 2016 18:29:47 GMT"])
def test_azure_notice_without_a_time_to_come_is_thirty_seconds(service: Service, when: str) -> None:
    service.play_azure(events(not_before=when))
    notice = Azure(service.url).notice()
    assert notice is not None
    assert notice.seconds == 30


def test_azure_other_events_and_other_machines_are_no_notice(service: Service) -> None:
    service.play_azure(events(kind="Reboot"))
    assert Azure(service.url).notice() is None
    service.play_azure(events(machine="workers_8"))
    assert Azure(service.url).notice() is None


@pytest.mark.parametrize("path", [AZURE_EVENTS, AZURE_MACHINE])
@pytest.mark.parametrize("garbage", ["", "[]", '{"Events": 3, "name": 3}', '{"Events": [3]}', "null"])
def test_azure_garbage_is_no_notice(service: Service, path: str, garbage: str) -> None:
    service.play_azure()
    service.answers[path] = garbage
    with pytest.raises(UNREADABLE):
        Azure(service.url).notice()


@pytest.mark.parametrize("kind", [Aws, Gcp, Azure])
def test_notice_of_a_service_that_is_stuck_or_gone_raises(
    service: Service, kind: type[Aws | Gcp | Azure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clouds, "ANSWER_SECONDS", 0.05)
    service.play_aws()
    service.is_stuck = True
    with pytest.raises(UNREADABLE):
        kind(service.url).notice()
    with pytest.raises(UNREADABLE):
        kind("http://127.0.0.1:9").notice()


def test_service_is_asked_past_any_proxy(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    service.play_gcp()
    assert Gcp(service.url).notice() is None

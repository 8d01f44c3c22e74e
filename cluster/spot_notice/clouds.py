"""What a cloud tells its machine before it takes the machine away, asked of the instance's metadata service."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

SERVICE = "http://169.254.169.254"  # the same address on all three clouds
ANSWER_SECONDS = 2.0
MAX_ANSWER_BYTES = 1 << 20
NUM_LOOKS_FOR_A_CLOUD = 3  # a machine that has just booted may not reach the service yet
UNREADABLE = (OSError, HTTPException, ValueError)
"""What asking the service raises where it gives no answer or no sense."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """That the machine goes."""

    message: str
    """Who says so, and what happens to the machine."""
    seconds: float
    """From now until it goes."""


class Cloud(Protocol):
    """One cloud's metadata service; each method may raise any of UNREADABLE."""

    name: str
    poll_seconds: float

    def is_here(self) -> bool:
        """Whether this machine is one of the cloud's."""

    def notice(self) -> Notice | None:
        """Return the notice, None while there is none."""


def find_cloud(choice: str, service: str, poll_seconds: float | None = None) -> Cloud | None:
    """Return the cloud that this machine is on; None if no service answers as one of them does.

    Args:
        choice: A key of CLOUDS, taken without a look; "none"; or "auto", which asks the service.
        service: The service's URL, without a path.
        poll_seconds: Between two rounds of asking; 5 if not given.
    """
    if choice != "auto":
        return CLOUDS[choice](service) if choice in CLOUDS else None
    for look in range(NUM_LOOKS_FOR_A_CLOUD):
        if look:
            time.sleep(poll_seconds or 5.0)
        for cloud in (make(service) for make in CLOUDS.values()):
            try:
                if cloud.is_here():
                    return cloud
            except UNREADABLE:
                continue
    return None


class Aws:
    """Two minutes' notice, on a best-effort basis; looking every 5 seconds is AWS's own advice.

    The earlier rebalance recommendation is not asked for: it may come long before an interruption or without one, and
    a drained node cannot be taken back, while two minutes are enough for an epoch.

    Source:
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/rebalance-recommendations.html
        https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-metadata-v2-how-it-works.html
    """

    name, poll_seconds, notice_seconds = "AWS", 5.0, 120.0

    def __init__(self, service: str):
        self._service, self._token = service, ""

    def is_here(self) -> bool:
        """Whether the service knows an EC2 instance's id."""
        return (self._get("/latest/meta-data/instance-id") or "").startswith("i-")

    def notice(self) -> Notice | None:
        """Return what instance-action says; 404 is no notice."""
        text = self._get("/latest/meta-data/spot/instance-action")
        if text is None:
            return None
        document = _json_object(text)
        if document.get("action") not in ("terminate", "stop", "hibernate"):
            raise ValueError(f"instance-action must name its action, got {text[:100]!r}")
        left = _seconds_until(document.get("time"), datetime.fromisoformat, otherwise=self.notice_seconds)
        return Notice(message=f"AWS gives notice to {document['action']}", seconds=left)

    def _get(self, path: str) -> str | None:
        if self._token:
            try:
                return fetch(self._service + path, {"X-aws-ec2-metadata-token": self._token})
            except HTTPError as error:
                if error.code != 401:  # 401: the session's six hours are over
                    raise
        lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        self._token = fetch(f"{self._service}/latest/api/token", lifetime, method="PUT") or ""
        return fetch(self._service + path, {"X-aws-ec2-metadata-token": self._token})


class Gcp:
    """Up to thirty seconds' notice, best effort; the guest's own shutdown begins with it, so every second counts.

    Source:
        https://docs.cloud.google.com/compute/docs/instances/spot#preemption-process
        https://docs.cloud.google.com/compute/docs/instances/create-use-spot#detect-preemption
    """

    name, poll_seconds, notice_seconds = "Google Cloud", 1.0, 30.0

    def __init__(self, service: str):
        self._service = service

    def is_here(self) -> bool:
        """Whether the service knows what preemption is."""
        self.notice()
        return True

    def notice(self) -> Notice | None:
        """Return whether the machine is preempted: TRUE or FALSE."""
        text = fetch(f"{self._service}/computeMetadata/v1/instance/preempted", {"Metadata-Flavor": "Google"})
        if text not in ("TRUE", "FALSE"):
            raise ValueError(f"preempted must be TRUE or FALSE, got {(text or '')[:100]!r}")
        return Notice(message="Google Cloud preempts", seconds=self.notice_seconds) if text == "TRUE" else None


class Azure:
    """At least thirty seconds' notice; looking once a second is Azure's own advice.

    The machines of one scale set are told of each other's events: only those that name this machine count. The first
    request switches the events on and may stay without an answer for two minutes.

    Source:
        https://learn.microsoft.com/azure/virtual-machines/linux/scheduled-events
        https://learn.microsoft.com/azure/virtual-machines/spot-vms
    """

    name, poll_seconds, notice_seconds = "Azure", 1.0, 30.0

    def __init__(self, service: str):
        self._service, self._machine = service, ""

    def is_here(self) -> bool:
        """Whether the service knows an Azure machine's name."""
        return bool(self._own_name())

    def notice(self) -> Notice | None:
        """Return this machine's Preempt event, if the document of events holds one."""
        own_name = self._own_name()
        events = self._get("/metadata/scheduledevents?api-version=2020-07-01").get("Events")
        if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
            raise ValueError(f"scheduledevents must hold a list of Events, got {str(events)[:100]!r}")
        for event in events:
            resources = event.get("Resources")
            if event.get("EventType") == "Preempt" and isinstance(resources, list) and own_name in resources:
                # NotBefore is empty once the event has started
                left = _seconds_until(event.get("NotBefore"), parsedate_to_datetime, otherwise=self.notice_seconds)
                return Notice(message="Azure preempts", seconds=left)
        return None

    def _own_name(self) -> str:
        if not self._machine:
            name = self._get("/metadata/instance/compute?api-version=2021-02-01").get("name")
            if not isinstance(name, str):
                raise ValueError(f"an Azure machine has a name, got {name!r}")
            self._machine = name
        return self._machine

    def _get(self, path: str) -> dict[str, Any]:
        return _json_object(fetch(self._service + path, {"Metadata": "true"}) or "")


CLOUDS: dict[str, Callable[[str], Cloud]] = {"aws": Aws, "gcp": Gcp, "azure": Azure}
_DIRECT = build_opener(ProxyHandler({}))  # a proxy would answer for its own machine, not for this one


def fetch(url: str, headers: dict[str, str], method: str = "GET") -> str | None:
    """Return what the service answers, stripped; None for 404."""
    try:
        with _DIRECT.open(Request(url, headers=headers, method=method), timeout=ANSWER_SECONDS) as answer:
            return answer.read(MAX_ANSWER_BYTES).decode().strip()
    except HTTPError as error:
        if error.code == 404:
            return None
        raise


def _json_object(text: str) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError(f"the metadata service must answer with a JSON object, got {text[:100]!r}")
    return document


def _seconds_until(moment: object, parse: Callable[[str], datetime], otherwise: float) -> float:
    """Return the seconds from now to `moment`; `otherwise` where it is no time, or past by this machine's clock."""
    try:
        left = (parse(str(moment)) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return otherwise
    return left if left > 0 else otherwise

"""A file for machines of one's own: what only its owner can say."""

from collections.abc import Iterator
from typing import Any

from cluster.check import ray_up

FILLED_IN = {"provider": ("head_ip", "worker_ips"), "auth": ("ssh_user", "ssh_private_key")}
"""What the file must say, and where."""


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each."""
    gaps, misshapen = list(_gaps(file, config)), list(ray_up.misshapen(file, config))
    yield from gaps or misshapen
    if not misshapen:
        yield from ray_up.mistakes(file, config)
    if not (gaps or misshapen):  # of which Ray would tell in a page
        yield from ray_up.refusals(file, config)


def _gaps(file: str, config: dict[str, Any]) -> Iterator[str]:
    for section, names in FILLED_IN.items():
        said = config.get(section) or {}
        for name in names if isinstance(said, dict) else ():
            if said.get(name) is None:
                yield f"{file} must say {name} below {section}: take away the # of its FILL-IN line and write yours"
    workers = config["provider"].get("worker_ips")
    if workers is not None and not isinstance(workers, list):
        yield f"{file}: worker_ips must be a list such as [192.168.1.11], got {workers}"

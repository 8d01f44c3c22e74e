"""A file for AWS: what Ray and EC2 would refuse, node types that contradict themselves, machines that nobody offers."""

import functools
from collections.abc import Iterator
from typing import Any

from cluster.check import aws_offerings, ray_up

MAX_WORKERS = 2
"""Ray's own, where a file does not say how many machines there may be."""


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each."""
    if misshapen := list(ray_up.misshapen(file, config)):
        yield from misshapen
        return
    yield from ray_up.mistakes(file, config)
    refusals = list(ray_up.missing(file, config, ("region",))) or list(ray_up.refusals(file, config))
    yield from refusals
    if refusals:  # what follows reads what they are about
        return
    for name, node_type in config["available_node_types"].items():
        where = f"{file}: {name}"
        unknown = list(_unknown_fields(where, node_type["node_config"]))
        yield from unknown or _contradictions(where, node_type, config)
    head = config["available_node_types"][config["head_node_type"]]
    if _market(head) == "spot":
        yield f"{file}: the head must be on demand, got MarketType spot: with it the cloud would take the whole cluster"
    yield from _foreign_zones(file, config["provider"])
    yield from aws_offerings.mistakes(file, config)


def _contradictions(where: str, node_type: dict[str, Any], config: dict[str, Any]) -> Iterator[str]:
    least = node_type.get("min_workers", 0)
    most = node_type.get("max_workers", config.get("max_workers", MAX_WORKERS))
    if least > most:
        yield f"{where}: min_workers must be at most max_workers {most}, got {least}"
    machine = node_type["node_config"].get("InstanceType")
    if machine is None:
        yield f"{where}: node_config must say the machine's InstanceType, got none"
        return
    # by these a search knows what an hour of a machine costs: search/money/prices.py
    true = {"machine": machine, "market": _market(node_type), "region": config["provider"]["region"]}
    said = node_type.get("labels") or {}
    for label, value in true.items():
        if said.get(label) != value:
            yield f"{where}: label {label} must be {value}, as the file says elsewhere, got {said.get(label)}"


def _market(node_type: dict[str, Any]) -> str:
    return "spot" if "InstanceMarketOptions" in node_type["node_config"] else "on-demand"


def _unknown_fields(where: str, node_config: dict[str, Any]) -> Iterator[str]:
    """Yield what EC2 would refuse of the machine's description: Ray passes it on unread."""
    try:
        from botocore.validate import ParamValidator  # type: ignore[import-untyped]
    except ImportError:
        yield f"{where} cannot be read without boto3: uv sync --extra aws brings it"
        return
    machine = {name: value for name, value in node_config.items() if name != "SubnetIds"}  # a word of Ray's own
    report = ParamValidator().validate({"MinCount": 1, "MaxCount": 1, **machine}, _order()).generate_report()
    for line in report.splitlines():
        yield f"{where}: node_config: {line.partition(', must be one of')[0]}"


@functools.cache
def _order() -> Any:
    """Return what EC2 takes as an order of machines, which lies beside boto3."""
    from botocore.session import Session  # type: ignore[import-untyped]

    return Session().get_service_model("ec2").operation_model("RunInstances").input_shape


def _foreign_zones(file: str, provider: dict[str, Any]) -> Iterator[str]:
    for zone in aws_offerings.zones(provider):
        if zone[:-1] != provider["region"]:
            yield f"{file}: availability_zone must be of region {provider['region']}, got {zone}"

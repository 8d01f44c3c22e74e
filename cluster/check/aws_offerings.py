"""Asks AWS for the machines that a region offers; says nothing where there are no credentials to ask with."""

from collections.abc import Iterator
from typing import Any


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield each type of machine that no zone of the file offers, and who does."""
    try:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
    except ImportError:  # which is told already
        return
    provider = config["provider"]
    if boto3.Session().get_credentials() is None:
        return
    try:
        for name, node_type in config["available_node_types"].items():
            if isinstance(machine := node_type["node_config"].get("InstanceType"), str):  # else it is told already
                yield from _not_offered(f"{file}: {name}", machine, provider)
    except (BotoCoreError, ClientError) as error:
        yield f"{file}: AWS must say what {provider['region']} offers, got: {' '.join(str(error).split())}"


def zones(provider: dict[str, Any]) -> list[str]:
    """Return the availability zones that a file names."""
    return [zone.strip() for zone in str(provider.get("availability_zone") or "").split(",") if zone.strip()]


def _not_offered(where: str, machine: str, provider: dict[str, Any]) -> Iterator[str]:
    wanted, region = zones(provider), provider["region"]
    offering = _offering(machine, region, "availability-zone")
    if offering & set(wanted) or (offering and not wanted):
        return
    if offering:
        yield f"{where}: {machine} must be offered in {', '.join(wanted)}: only {', '.join(sorted(offering))} has it"
        return
    others = [other for other in _regions(region) if _offering(machine, other, "region")]
    found = f"it is in {', '.join(others)}" if others else "and nowhere else; is the name right?"
    yield f"{where}: {machine} must be offered in region {region}: it is not, {found}"


def _offering(machine: str, region: str, places: str) -> set[str]:
    """Return the zones of a region (`availability-zone`), or the region itself (`region`), that offer a machine."""
    import boto3

    pages = boto3.client("ec2", region_name=region).get_paginator("describe_instance_type_offerings")
    filters = [{"Name": "instance-type", "Values": [machine]}]
    return {
        offer["Location"]
        for page in pages.paginate(LocationType=places, Filters=filters)
        for offer in page["InstanceTypeOfferings"]
    }


def _regions(asked: str) -> list[str]:
    import boto3

    described = boto3.client("ec2", region_name=asked).describe_regions()["Regions"]
    return sorted(region["RegionName"] for region in described)

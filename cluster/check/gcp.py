"""A file for Google Cloud: names that agree with each other, fields that its machines have, types that its zone has."""

import functools
import json
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cluster.check import ray_up
from cluster.check.spelling import unknown

MODULE = "cluster.google_cloud.Machines"
"""`provider: module:`, by which `ray up` finds how machines are ordered."""


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each."""
    if misshapen := list(ray_up.misshapen(file, config)):
        yield from misshapen
        return
    provider, types = config["provider"], config.get("available_node_types") or {}
    if (module := provider.get("module")) != MODULE:
        yield f"{file} must order its machines by `module: {MODULE}` below provider, got {module}"
    if str(Path.cwd()) not in os.environ.get("PYTHONPATH", "").split(os.pathsep):
        yield f"ray up must find {MODULE}, got PYTHONPATH without this folder: export PYTHONPATH=$PWD"
    yield from ray_up.mistakes(file, config)
    places = ("region", "availability_zone", "project_id")
    refusals = list(ray_up.missing(file, config, places)) or list(ray_up.refusals(file, config))
    yield from refusals
    if refusals:  # what follows reads what they are about
        return
    yield from _other_places(file, provider, types)
    sound: dict[str, Any] = {}
    for name, node_type in types.items():
        misspelt = list(unknown(node_type["node_config"], "Instance", _compute_schemas()))
        yield from (f"{file}: {name}: node_config {mistake}" for mistake in misspelt)
        if not misspelt:  # what follows takes the fields for what they are
            yield from _contradictions(f"{file}: {name}", node_type, is_head=name == config["head_node_type"])
            sound[name] = node_type
    yield from _types_that_the_zone_lacks(file, provider, sound)


def _contradictions(where: str, node_type: dict[str, Any], *, is_head: bool) -> Iterator[str]:
    node, said = node_type["node_config"], node_type.get("labels") or {}
    if "machineType" not in node:
        yield f"{where}: node_config must say the machine's machineType, got none"
        return
    is_spot = (node.get("scheduling") or {}).get("provisioningModel") == "SPOT"
    if is_head and is_spot:
        yield f"{where} must be on demand, got a spot machine: with it the cloud would take the whole cluster"
    cards = [card.get("acceleratorType") for card in node.get("guestAccelerators") or []]
    if None in cards:
        yield f"{where}: each of its guestAccelerators must say its acceleratorType, got one without"
        return
    true = {"machine": "-".join([node["machineType"], *cards]), "market": "spot" if is_spot else "on-demand"}
    for label, value in true.items():
        if said.get(label) != value:
            yield f"{where}: label {label} must be {value}, as the file says elsewhere, got {said.get(label)}"


def _other_places(file: str, provider: dict[str, Any], types: dict[str, Any]) -> Iterator[str]:
    region, zone = str(provider.get("region")), str(provider.get("availability_zone"))
    if zone.rpartition("-")[0] != region:
        yield f"{file}: availability_zone must be one zone of region {region}, got {zone}"
    for name, node_type in types.items():
        text = json.dumps(node_type, default=str)
        for named in sorted(set(re.findall(r"zones/([\w-]+)", text)) - {zone}):
            yield f"{file}: {name} must stay in the provider's zone {zone}, got zones/{named}"
        for named in sorted(set(re.findall(r"regions/([\w-]+)", text)) - {region}):
            yield f"{file}: {name} must stay in the provider's region {region}, got regions/{named}"
        if (said := (node_type.get("labels") or {}).get("region")) != region:
            yield f"{file}: {name}: label region must be {region}, as the file says elsewhere, got {said}"


@functools.cache
def _compute_schemas() -> dict[str, Any]:
    """Return what Google Cloud says of its machines' fields; nothing where its client is not installed."""
    try:
        from googleapiclient.discovery_cache import get_static_doc
    except ImportError:
        return {}
    return dict(json.loads(get_static_doc("compute", "v1") or "{}").get("schemas", {}))


def _types_that_the_zone_lacks(file: str, provider: dict[str, Any], types: dict[str, Any]) -> Iterator[str]:
    """Ask the cloud, where there are credentials for it; `ray up` would order in vain, without a word of why."""
    project, zone = provider.get("project_id"), provider.get("availability_zone")
    if "FILL-IN" in str(project) or (compute := _client()) is None:
        return
    place = {"project": project, "zone": zone}
    machines = {node_type["node_config"].get("machineType"): name for name, node_type in types.items()}
    cards = {
        card.get("acceleratorType"): name
        for name, node_type in types.items()
        for card in node_type["node_config"].get("guestAccelerators") or []
    }
    asked = [(compute.machineTypes(), "machineType", machines), (compute.acceleratorTypes(), "acceleratorType", cards)]
    for collection, argument, wanted in asked:
        for kind, name in wanted.items():
            if kind is None:  # which is told already
                continue
            if trouble := _refusal(collection.get(**place, **{argument: kind})):
                yield f"{file}: {name}: zone {zone} must have {kind}: {trouble}"


def _client() -> Any:
    """Return a client of Google's Compute Engine; None where it is not installed or nobody has logged in."""
    try:
        import google.auth
        import google.auth.exceptions
        from googleapiclient import discovery
    except ImportError:
        return None
    # asking whether this is a machine of the cloud's own takes seconds where it is none
    os.environ.setdefault("NO_GCE_CHECK", "true")
    logging.getLogger("google.auth").setLevel(logging.ERROR)
    try:
        credentials, _ = google.auth.default()
    except google.auth.exceptions.DefaultCredentialsError:
        return None
    return discovery.build("compute", "v1", credentials=credentials, cache_discovery=False)


def _refusal(request: Any) -> str:
    """Return in a line what the cloud answers to a request that it refuses, else nothing."""
    from google.auth.exceptions import GoogleAuthError
    from googleapiclient.errors import HttpError

    try:
        request.execute()
    except HttpError as error:
        if error.status_code == 404:
            return "it has none; choose another zone, or take the type out (gcloud compute machine-types list)"
        return f"the cloud answers {error.status_code}: {' '.join(str(error.reason).split())}"
    except (GoogleAuthError, OSError) as error:
        return f"the cloud cannot be asked: {' '.join(str(error).split())}"
    return ""

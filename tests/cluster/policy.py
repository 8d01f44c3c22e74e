"""What a cluster file must never say, whichever cloud it is for: read from the parsed YAML."""

import re
from collections.abc import Iterator
from typing import Any

from tests.cluster import policy_aws

OPEN_TO_THE_WORLD = ("0.0.0.0", "::/0")
NEVER_SYNCED = (".kaggle", ".aws", ".ssh", ".env", "runs", ".venv", ".git", "uv.lock")
SECRET_KEYS = re.compile(r"secret|password|aws_credentials|access_key|session_token", re.IGNORECASE)
SECRET_VALUES = re.compile(r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|-----BEGIN|RAY_AUTH_TOKEN=|[0-9a-fA-F]{32}")
PINNED = re.compile(r"(?:^|[\s\"'])(ray(?:\[\w+\])?|tensorflow|keras|optuna)==([\w.]+)")
AGENT = "python -m cluster.spot_notice"
PYTHON_ASKED = re.compile(r"--python[ =]([\w.]+)")


def scalars(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Yield (path, text) for every leaf of nested dicts and lists."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from scalars(item, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from scalars(item, f"{where}[{number}]")
    else:
        yield where, str(value)


def violations(config: dict[str, Any], versions: dict[str, str]) -> list[str]:
    """Return what is wrong with a cluster file, one line each; `versions` are the project's own pins."""
    return [
        *_openings_and_secrets(config),
        *_unsafe_starts(config),
        *_missing_agent(config),
        *_unsafe_syncs(config),
        *_other_versions(config, versions),
        *(policy_aws.unsafe_nodes(config) if config["provider"]["type"] == "aws" else ()),
    ]


def _openings_and_secrets(config: dict[str, Any]) -> Iterator[str]:
    for where, text in scalars(config):
        if any(word in text for word in OPEN_TO_THE_WORLD):
            yield f"{where} is open to the world: {text}"
        if "FullAccess" in text:
            yield f"{where} gives full access: {text}"
        if SECRET_KEYS.search(where) or SECRET_VALUES.search(text):
            yield f"{where} looks like a secret"


def _unsafe_starts(config: dict[str, Any]) -> Iterator[str]:
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        starts = [command for command in config.get(key, []) if "ray start" in command]
        if not starts or not all("RAY_AUTH_MODE=token" in command for command in starts):
            yield f"{key} must start ray with RAY_AUTH_MODE=token"
    if not any("--dashboard-host=127.0.0.1" in command for command in config.get("head_start_ray_commands", [])):
        yield "head_start_ray_commands must keep the dashboard on 127.0.0.1"


def _missing_agent(config: dict[str, Any]) -> Iterator[str]:
    if config["provider"]["type"] == "local":  # nobody takes away a machine of one's own with notice
        return
    commands = config.get("worker_start_ray_commands", [])
    agents = [(number, command) for number, command in enumerate(commands) if AGENT in command]
    if len(agents) != 1 or not any("ray start" in command for command in commands[: agents[0][0]]):
        yield f"worker_start_ray_commands must run `{AGENT}` once, after `ray start`"
    for _, command in agents:
        if "setsid --fork" not in command or not command.endswith("2>&1 < /dev/null"):
            yield "the spot notice agent must not hold the ssh session: setsid --fork ... 2>&1 < /dev/null"
        if "RAY_AUTH_MODE=token" not in command:
            yield "the spot notice agent must run with RAY_AUTH_MODE=token"
    if not any(remote.endswith("/softvote/cluster/spot_notice") for remote in config.get("file_mounts", {})):
        yield "file_mounts must send cluster/spot_notice"


def _unsafe_syncs(config: dict[str, Any]) -> Iterator[str]:
    excluded = {pattern.removeprefix("**/") for pattern in config.get("rsync_exclude", [])}
    for name in NEVER_SYNCED:
        if name not in excluded:
            yield f"rsync_exclude must name {name}"
    for remote, local in config.get("file_mounts", {}).items():
        is_token = remote.endswith("/.ray/auth_token")
        if set(local.split("/")) & set(NEVER_SYNCED) or (local.startswith(("~", "/")) and not is_token):
            yield f"file_mounts must not send {local}"


def _other_versions(config: dict[str, Any], versions: dict[str, str]) -> Iterator[str]:
    for name, version in config.get("metadata", {}).items():
        if name in versions and str(version) != versions[name]:
            yield f"metadata.{name} is {version}, the project's is {versions[name]}"
    for where, text in scalars(config):
        for name, version in PINNED.findall(text):
            if version != versions[name.partition("[")[0]]:
                yield f"{where} installs {name} {version}, the project's is {versions[name.partition('[')[0]]}"
        for version in PYTHON_ASKED.findall(text):
            if version != versions["python"]:
                yield f"{where} takes Python {version}, the project's is {versions['python']}"

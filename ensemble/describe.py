"""A configuration in few words: what differs from the notebook's."""

from typing import Any

from core.config import notebook_config

BUDGET = ("train.epochs", "precision")
"""The same in a study's every trial, or decided by the machine: says nothing of one member."""


def config_in_short(config: dict[str, Any]) -> str:
    """Return the fields that differ from the notebook's configuration, `name=value`, or what else is known.

    Args:
        config: `core.config.Config.to_json`, or an empty dict where nothing is known.

    Returns:
        Such as `filters=48,96 kernel_size=5 schedule=cosine`, `as the notebook`, or `unknown`.
    """
    if not config:
        return "unknown"
    notebook = _flat(notebook_config().to_json())
    differing = {name: value for name, value in _flat(config).items() if value != notebook.get(name)}
    words = [f"{name.split('.')[-1]}={value}" for name, value in differing.items() if name not in BUDGET]
    return " ".join(words) or "as the notebook"


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested fields as one dict of dotted names and short texts."""
    flat: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _text(value)
    return flat


def _text(value: object) -> str:
    """Return a number to three digits, a sequence with commas."""
    if isinstance(value, (list, tuple)):
        return ",".join(_text(item) for item in value) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

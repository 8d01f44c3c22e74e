"""A configuration in few words: a known one's name, or what differs from the notebook's."""

from typing import Any

from core.known import KNOWN_CONFIGS

BUDGET = ("train.epochs", "precision", "views")
"""The same in a study's every trial, or decided by the machine: says nothing of one member."""


def config_in_short(config: dict[str, Any]) -> str:
    """Return the fields that differ from the notebook's configuration, `name=value`, or what else is known.

    Args:
        config: `core.config.Config.to_json`, or an empty dict where nothing is known.

    Returns:
        Such as `filters=48,96 kernel_sizes=5,3 schedule=cosine`, `as the notebook`, `as fast`, `builder=mine:build
        depth=3` (one's own model with a knob of its own), or `unknown`.
    """
    if not config:
        return "unknown"
    fields = telling_fields(config)
    for name, known in KNOWN_CONFIGS.items():
        if name != "notebook" and fields == telling_fields(known.to_json()):
            return f"as {name}"
    notebook = telling_fields(KNOWN_CONFIGS["notebook"].to_json())
    words = [f"{name.split('.')[-1]}={value}" for name, value in fields.items() if value != notebook.get(name)]
    return " ".join(words) or "as the notebook"


def telling_fields(config: dict[str, Any]) -> dict[str, str]:
    """Return the flat fields that tell one member from another."""
    return {name: value for name, value in _flat(config).items() if name not in BUDGET}


def _flat(config: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return nested fields as one dict of dotted names and short texts; what is None is left out."""
    flat: dict[str, str] = {}
    for name, value in config.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif value is not None:  # one's own model, which configurations of older studies do not even mention
            flat[prefix + name] = _text(value)
    return flat


def _text(value: object) -> str:
    """Return a number to three digits, a sequence with commas."""
    if isinstance(value, (list, tuple)):
        return ",".join(_text(item) for item in value) or "none"
    return f"{value:.3g}" if isinstance(value, float) else str(value)

"""A file for AWS: machines that its region has, and that it has not to keep."""

from collections.abc import Iterator
from typing import Any

from cluster.check import ray_up


def mistakes(file: str, config: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, one line each."""
    yield from ray_up.mistakes(file, config)

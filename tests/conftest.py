"""The environment of the whole test run, set before any test imports tensorflow or ray."""

import os
import secrets
import tempfile
from pathlib import Path

import pytest

STARTING_CLUSTERS = ("search", "cluster", "benchmarks")
"""Folders whose tests start Ray clusters and trainings: one at a time, whatever runs beside them."""

_cache = tempfile.TemporaryDirectory(prefix="softvote-tests-")

os.environ.update(
    SOFTVOTE_CACHE=_cache.name,  # parsed data goes here, never into the user's own cache
    CUDA_VISIBLE_DEVICES="-1",  # the same results with and without a card
    TF_CPP_MIN_LOG_LEVEL="3",
    RAY_USAGE_STATS_ENABLED="0",
    RAY_AUTH_MODE="token",  # no cluster of a test is open to others on the machine,
    RAY_AUTH_TOKEN=secrets.token_hex(32),  # and Ray writes no token file into the user's home
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep each file's tests in one process, for their fixtures' sake, and all that start clusters in the same one."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        group = "clusters" if folder in STARTING_CLUSTERS else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))


def pytest_unconfigure() -> None:
    """Remove the run's cache folder."""
    _cache.cleanup()

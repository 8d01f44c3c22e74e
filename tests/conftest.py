"""The environment of the whole test run, set before any test imports tensorflow or ray."""

import collections.abc
import os
import secrets
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

from tests.chromium import Chromium, chromium

STARTING_CLUSTERS = ("search", "cluster", "benchmarks")
"""Folders whose tests start Ray clusters and trainings: one at a time, whatever runs beside them."""

STARTING_NONE = ("page", "live", "tracking", "money")
"""Folders below them whose tests start none."""

_cache = tempfile.TemporaryDirectory(prefix="softvote-tests-")

os.environ.update(
    SOFTVOTE_CACHE=_cache.name,  # parsed data goes here, never into the user's own cache
    CUDA_VISIBLE_DEVICES="-1",  # the same results with and without a card
    TF_CPP_MIN_LOG_LEVEL="3",
    RAY_USAGE_STATS_ENABLED="0",
    RAY_ENABLE_UV_RUN_RUNTIME_ENV="0",  # read once, when ray is imported: no copy of the checkout for the workers
    RAY_AUTH_MODE="token",  # no cluster of a test is open to others on the machine,
    RAY_AUTH_TOKEN=secrets.token_hex(32),  # and Ray writes no token file into the user's home
)


class ByFile(LoadFileScheduling):
    """Keeps a file's tests in one process, for their fixtures' sake, and all that start clusters in the same one."""

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test is kept together with."""
        file = nodeid.partition("::")[0]
        wing, part = file.split("/")[1:3] if file.count("/") > 1 else (file, "")
        return "clusters" if wing in STARTING_CLUSTERS and part not in STARTING_NONE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    """Say what runs in which process."""
    return ByFile(config, log)


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    """Start a browser for a file's tests, which are marked `browser`."""
    with chromium() as started:
        yield started


def pytest_unconfigure() -> None:
    """Remove the run's cache folder."""
    _cache.cleanup()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run say that nothing of what its tests need may be missing."""
    parser.addoption("--no-skips", action="store_true", help="let a test that would be skipped fail, with its reason")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> collections.abc.Generator[None, Any, Any]:
    """Let a test that is skipped fail where --no-skips says so."""
    return _failed_if_skipped(item.config, (yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> collections.abc.Generator[None, Any, Any]:
    """Let a file that is skipped as a whole fail where --no-skips says so."""
    return _failed_if_skipped(collector.config, (yield))


def _failed_if_skipped(config: pytest.Config, report: Any) -> Any:
    """Return the report of a test or a file as --no-skips has it."""
    if report.skipped and config.getoption("no_skips") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"--no-skips: {report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr}"
    return report

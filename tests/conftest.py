"""The environment of the whole test run, set before any test imports tensorflow or ray."""

import os
import secrets
import tempfile

_cache = tempfile.TemporaryDirectory(prefix="softvote-tests-")

os.environ.update(
    SOFTVOTE_CACHE=_cache.name,  # parsed data goes here, never into the user's own cache
    CUDA_VISIBLE_DEVICES="-1",  # the same results with and without a card
    TF_CPP_MIN_LOG_LEVEL="3",
    RAY_USAGE_STATS_ENABLED="0",
    RAY_AUTH_MODE="token",  # no cluster of a test is open to others on the machine,
    RAY_AUTH_TOKEN=secrets.token_hex(32),  # and Ray writes no token file into the user's home
)


def pytest_unconfigure() -> None:
    """Remove the run's cache folder."""
    _cache.cleanup()

"""A played metadata service, and no way to a real one."""

from collections.abc import Iterator

import pytest

from tests.cluster.spot_notice.metadata_service import Service, played


@pytest.fixture(autouse=True)
def no_real_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test forgets to say goes to a closed port of this machine."""
    monkeypatch.setenv("SPOT_NOTICE_SERVICE", "http://127.0.0.1:9")


@pytest.fixture
def service() -> Iterator[Service]:
    with played() as service:
        yield service

import contextlib
import os
from collections.abc import Callable, Iterator

import pytest

from search.cluster.start import QUIET_ENVIRONMENT, scratch_folder

from .live import Nodes


@pytest.fixture
def scratch(monkeypatch) -> Iterator[str]:
    for name, value in QUIET_ENVIRONMENT.items():
        monkeypatch.setenv(name, os.environ.get(name, value))
    with scratch_folder() as folder:
        yield folder


@pytest.fixture
def make_nodes(scratch) -> Iterator[Callable[[int], Nodes]]:
    with contextlib.ExitStack() as opened:

        def make(num_head_cpus: int) -> Nodes:
            nodes = Nodes(scratch, num_head_cpus)
            opened.callback(nodes.close)
            return nodes

        yield make

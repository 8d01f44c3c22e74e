from pathlib import Path

import pytest

from search.cluster.start import scratch_folder


def test_scratch_folder_is_gone_in_the_end_also_after_an_error():
    paths = []

    def fail() -> None:
        with scratch_folder() as path:
            paths.append(Path(path))
            assert paths[0].is_dir()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not paths[0].exists()

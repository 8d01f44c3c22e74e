from pathlib import Path

import pytest

from search.cluster import num_fitting, scratch_folder


@pytest.mark.parametrize(
    ("cpus", "gpus", "cpus_per_trial", "gpus_per_trial", "fitting"),
    [
        (2, 0, 1, 0, 2),
        (3, 0, 2, 0, 1),
        (4, 0, 8, 0, 0),
        (16, 1, 1, 0.25, 4),
        (2, 1, 1, 0.25, 2),
        (16, 2, 1, 0.4, 4),  # a share lies on one card: two each, not five
        (16, 4, 1, 2, 2),
        (16, 1, 1, 2, 0),
        (16, 3, 1, 1, 3),
        (16, 1, 1, 0.1, 10),
    ],
)
def test_num_fitting_counts_trials_of_one_machine(cpus, gpus, cpus_per_trial, gpus_per_trial, fitting):
    assert num_fitting(cpus, gpus, cpus_per_trial, gpus_per_trial) == fitting


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

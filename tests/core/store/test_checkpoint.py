from pathlib import Path

import numpy as np

from core.store import files
from core.store.checkpoint import (
    Checkpoint,
    read_newest_checkpoint,
    remove_earlier_checkpoints,
    write_checkpoint,
)
from core.store.records import EpochReport
from core.store.study import TrialFolder


def checkpoint(num_epochs: int) -> Checkpoint:
    epochs = tuple(
        EpochReport(
            epoch=number + 1,
            loss=0.1 + number,
            train_accuracy=0.5,
            log_loss=0.3,
            accuracy=0.9,
            learning_rate=1e-3,
            seconds=1.5,
        )
        for number in range(num_epochs)
    )
    return Checkpoint(state={"weights/0": np.arange(num_epochs, dtype=np.float32)}, epochs=epochs)


def assert_same(found: Checkpoint | None, written: Checkpoint) -> None:
    assert found is not None
    assert found.epochs == written.epochs
    assert list(found.state) == list(written.state)
    np.testing.assert_array_equal(found.state["weights/0"], written.state["weights/0"])


def test_checkpoint_reads_back_as_it_was(tmp_path: Path) -> None:
    folder, written = TrialFolder(str(tmp_path)), checkpoint(3)
    write_checkpoint(folder, 1, written)
    assert_same(read_newest_checkpoint(folder, before_generation=1), written)


def test_checkpoint_of_a_trial_without_any_is_none(tmp_path: Path) -> None:
    assert read_newest_checkpoint(TrialFolder(str(tmp_path)), before_generation=5) is None


def test_checkpoint_with_most_epochs_wins_over_the_latest_generation(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    write_checkpoint(folder, 1, checkpoint(5))
    write_checkpoint(folder, 2, checkpoint(3))
    assert_same(read_newest_checkpoint(folder, before_generation=2), checkpoint(5))


def test_checkpoint_of_a_later_generation_is_not_read(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    write_checkpoint(folder, 1, checkpoint(2))
    write_checkpoint(folder, 2, checkpoint(4))
    assert_same(read_newest_checkpoint(folder, before_generation=1), checkpoint(2))


def test_a_torn_checkpoint_costs_its_generation_only(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    write_checkpoint(folder, 1, checkpoint(2))
    write_checkpoint(folder, 2, checkpoint(4))
    torn = Path(folder.checkpoint(2))
    torn.write_bytes(torn.read_bytes()[:-9])
    assert_same(read_newest_checkpoint(folder, before_generation=2), checkpoint(2))


def test_a_foreign_file_in_the_checkpoints_place_is_passed_over(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    files.write_npz(folder.checkpoint(1), {"weights": np.arange(3)})
    files.write_bytes(files.join(folder.checkpoints, "old", "state.npz"), b"")
    assert read_newest_checkpoint(folder, before_generation=1) is None


def test_each_attempt_of_a_generation_has_a_checkpoint_of_its_own_and_the_one_with_most_epochs_wins(
    tmp_path: Path,
) -> None:
    folder = TrialFolder(str(tmp_path))
    write_checkpoint(folder, 3, checkpoint(4))
    write_checkpoint(folder, 3, checkpoint(6), attempt=1)
    write_checkpoint(folder, 3, checkpoint(5))  # by what lives on of the first attempt, on a node that was cut off
    assert files.list_folders(folder.checkpoints) == ["3", "3.1"]
    assert_same(read_newest_checkpoint(folder, before_generation=3), checkpoint(6))
    write_checkpoint(folder, 3, checkpoint(7))
    assert_same(read_newest_checkpoint(folder, before_generation=3), checkpoint(7))


def test_checkpoint_of_a_later_generations_attempt_is_not_read(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    write_checkpoint(folder, 2, checkpoint(1), attempt=10)
    write_checkpoint(folder, 3, checkpoint(4), attempt=1)
    assert_same(read_newest_checkpoint(folder, before_generation=2), checkpoint(1))


def test_folders_of_other_names_are_no_checkpoints(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    for name in ("1.", ".1", "1.1.1", "-1", "1.x"):
        write_checkpoint(folder, 1, checkpoint(2))
        Path(folder.checkpoint(1)).parent.rename(tmp_path / "checkpoint" / name)
    assert read_newest_checkpoint(folder, before_generation=9) is None


def test_earlier_checkpoints_go_and_later_ones_stay(tmp_path: Path) -> None:
    folder = TrialFolder(str(tmp_path))
    for generation, attempt in ((1, 0), (2, 0), (2, 1), (2, 10), (3, 0)):
        write_checkpoint(folder, generation, checkpoint(1), attempt=attempt)
    remove_earlier_checkpoints(folder, 2, 10)
    assert files.list_folders(folder.checkpoints) == ["2.10", "3"]
    remove_earlier_checkpoints(TrialFolder(str(tmp_path / "none")), 2, 1)

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from optuna.trial import BaseTrial

from benchmarks.made_up import made_up_report
from core.config import Config, TrainConfig
from core.store.predictions import Predictions, write_predictions
from core.store.records import TrialRecord
from core.store.study import StudyFolder
from search.ledger import Ledger, Worker
from search.space import suggest_config
from search.starts import Start
from search.steering import Steering
from search.study import SpaceFunction, TrialStudy

from .commands import OPTIONS, run_search

EPOCHS = 9
HERE = Worker(node="here", precision="float32")
epoch_report = made_up_report


def one_knob_space(trial: BaseTrial) -> Config:
    return Config(train=TrainConfig(epochs=EPOCHS, learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1)))


def default_space(trial: BaseTrial) -> Config:
    base = Config(train=TrainConfig(epochs=EPOCHS))
    return suggest_config(trial, base, image_shape=(28, 28, 1), num_train_rows=33_600)


def write_whole_predictions(steering: Steering, number: int) -> None:
    """Put a small predictions file where a worker would have put it before its report."""
    write_small_predictions(steering.ledger.folder.trial(steering.ledger[number].trial_id).predictions)


def write_small_predictions(url: str) -> None:
    softmax = np.full((1, 2), 0.5, np.float32)
    predictions = Predictions(trial_id="t", rows=np.arange(1), softmax=softmax, test_softmax=softmax, data="d")
    write_predictions(url, predictions)


MakeSteering = Callable[..., Steering]


@pytest.fixture
def make_steering(tmp_path) -> MakeSteering:
    """Open a start of a search in one folder; called again, it is the next start on the same records."""
    generation = 0

    def make(
        num_trials: int | None = 4,
        seed: int = 0,
        deadline: float | None = None,
        folder: str = "study",
        others: tuple[str, ...] = (),
        space: SpaceFunction = one_knob_space,
    ) -> Steering:
        nonlocal generation
        generation += 1
        ledger = Ledger(StudyFolder(str(tmp_path / folder)), generation)
        ledger.load()
        steering = Steering(
            study=TrialStudy(space, seed=seed, epochs=EPOCHS),
            ledger=ledger,
            num_trials=num_trials,
            seed=seed,
            epochs=EPOCHS,
            starts=[
                Start(origin=name, params={"learning_rate": 10.0 ** (n - 3)})
                for n, name in enumerate(("notebook", *others))
            ],
            deadline=deadline,
        )
        steering.resume()
        return steering

    return make


@pytest.fixture(scope="session")
def runs(tmp_path_factory) -> Path:
    """Return the folder of the studies that several modules look at."""
    return tmp_path_factory.mktemp("search") / "runs"


@pytest.fixture(scope="session")
def whole(runs, without_network) -> subprocess.CompletedProcess[str]:
    """Run one search from beginning to end, cut off from all networks where the machine allows it."""
    done = run_search(runs, "whole", *OPTIONS, prefix=without_network)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def without_network() -> tuple[str, ...]:
    """Return the words that run a command in a namespace with loopback alone; none where that is not allowed."""
    raise_loopback = "import fcntl, os, socket, struct, sys; fcntl.ioctl(socket.socket(), 0x8914, "
    raise_loopback += "struct.pack('16sh14x', b'lo', 1)); os.execvp(sys.argv[1], sys.argv[1:])"
    prefix = ("unshare", "-n", sys.executable, "-c", raise_loopback)
    try:
        allowed = subprocess.run([*prefix, "true"], capture_output=True, timeout=60, check=False).returncode == 0
    except OSError:
        allowed = False
    return prefix if allowed else ()


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "study/study.journal"


@pytest.fixture
def searched(make_steering) -> list[TrialRecord]:
    """Run one start of a search with its journal, and return what it leaves."""
    from .journals import kept, search_some

    steering = make_steering(num_trials=9)
    with kept(steering):
        search_some(steering)
    return steering.ledger.records

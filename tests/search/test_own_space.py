import dataclasses
import re
from pathlib import Path

import optuna
import pytest

from core.config import Config, TrainConfig
from core.errors import ConfigError
from search.domain import Domain
from search.own_space import own_space

BASE = Config(train=TrainConfig(epochs=9, batch_size=64), builder="mine:build")
SOURCE = """
from dataclasses import replace

def space(trial, base):
    train = replace(base.train, learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1))
    return replace(base, train=train, extra={"depth": trial.suggest_int("depth", 1, 3)})

def gives_none(trial, base):
    trial.suggest_int("depth", 1, 3)

def changes_epochs(trial, base):
    return replace(base, train=replace(base.train, epochs=3))

def changes_builder(trial, base):
    return replace(base, builder="os:system")

def takes_ours(trial, base):
    return replace(base, builder=None)

def too_large_batch(trial, base):
    return replace(base, train=replace(base.train, batch_size=101))

def too_many_blocks(trial, base):
    model = replace(base.model, filters=(8,) * 5, convs_per_block=(1,) * 5, kernel_sizes=(3,) * 5)
    return replace(base, builder=None, model=model)

def out_of_range(trial, base):
    return replace(base, views=2)

def raises_late(trial, base):
    if trial.number > 0:
        raise RuntimeError("no more")
    return base

def keeps_a_hand_in(trial, base):
    base.extra["seen"] = base.extra.get("seen", 0) + 1
    return base
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module of space functions that can be imported."""
    name = f"softvote_space_{re.sub(r'[^a-z0-9]', '_', tmp_path.name.lower())}"
    (tmp_path / f"{name}.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def make(module: str, function: str, base: Config = BASE):
    return own_space(f"{module}:{function}", Domain(base=base, image_shape=(28, 28, 1), num_train_rows=100))


def test_own_space_gives_what_the_function_draws(module):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    space = make(module, "space")
    for _ in range(3):
        trial = study.ask()
        config = space(trial)
        assert trial.params == {"learning_rate": config.train.learning_rate, "depth": config.extra["depth"]}
        assert config.builder == "mine:build"
        assert dataclasses.replace(config, train=BASE.train, extra={}) == BASE


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("gives_none", "the function must return a core.config.Config, got NoneType"),
        ("changes_epochs", r"train\.epochs must stay 9 \(--epochs\), by which all trials are compared, got 3"),
        ("changes_builder", r"builder must be None or that of --model \(mine:build\), got 'os:system'"),
        ("too_large_batch", r"train\.batch_size must be at most 100 \(the train rows\), got 101"),
        ("too_many_blocks", r"model\.filters has 5 blocks of pool 2, which need 32 pixels, got images of 28x28"),
    ],
)
def test_own_space_refuses_what_cannot_be_trained_before_anything_is_started(module, function, words):
    with pytest.raises(ConfigError, match=f"^--space {module}:{function}: {words}"):
        make(module, function)


def test_own_space_tells_what_the_function_raised_and_where(module):
    words = r"raised ConfigError: views must be 1, 5 or 9, got 2 \(.*\.py, line 28\)$"
    with pytest.raises(ConfigError, match=f"^--space {module}:out_of_range {words}"):
        make(module, "out_of_range")


def test_own_space_may_mix_our_network_in(module):
    assert make(module, "takes_ours")(optuna.create_study().ask()).builder is None


def test_own_space_raises_also_when_it_goes_wrong_later(module):
    study = optuna.create_study()
    space = make(module, "raises_late")
    assert space(study.ask()) == BASE
    with pytest.raises(ConfigError, match="raises_late raised RuntimeError: no more"):
        space(study.ask())


def test_own_space_that_changes_its_base_changes_no_other_trials(module):
    space = make(module, "keeps_a_hand_in")
    trial = optuna.create_study().ask()
    assert [space(trial).extra, space(trial).extra] == [{"seen": 1}, {"seen": 1}]
    assert BASE.extra == {}

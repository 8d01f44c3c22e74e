import dataclasses
from typing import Any

import pytest

from core.config import NO_AUGMENT, Config
from core.known import KNOWN_CONFIGS
from core.settings import TrainingSettings
from core.study import base_config
from search import starts
from search.domain import Domain
from search.space import params_of
from search.starts import Start, known_starts

DIGIT_RECOGNIZER = (28, 28, 1)
NUM_ROWS = 33_600


def starts_of(model: str, image_shape: tuple[int, int, int] = DIGIT_RECOGNIZER, base: Config | None = None) -> list:
    return known_starts(model, domain_of(base or KNOWN_CONFIGS[model], image_shape=image_shape))


def domain_of(base: Config, **fields: Any) -> Domain:
    domain = Domain(base=base, image_shape=DIGIT_RECOGNIZER, num_train_rows=NUM_ROWS)
    return dataclasses.replace(domain, **fields)


def base_of(model: str, **fields: Any) -> Config:
    """Return what a search over 7 epochs would make of a model, one's own or a known one."""
    return base_config(TrainingSettings(model=model, epochs=7, **fields), NUM_ROWS)


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("notebook", ["notebook", "fast", "strong"]),
        ("fast", ["fast", "notebook", "strong"]),
        ("strong", ["strong", "notebook", "fast"]),
    ],
)
def test_known_starts_begin_with_the_named_model_and_leave_none_out(model, names):
    assert [start.origin for start in starts_of(model)] == names


def test_known_starts_are_the_knobs_of_the_known_configs():
    base = KNOWN_CONFIGS["notebook"]
    for start in starts_of("notebook"):
        assert start.params == params_of(KNOWN_CONFIGS[start.origin], base, num_train_rows=33_600)


def test_known_starts_leave_out_what_does_not_fit_the_images():
    fitting = {name for name, config in KNOWN_CONFIGS.items() if 2 ** len(config.model.filters) <= 4}
    assert "notebook" in fitting
    assert {start.origin for start in starts_of("notebook", (4, 28, 1))} == fitting


def test_known_starts_leave_augmentation_out_where_the_base_has_none():
    base = dataclasses.replace(KNOWN_CONFIGS["notebook"], augment=NO_AUGMENT)
    assert all("zoom" not in (start.params or {}) for start in starts_of("notebook", base=base))


def test_known_starts_have_no_configuration_twice(monkeypatch):
    # the same but for its epochs, which are the search's own
    fast = KNOWN_CONFIGS["fast"]
    longer = dataclasses.replace(fast, train=dataclasses.replace(fast.train, epochs=99))
    monkeypatch.setattr(starts, "KNOWN_CONFIGS", KNOWN_CONFIGS | {"strong": longer})
    assert [start.origin for start in starts_of("notebook")] == ["notebook", "fast"]
    assert [start.origin for start in starts_of("strong")] == ["strong", "notebook"]


def test_ones_own_model_comes_first_with_the_notebooks_knobs_and_the_known_ones_compete_as_they_are():
    base = base_of("mine:build", views=5)
    first, *others = starts_of("mine:build", base=base)
    assert (first.origin, first.config) == ("base", None)
    assert first.params == params_of(KNOWN_CONFIGS["notebook"], base, num_train_rows=NUM_ROWS)
    assert [start.origin for start in others] == ["notebook", "fast", "strong"]
    for start in others:
        assert start.params is None
        assert start.config == base_of(start.origin, views=5), "as a search with that --model has it"


def test_ones_own_model_takes_images_that_no_known_one_does():
    base = base_of("mine:build")
    assert starts_of("mine:build", (1, 28, 1), base) == [Start(origin="base", config=base)]


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("notebook", ["notebook", "fast", "strong"]),
        ("strong", ["strong", "notebook", "fast"]),
        ("mine:build", ["base", "notebook", "fast", "strong"]),
    ],
)
@pytest.mark.parametrize("augment", [True, False])
def test_in_ones_own_space_all_compete_as_they_are(model, names, augment):
    base = base_of(model, augment=augment)
    starts = known_starts(model, domain_of(base, own_space=lambda trial: base))
    assert [start.origin for start in starts] == names
    assert starts[0].config == base
    for start in starts[1:]:
        assert start == Start(origin=start.origin, config=base_of(start.origin, augment=augment))


def test_in_ones_own_space_the_known_ones_fit_images_and_rows():
    base = base_config(TrainingSettings(epochs=7), 70)
    domain = domain_of(base, image_shape=(4, 28, 1), num_train_rows=70, own_space=lambda trial: base)
    starts = known_starts("notebook", domain)
    fitting = {name for name, config in KNOWN_CONFIGS.items() if 2 ** len(config.model.filters) <= 4}
    assert {start.origin for start in starts} == fitting
    assert {start.config.train.batch_size for start in starts if start.config is not None} == {70}

import dataclasses

import pytest

from core.config import NO_AUGMENT, Config
from core.known import KNOWN_CONFIGS
from search import starts
from search.domain import Domain
from search.space import params_of
from search.starts import known_starts


def starts_of(model: str, image_shape: tuple[int, int, int] = (28, 28, 1), base: Config | None = None) -> list:
    domain = Domain(base=base or KNOWN_CONFIGS[model], image_shape=image_shape, num_train_rows=33_600)
    return known_starts(model, domain)


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

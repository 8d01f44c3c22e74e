"""Optuna's PED-ANOVA without what its package loads beside it."""

import importlib
import importlib.util
import sys
import types
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna.importance import PedAnovaImportanceEvaluator

PACKAGE = "optuna.importance"


def ped_anova() -> "type[PedAnovaImportanceEvaluator]":
    """Return Optuna's evaluator; scikit-learn, which only its others need and which takes a second, is not loaded.

    The package is there as usual for whoever imports it later.
    """
    if PACKAGE in sys.modules:
        return _evaluator(PACKAGE)
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None, "Optuna has had the package since version 1.3"
    stand_in = types.ModuleType(PACKAGE)
    stand_in.__path__ = list(spec.submodule_search_locations or ())
    sys.modules[PACKAGE] = stand_in
    try:
        return _evaluator(f"{PACKAGE}._ped_anova")
    finally:
        del sys.modules[PACKAGE]


def _evaluator(module: str) -> "type[PedAnovaImportanceEvaluator]":
    """Return the class from where it is."""
    found: type[PedAnovaImportanceEvaluator] = importlib.import_module(module).PedAnovaImportanceEvaluator
    return found

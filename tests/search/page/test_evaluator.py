import subprocess
import sys

import pytest

from tests.test_layers import ROOT

ALONE = """
import sys
from search.page.evaluator import ped_anova
ours = ped_anova()
assert "optuna.importance" not in sys.modules and "sklearn" not in sys.modules
"""
PACKAGE_LATER = """
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
assert ours is PedAnovaImportanceEvaluator is ped_anova()
FanovaImportanceEvaluator()
"""


def require_it_runs(program):
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_evaluator_comes_without_scikit_learn():
    require_it_runs(ALONE)


@pytest.mark.slow
def test_package_is_there_as_usual_for_whoever_imports_it_later():
    require_it_runs(ALONE + PACKAGE_LATER)

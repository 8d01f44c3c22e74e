"""The commands that only make pages, run for real: none of them loads what trains."""

import subprocess
import sys
from pathlib import Path

from core.config import NO_AUGMENT, Config
from tests.core.page.making import make_study as make_training
from tests.ensemble.page.made import make_study as make_votable
from tests.search.page.making import folder_at, make_search, write_search

ROOT = Path(__file__).parents[1]
MAKE_ALL = """
import runpy, sys
search, votable, training = sys.argv[1:]

def loaded():
    return sorted({"tensorflow", "keras", "ray"} & set(sys.modules))

sys.argv = ["ensemble", votable, "--method", "mean", "--quiet"]
runpy.run_module("ensemble", run_name="__main__", alter_sys=True)
assert not loaded(), f"ensemble loads {loaded()}"

from core.page.write import write_model_page
from core.store.study import StudyFolder
write_model_page(StudyFolder(training), "t000000")
assert not loaded(), f"model.html loads {loaded()}"

sys.argv = ["search.page", search]
runpy.run_module("search.page", run_name="__main__", alter_sys=True)
assert not loaded(), f"search.page loads {loaded()}"
"""


def test_commands_that_make_pages_load_neither_tensorflow_nor_keras_nor_ray(tmp_path):
    search = write_search(folder_at(tmp_path / "search"), make_search(4))
    # with augmentation the page draws as training does, and with a model it looks into it: both need tensorflow
    votable, training = make_votable(tmp_path / "vote"), make_training(tmp_path, config=Config(augment=NO_AUGMENT))
    words = [sys.executable, "-c", MAKE_ALL, search.url, votable.url, training.url]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    for page in (search.search_page, votable.folder.vote_page, training.model_page):
        assert "<svg" in Path(page).read_text()

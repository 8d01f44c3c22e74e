"""Holds the layers and the house rules by reading the source, so that nothing has to be imported."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WINGS = ("core", "search", "ensemble")
HEAVY = {"tensorflow", "keras", "ray", "optuna"}
PICKLES = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
ENSEMBLE_MAY_USE = ("core.store", "core.metrics", "core.errors", "core.cli", "core.config", "core.known", "core.html")
ENSEMBLE_MAY_USE_LAZILY = "core.deploy"  # one exported model needs Keras, after the vote
NUMPY_RANDOM_TYPES = {"Generator", "default_rng", "SeedSequence", "BitGenerator", "PCG64", "Philox"}
MAX_FILE_LINES = 250
MAX_FUNCTION_LINES = 60
MAX_DATA_BYTES = 50_000
MAX_RESULT_BYTES = 300_000
"""Of a file in results/: what was predicted, 28,000 rows of it, not what it was learnt from."""
TRACKED_TABLES = ("cluster/prices.csv",)
"""Tables that a person edits: no data that anything was learnt from."""
DATA_SUFFIXES = {".csv", ".zip", ".npz", ".npy", ".gz", ".parquet"}
# in two halves, so that this file does not name them either
REGISTRY_HOSTS = ["pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "debian" + ".org/debian"]


def tracked_files() -> list[Path]:
    """Return the files that git tracks; skips outside a checkout."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout to know which files are tracked")
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def sources(*folders: str) -> list[Path]:
    """Return the Python files below `folders`, new ones that git does not know yet included."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return the dotted name of a source file; a package's is that of its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def imported_names(node: ast.AST) -> Iterator[str]:
    """Yield what one import statement may load: `from a.b import c` yields a.b and a.b.c."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are written from the top: from core.store import files"
        yield node.module or ""
        yield from (f"{node.module}.{alias.name}" for alias in node.names)


def all_imports(tree: ast.Module) -> set[str]:
    """Return the imports of a file, those inside functions included."""
    return {name for node in ast.walk(tree) for name in imported_names(node)}


def imports_on_load(tree: ast.AST) -> set[str]:
    """Return the imports that run when the file is imported: outside functions and `if TYPE_CHECKING`."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        found |= set(imported_names(node)) | imports_on_load(node)
    return found


def loaded_by(start: str) -> set[str]:
    """Return every name that `import start` loads, followed through this project's own files."""
    files = {module_name(path): path for path in sources(*WINGS)}
    assert start in files, f"there is no module {start}"
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += [name.rpartition(".")[0]] if "." in name else []
            waiting += sorted(imports_on_load(parse(files[name]))) if name in files else []
    return seen


def top_packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def is_below(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def offences(rule: str, found: dict[Path, set[str]]) -> str:
    """Return one line for each offending file; empty where there is none."""
    lines = [f"{path.relative_to(ROOT)}: {', '.join(sorted(names))}" for path, names in found.items() if names]
    return "\n".join([rule, *lines]) if lines else ""


def test_core_knows_neither_ray_optuna_nor_the_wings_above() -> None:
    above = {"ray", "optuna", "search", "ensemble"}
    found = {path: top_packages(all_imports(parse(path))) & above for path in sources("core")}
    assert not offences("core trains one model and knows nothing above it", found)


def test_ensemble_imports_neither_tensorflow_keras_ray_optuna_nor_search() -> None:
    found = {path: top_packages(all_imports(parse(path))) & (HEAVY | {"search"}) for path in sources("ensemble")}
    assert not offences("ensemble reads stored predictions only", found)


def test_ensemble_uses_only_the_light_half_of_core() -> None:
    found = {}
    for path in sources("ensemble"):
        tree = parse(path)
        lazy = all_imports(tree) - imports_on_load(tree)
        of_core = {name for name in all_imports(tree) if is_below(name, "core") and name != "core"}
        allowed = {name for name in of_core if is_below(name, *ENSEMBLE_MAY_USE)}
        allowed |= {name for name in of_core & lazy if is_below(name, ENSEMBLE_MAY_USE_LAZILY)}
        found[path] = of_core - allowed
    assert not offences(f"ensemble may import {', '.join(ENSEMBLE_MAY_USE)} from core", found)


def test_ensemble_command_loads_nothing_heavy_through_others() -> None:
    assert not top_packages(loaded_by("ensemble.__main__")) & HEAVY


def test_store_needs_only_numpy_and_fsspec() -> None:
    found = {}
    for path in sources("core/store"):
        names = {name for name in all_imports(parse(path)) if not is_below(name, "core.store", "core.errors")}
        outside = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
        found[path] = {name for name in outside if not is_below(name, "numpy", "fsspec")}
    assert not offences("core.store owns the formats with numpy and fsspec alone", found)


def test_pages_need_neither_tensorflow_nor_training() -> None:
    allowed = {"numpy", "jinja2", "markupsafe", "PIL", "plotly"}
    found = {}
    for path in sources("core/html"):
        names = {
            name for name in all_imports(parse(path)) if not is_below(name, "core.store", "core.errors", "core.html")
        }
        outside = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
        found[path] = {name for name in outside if not is_below(name, *allowed)}
    assert not offences("core.html is the look of all pages, and nothing else", found)


def test_cluster_needs_only_the_standard_library() -> None:
    allowed = set(sys.stdlib_module_names) | {"cluster"}
    found = {path: top_packages(all_imports(parse(path))) - allowed for path in sources("cluster")}
    of_cost = all_imports(parse(ROOT / "cluster" / "cost.py"))  # it runs there too
    is_light = all(is_below(name, "search.money", "core.cli", "core.errors") for name in of_cost if is_ours(name))
    found[ROOT / "cluster" / "cost.py"] -= {"tyro"} | ({"core", "search"} if is_light else set())
    for path in sources("cluster/check"):  # it runs where `ray up` does, and ends at once
        found[path] -= {"yaml", *top_packages(all_imports(parse(path)) - imports_on_load(parse(path)))}
    found[ROOT / "cluster" / "node_choice.py"] -= {"ray", "yaml"}  # Ray itself loads it, on the head
    found[ROOT / "cluster" / "google_cloud.py"] -= {"ray"}  # Ray itself loads it, to order machines
    assert not offences("what waits on every worker costs next to nothing", found)


def is_ours(name: str) -> bool:
    return name.partition(".")[0] in WINGS


def test_cost_of_a_cluster_loads_nothing_heavy() -> None:
    of_ours = {name for name in imports_on_load(parse(ROOT / "cluster" / "cost.py")) if name in known_modules()}
    assert not top_packages({name for start in of_ours for name in loaded_by(start)}) & HEAVY


def known_modules() -> set[str]:
    return {module_name(path) for path in sources(*WINGS)}


def test_search_command_answers_help_without_tensorflow() -> None:
    assert not top_packages(loaded_by("search.__main__")) & {"tensorflow", "keras"}


def test_page_command_answers_help_without_tensorflow() -> None:
    assert not top_packages(loaded_by("core.page.__main__")) & {"tensorflow", "keras"}


def test_packages_hold_nothing_but_a_docstring() -> None:
    for path in sources(*WINGS, "cluster"):
        if path.name != "__init__.py":
            continue
        tree = parse(path)
        is_docstring_only = len(tree.body) == 1 and ast.get_docstring(tree) is not None
        assert is_docstring_only, f"{path.relative_to(ROOT)} must be a docstring and nothing else"


def test_files_and_functions_stay_short() -> None:
    found: dict[Path, set[str]] = {}
    for path in sources(*WINGS, "cluster", "benchmarks"):
        num_lines = len(path.read_text().splitlines())
        found[path] = {f"{num_lines} lines"} if num_lines > MAX_FILE_LINES else set()
        for node in ast.walk(parse(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                found[path] |= {f"{node.name} has {length} lines"} if length > MAX_FUNCTION_LINES else set()
    assert not offences(f"files end at {MAX_FILE_LINES} lines, functions at {MAX_FUNCTION_LINES}", found)


def test_modules_are_named_after_what_they_do() -> None:
    vague = {"util", "utils", "helper", "helpers", "common", "misc"}
    found = {path: {path.stem, path.parent.name} & vague for path in sources(*WINGS, "cluster", "tests", "benchmarks")}
    assert not offences("a module is named after its one idea", found)


def test_nothing_unpickles() -> None:
    found = {}
    for path in sources(*WINGS):
        tree = parse(path)
        found[path] = {name for name in all_imports(tree) if set(name.split(".")) & PICKLES}
        found[path] |= {"allow_pickle=True" for node in ast.walk(tree) if allows_pickle(node)}
    assert not offences("a study's folder may come from anyone: no pickle", found)


def allows_pickle(node: ast.AST) -> bool:
    """True for the argument `allow_pickle=` with anything but False."""
    if not isinstance(node, ast.keyword) or node.arg != "allow_pickle":
        return False
    return not (isinstance(node.value, ast.Constant) and node.value.value is False)


def test_randomness_comes_from_a_generator() -> None:
    found = {path: global_draws(parse(path)) for path in sources(*WINGS)}
    assert not offences("a numpy.random.Generator is passed through, never the global one", found)


def global_draws(tree: ast.Module) -> set[str]:
    """Return the uses of numpy's global generator: np.random.rand, but not np.random.default_rng."""
    attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used = {node.attr for node in attributes if ast.unparse(node.value) in ("np.random", "numpy.random")}
    return used - NUMPY_RANDOM_TYPES


def test_no_tracked_file_names_a_package_registry() -> None:
    for path in tracked_files():
        text = path.read_bytes().decode(errors="replace")
        named = [host for host in REGISTRY_HOSTS if host in text]
        assert not named, f"{path.relative_to(ROOT)} names {named[0]}: pins and a date make the install reproducible"


def test_no_data_set_is_tracked() -> None:
    for path in tracked_files():
        most = MAX_RESULT_BYTES if path.is_relative_to(ROOT / "results") else MAX_DATA_BYTES
        is_data = path.suffix in DATA_SUFFIXES and path.stat().st_size > most
        assert not is_data, f"{path.relative_to(ROOT)} is {path.stat().st_size} bytes of data: tests make their own"


def test_tables_outside_results_are_the_ones_that_people_edit() -> None:
    tables = [path.relative_to(ROOT) for path in tracked_files() if path.suffix == ".csv"]
    assert {str(path) for path in tables if path.parts[0] != "results"} <= set(TRACKED_TABLES)


def test_lock_file_stays_untracked() -> None:
    assert ROOT / "uv.lock" not in tracked_files()


def test_imports_on_load_leaves_out_functions_and_type_checking() -> None:
    tree = ast.parse(
        "import a\n"
        "from b import c\n"
        "if TYPE_CHECKING:\n    import d\n"
        "try:\n    import e\nexcept ImportError:\n    pass\n"
        "def f():\n    import g\n"
        "class H:\n    import i\n    def j(self):\n        import k\n"
    )
    assert imports_on_load(tree) == {"a", "b", "b.c", "e", "i"}
    assert all_imports(tree) == {"a", "b", "b.c", "d", "e", "g", "i", "k"}


def test_loaded_by_follows_the_projects_own_files() -> None:
    names = loaded_by("core.store.study")
    assert {"core", "core.errors", "core.store.files", "numpy", "fsspec"} <= names
    assert "tyro" not in names

"""The versions that pyproject.toml says, on which every machine of a cluster must agree."""

import tomllib
from pathlib import Path

FILE = Path(__file__).parents[2] / "pyproject.toml"


def versions() -> dict[str, str]:
    """Return the project's own version of Python and of each package that it names."""
    project = tomllib.loads(FILE.read_text(encoding="utf-8"))["project"]
    pins = (line.partition("==")[::2] for line in project["dependencies"])
    python = project["requires-python"].split(",")[0].removeprefix(">=")
    return {"python": python, **{name.partition("[")[0]: version for name, version in pins}}

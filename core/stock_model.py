"""Reading a .keras file that must need nothing but Keras: a trial's on its way into a vote, or a vote."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from core.errors import StoredFileError
from core.store import files

STOCK_MODULES = ("keras", "builtins")


def read_stock_model(url: str, hint: str = "") -> keras.Model:
    """Load a .keras file in Keras's safe mode.

    Args:
        url: The file's.
        hint: What to do where it is missing, in a sentence.

    Raises:
        StoredFileError: it is missing or torn, or has layers or functions that are not Keras's own.
    """
    try:
        data = files.read_bytes(url)
    except FileNotFoundError as error:
        raise StoredFileError(f"{url} is missing. {hint}".rstrip()) from error
    with tempfile.TemporaryDirectory(prefix="softvote-") as folder:
        path = Path(folder) / "model.keras"
        path.write_bytes(data)
        _require_stock(url, path)
        try:
            return keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # Keras raises what its layers do
            reason = str(error).strip().split("\n")[0]
            raise StoredFileError(f"{url} does not load in Keras's safe mode: {reason}") from error


def _require_stock(url: str, path: Path) -> None:
    """Raise StoredFileError unless all that the model is made of is Keras's: this process may know more than others."""
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read("config.json"))
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise StoredFileError(f"{url} is torn or no Keras model: {error}. Make it again") from error
    foreign = sorted(set(_foreign_names(config)))
    if foreign:
        raise StoredFileError(
            f"{url} must be made of Keras's own layers and functions, got {', '.join(foreign)}: an exported vote has "
            "to load where nothing else is installed"
        )


def _foreign_names(config: Any) -> Iterator[str]:
    """Yield what a serialized model names that is not Keras's own."""
    if isinstance(config, list):
        for item in config:
            yield from _foreign_names(item)
    elif isinstance(config, dict):
        if "class_name" in config and "config" in config:
            # a registered function is named in its config: package>name
            names = [name for name in (config.get("registered_name"), config["config"]) if isinstance(name, str)]
            registered = [name for name in names if ">" in name]
            module = str(config.get("module") or "keras")
            is_stock = not registered and module.partition(".")[0] in STOCK_MODULES
            yield from () if is_stock else registered or [f"{module}.{config['class_name']}"]
        for item in config.values():
            yield from _foreign_names(item)

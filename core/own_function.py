"""One's own functions, named on the command line as `package.module:function`: found, imported and called.

Only a name that a command was told is ever imported; one that stands in a study's folder is compared with it.
"""

import importlib
import os
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.quiet import stderr_held_back

FORM = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_function_name(text: object) -> bool:
    """True for a text of the form package.module:function."""
    return isinstance(text, str) and FORM.fullmatch(text) is not None


def load_function(name: str, option: str) -> Callable[..., Any]:
    """Import a function by its name, which runs the code of its module.

    Args:
        name: `package.module:function`; the module lies in the current folder or on PYTHONPATH.
        option: Which named it, such as --model, for the messages.

    Raises:
        ConfigError: there is no such module, it cannot be imported, or it has no such function.
    """
    module_name, _, function_name = name.partition(":")
    try:
        module = _import_quietly(module_name)
    except Exception as error:
        raise ConfigError(f"{option} {name}: {_why_not(module_name, error)}") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        found = "there is none of that name" if function is None else f"it is {type(function).__name__}"
        raise ConfigError(f"{option} {name} must name a function of {_place(module)}, and {found}")
    return function


def require_named(builder: object, named: str | None, where: str) -> None:
    """Raise ConfigError where a stored configuration names a builder that --model does not name.

    Args:
        builder: The configuration's; None for none.
        named: That of the settings with which this command was started; None for none.
        where: The configuration is stored.
    """
    if builder is not None and builder != named:
        raise ConfigError(
            f"{where} must name no other model of one's own than --model does ({named or 'none'}), got {builder!r}. "
            "No code runs because a study's folder says so; delete that trial's folder, or name another --study"
        )


def call_own(function: Callable[..., Any], *arguments: Any, what: str) -> Any:
    """Call one's own function; what it raises becomes one line that says where.

    Args:
        function: Of `load_function`.
        arguments: Passed on.
        what: Begins the message, such as `--model mine:build`.

    Raises:
        ConfigError: the function raised any exception.
    """
    try:
        return function(*arguments)
    except Exception as error:
        raise ConfigError(f"{what} raised {_in_words(error)} ({_where(error, function)})") from error


def _import_quietly(module_name: str) -> Any:
    """Import a module, which may load tensorflow with all that it says to stderr; what is wrong is raised."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    failure: Exception | None = None
    with stderr_held_back():
        try:
            return importlib.import_module(module_name)
        except Exception as error:  # let through, it would print what was held back
            failure = error
    assert failure is not None, "returned otherwise"
    raise failure


def _why_not(module_name: str, error: Exception) -> str:
    """Return why a module could not be imported."""
    missing = getattr(error, "name", None)
    if isinstance(error, ModuleNotFoundError) and missing and f"{module_name}.".startswith(f"{missing}."):
        return (
            f"there is no module {missing} to import; it must lie in the current folder ({Path.cwd()}) or on PYTHONPATH"
        )
    return f"importing {module_name} raised {_in_words(error)} ({_where(error)})"


def _in_words(error: Exception) -> str:
    """Return an exception as Python prints its last line."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _where(error: Exception, function: Callable[..., Any] | None = None) -> str:
    """Return file and line of an exception: the innermost in the function's own file, or of all."""
    if isinstance(error, SyntaxError):
        return f"{error.filename}, line {error.lineno}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    code = getattr(function, "__code__", None)
    own = [frame for frame in frames if code is not None and frame.filename == code.co_filename]
    frame = (own or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"


def _place(module: Any) -> str:
    """Return where a module was imported from."""
    return getattr(module, "__file__", None) or f"the module {module.__name__}"

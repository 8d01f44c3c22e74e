"""Keep Kaggle's credentials out of what another program printed, before it is shown or put into an error.

The credentials are read where the kaggle program itself looks for them, only to know what must not appear; they are
neither kept nor written.
"""

import base64
import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

HIDDEN = "***"
JSON_FILES = ("kaggle.json", "credentials.json")
TOKEN_FILES = ("access_token", "access_token.txt")
SECRET_FIELDS = ("key", "token", "access_token", "refresh_token", "proxy")
SECRET_VARIABLE = re.compile(r"KAGGLE_\w*(KEY|TOKEN|SECRET|PASSWORD|PROXY)\w*")
TELLTALES = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),  # a header of a request
    (re.compile(r"\bKGAT_\w+"), HIDDEN),  # how Kaggle's tokens begin
    (re.compile(r"(?<=://)[^/\s@]+@"), f"{HIDDEN}@"),  # a proxy's user and password
    (re.compile(r"\?[\w%.~-]+=[^\s'\")]*"), ""),  # an upload's address lets whoever holds it upload
)
"""What is a secret by its form, wherever it came from."""


def kaggle_secrets(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return all that must not be shown: keys and tokens of the environment and of Kaggle's files, longest first."""
    named = {value for name, value in environment.items() if SECRET_VARIABLE.fullmatch(name)}
    found = named | {text for value in named for text in _text_of(Path(value))}  # a token's variable may name a file
    users = {environment.get("KAGGLE_USERNAME", "")}
    for folder in _folders(environment):
        found |= {text for name in TOKEN_FILES for text in _text_of(folder / name)}
        for name in JSON_FILES:
            fields = _fields_of(folder / name)
            found |= {fields[field] for field in SECRET_FIELDS if field in fields}
            users.add(fields.get("username", ""))
    found.discard("")
    found |= {base64.b64encode(f"{user}:{key}".encode()).decode() for user in users for key in found}
    return tuple(sorted(found, key=lambda secret: (-len(secret), secret)))


def scrub(text: str, secrets: tuple[str, ...]) -> str:
    """Return `text` without the secrets and without what looks like one."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, instead in TELLTALES:
        text = pattern.sub(instead, text)
    return text


def _folders(environment: Mapping[str, str]) -> Iterator[Path]:
    """Yield where the kaggle program looks for its files."""
    if environment.get("KAGGLE_CONFIG_DIR"):
        yield Path(environment["KAGGLE_CONFIG_DIR"])
    if environment.get("XDG_CONFIG_HOME"):
        yield Path(environment["XDG_CONFIG_HOME"]) / "kaggle"
    with contextlib.suppress(RuntimeError):  # a user without a home
        yield Path.home() / ".kaggle"
        yield Path.home() / ".config" / "kaggle"


def _text_of(path: Path) -> tuple[str, ...]:
    """Return a file's text, stripped; nothing where it cannot be read."""
    try:
        return (path.read_text().strip(),)
    except (OSError, ValueError):
        return ()


def _fields_of(path: Path) -> dict[str, str]:
    """Return the texts of a JSON object; none where there is no such file."""
    for text in _text_of(path):
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(text)
            if isinstance(value, dict):
                return {name: field for name, field in value.items() if isinstance(field, str)}
    return {}

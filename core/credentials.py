"""Keeping passwords out of what is written and printed.

What is a secret in an address: the user and the password of any scheme, wherever a colon stands between them; over
http also a user alone, which often is a token. Elsewhere a lone name before an @ is none: `abfs://container@account`,
`postgresql://me@host`. In doubt (`http://host:80/a@b`) what could be a password is left out.
"""

import re

_USER = r"[^/\s'\":?#\[]*"
_LETTER = r"[^\s'\"]"
_PAIR = re.compile(rf"(?<=://){_USER}:{_LETTER}*@")
"""To the last @ of a word: a password may have an @ or a slash in it, which only some programs refuse."""
_LONE = re.compile(r"(?<=http://)[^/\s'\":?#]+@|(?<=https://)[^/\s'\":?#]+@", re.IGNORECASE)

_START = r"(?:^|(?<=[?&;])|(?<=; )|(?<=%3b)|(?<=%26)|(?<=%3f)|(?<=odbc_connect=)|(?<=odbc_connect%3d))"
_NAME = (
    r"(?:[\w.-]*(?:password|passwd|passphrase|pwd|token|secret|api_?key|access_?key|account_?key|signature|credential)"
    r"[\w.-]*|pass|sig|key)"
)
_BRACED = r"\{(?:[^}]|\}\})*\}|%7b.*?%7d"
_VALUE = rf"(?:{_BRACED}|(?:(?!%3b|%26)[^&;\s'\"])+)"
_SECRET = re.compile(rf"({_START}{_NAME}(?:=|%3d))(?:{_VALUE})", re.IGNORECASE)
"""A query's field, or one of a connection's text (`PWD={a;b};`), percent-encoded or not."""
_ODBC = re.compile(r"(?<=odbc_connect=)[^&\s'\"]+", re.IGNORECASE)

_ADDRESS = re.compile(rf"(--[\w-]+=)?([a-z][\w+.-]*://)?{_USER}:(?!//|:).*@", re.IGNORECASE | re.DOTALL)
_ADDRESS_ODBC = re.compile(r"(?<=odbc_connect=)[^&]+", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Return a text whose addresses name no password, and no user beside one: `http://***@host`."""
    return _SECRET.sub(r"\1***", _ODBC.sub("***", _LONE.sub("***@", _PAIR.sub("***@", text))))


def address_without_credentials(word: str) -> str:
    """Return a word of a command, such as `--mlflow=URI`, that is one address: blanks and quotes may be of a password.

    An address that lacks its scheme (`me:secret@host`) counts too.
    """
    word = _ADDRESS.sub(r"\1\2***@", word, count=1) if _ADDRESS.match(word) else word
    return without_credentials(_ADDRESS_ODBC.sub("***", word))

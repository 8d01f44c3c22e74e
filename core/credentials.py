"""Keeping passwords out of what is written and printed."""

import re

USER = re.compile(r"(?<=://)[^/\s'\"]+@")
SECRET = re.compile(r"(?<=[?&])((?:password|passwd|token|secret|api_?key)=)[^&\s'\"]+", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Return a text whose URLs name neither user nor password: `http://***@host`."""
    return SECRET.sub(r"\1***", USER.sub("***@", text))

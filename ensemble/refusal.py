"""Why Kaggle did not take a submission, in plain words, from what its program printed.

Kaggle's server often answers with a sentence and no number, and the same 403 for rules that are not accepted and for a
competition that does not exist; so known words are looked for, and what to do covers each of their causes.
"""

import re

PAGE = "https://www.kaggle.com/competitions/{competition}"
_DENIED = (
    "Kaggle denies it (403): either you have not joined {competition} and accepted its rules, or that is not the "
    f"competition's name. Open {PAGE}/rules, accept them there (with a verified phone number where Kaggle asks for "
    "one), and submit again; if there is no such page, mend the name"
)
_UNKNOWN_USER = (
    "Kaggle has no token of yours, or refuses it (401). Run `kaggle auth login`, or make a token at "
    "https://www.kaggle.com/settings/api and set KAGGLE_API_TOKEN to it, and submit again"
)
_LIMIT = f"the day's submissions are used up. Submit again after midnight UTC ({PAGE}/submissions counts them)"
_NOT_FOUND = (
    "Kaggle finds no competition {competition} that takes submissions (404). Name it as its address does "
    f"({PAGE}) and see there whether it is still open"
)
_BAD_REQUEST = (
    "Kaggle refuses the request (400): the day's submissions are used up, you have not joined {competition}, or the "
    f"file is not of the form that it asks for. See {PAGE}/submissions"
)
_NETWORK = "Kaggle cannot be reached. See that this machine has internet (and its proxy is set) and submit again"
_UPLOAD = f"the upload failed. Submit again; if it fails again, upload the file by hand at {PAGE}/submit"
_BROKEN = "the kaggle program does not start. Install it again: uv sync --extra kaggle"
_OTHER = f"the kaggle program failed. Mend what it says, or upload the file by hand at {PAGE}/submit"

REFUSALS = (
    (r"ModuleNotFoundError|ImportError", _BROKEN),
    # the server's words for this are not documented, and have changed
    (r"\bsubmissions?\b.*\b(limit|maximum|exceeded|per day|today|daily)\b", _LIMIT),
    (r"\b(limit|maximum|exceeded|daily|used all|reached)\b.*\bsubmissions?\b", _LIMIT),
    (r"\b403 (-|client error)|\bforbidden\b|\baccept\b.*\brules\b|\bpermission '.*' was denied", _DENIED),
    (r"\b401 (-|client error)|\bunauth\w+|authentication required|could not find kaggle\.json", _UNKNOWN_USER),
    (r"invalid credentials", _UNKNOWN_USER),
    (r"\b404 (-|client error)|\bnot ?found\b|could not find competition", _NOT_FOUND),
    (r"\b429 (-|client error)|too many requests", "Kaggle is asked too often (429). Wait some minutes, submit again"),
    (r"\b400 (-|client error)|\bbad request\b", _BAD_REQUEST),
    (r"\b5\d\d (-|server error)", "Kaggle itself is in trouble. Submit again in some minutes"),
    (r"max retries exceeded|failed to resolve|connection ?error|connection (aborted|reset|refused)", _NETWORK),
    (r"timed out|proxyerror|sslerror|network is unreachable", _NETWORK),
    (r"could not submit to competition|upload of .* expired", _UPLOAD),
)
"""A pattern of what is printed, case ignored, within a line, and what it means; the first that fits."""


def explain_refusal(printed: str, competition: str) -> str:
    """Return what is wrong and what to do, without a full stop at its end."""
    return (known_refusal(printed) or _OTHER).format(competition=competition)


def known_refusal(printed: str) -> str | None:
    """Return the words for the first pattern that fits, `{competition}` still in them; None where none fits."""
    return next((words for pattern, words in REFUSALS if re.search(pattern, printed, re.IGNORECASE)), None)

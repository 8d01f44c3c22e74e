"""Ray's token authentication: on unless the user turned it off, and its secret read by nobody else."""

import os
import secrets
import stat
import sys
from pathlib import Path

from core.errors import ClusterError

READABLE_BY_OTHERS = stat.S_IRWXG | stat.S_IRWXO
HOW_TO_MAKE_A_TOKEN = (
    "Copy the cluster's to ~/.ray/auth_token (mode 0600); for a new cluster make one with `mkdir -p ~/.ray && "
    "(umask 077 && python -c 'import secrets; print(secrets.token_hex(32))' > ~/.ray/auth_token)`"
)


def set_authentication(address: str | None) -> None:
    """Turn token authentication on, for a private cluster with a random token that lives as long as this process.

    Ray would otherwise write a world-readable token file into the home folder, and never use a token for a cluster
    that is named by its address. It reads these variables once, when it is imported: a process that has imported it
    already (a notebook's, a test's) keeps what it has.
    """
    if "ray" in sys.modules:
        return
    os.environ.setdefault("RAY_AUTH_MODE", "token")
    if address is None and is_token_wanted():
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def is_token_wanted() -> bool:
    """True where this process shows a token to whom it calls; without one Ray's native part would end the process."""
    return os.environ.get("RAY_AUTH_MODE", "").lower() == "token"


def require_token() -> None:
    """Check the token that a running cluster will be shown, which Ray looks for in the same places.

    Raises:
        ClusterError: there is none, or others on this machine can read it.
    """
    if not is_token_wanted() or os.environ.get("RAY_AUTH_TOKEN"):
        return
    named = os.environ.get("RAY_AUTH_TOKEN_PATH")
    path = Path(named or "~/.ray/auth_token").expanduser()
    try:
        mode, token = path.stat().st_mode, path.read_text().strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ClusterError(
            f"joining a cluster takes its token, and {path} cannot be read: {reason}. {HOW_TO_MAKE_A_TOKEN}; where the "
            "cluster wants none, set RAY_AUTH_MODE=disabled"
        ) from error
    if not token:
        raise ClusterError(f"{path} must hold the cluster's token, and is empty. {HOW_TO_MAKE_A_TOKEN}")
    if mode & READABLE_BY_OTHERS:
        raise ClusterError(
            f"{path} must be readable by you alone (mode 0600), got mode {stat.S_IMODE(mode):04o}: who has the token "
            f"runs programs on the cluster. `chmod 600 {path}`"
        )


def token_source() -> str:
    """Return where this process has its token from, in words."""
    if os.environ.get("RAY_AUTH_TOKEN"):
        return "RAY_AUTH_TOKEN"
    return os.environ.get("RAY_AUTH_TOKEN_PATH") or "~/.ray/auth_token"

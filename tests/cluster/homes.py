"""Home folders of the hosts: what a freshly installed machine with uv has, keys, and what notes each epoch."""

import os
import secrets
import shutil
import subprocess
from pathlib import Path

SSHD_CONFIG = """
HostKey /root/.ssh/host_key
AuthorizedKeysFile /root/.ssh/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
MaxStartups 100
"""
# No registry can be reached from a host: what uv needs is in its cache. Compiling all modules takes minutes of this
# machine's cores, which are the hosts' as well: they share what they compile of those that they import.
EPOCH_LOG = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "epoch_log" / "sitecustomize.py"
PROFILE = """
export UV_OFFLINE=1 UV_COMPILE_BYTECODE=0 PYTHONPYCACHEPREFIX=/mnt/shared/bytecode
export RAY_OVERRIDE_RESOURCES='{"CPU": 1}'
export SOFTVOTE_EPOCH_LOG=/mnt/shared/epochs.jsonl
"""


def make_host_home(folder: Path, public_key: str) -> Path:
    """Make the home folder of a host's root: ssh lets the key in, uv and its cache are there."""
    ssh = _private(folder / ".ssh")
    _new_key(ssh / "host_key")
    (ssh / "authorized_keys").write_text(public_key)
    (ssh / "sshd_config").write_text(SSHD_CONFIG)
    for name in (".bashrc", ".profile"):
        shutil.copy(Path("/etc/skel") / name, folder / name)
    with (folder / ".profile").open("a") as profile:
        profile.write(PROFILE)
    project = folder / "softvote"  # in PYTHONPATH there; `ray up` adds to it
    project.mkdir()
    shutil.copy(EPOCH_LOG, project)
    programs = folder / ".local" / "bin"
    programs.mkdir(parents=True)
    shutil.copy(_uv("run", "--no-project", "printenv", "UV"), programs / "uv")
    # hard links of the cache's files, from which uv makes hard links in turn: no copy of some gigabytes per host
    cache = folder / ".cache" / "uv"
    cache.parent.mkdir()
    linked = subprocess.run(["cp", "--archive", "--link", _uv("cache", "dir"), cache], capture_output=True)
    if linked.returncode != 0:  # it lies on another file system
        subprocess.run(["cp", "--archive", _uv("cache", "dir") + "/.", cache], check=True)
    return folder


def make_laptop_home(folder: Path) -> Path:
    """Make the home folder of who commands the cluster: a key for ssh, a token for Ray."""
    _new_key(_private(folder / ".ssh") / "id_ed25519")
    token = _private(folder / ".ray") / "auth_token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    return folder


def _private(folder: Path) -> Path:
    folder.mkdir(mode=0o700, parents=True)
    folder.parent.chmod(0o700)
    return folder


def _new_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def _uv(*arguments: str) -> str:
    done = subprocess.run([os.environ.get("UV", "uv"), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()

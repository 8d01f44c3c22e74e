"""Hosts for a test: each has its own network, processes, mounts, name, /tmp and home folder, and one cable to a switch.

Nothing of them is in the machine's own namespaces: no bridge, no interface, no mount, no process that another host
could see. All of it is gone when the processes that hold the namespaces are, and these die with the test's own.
"""

import contextlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TOOLS = ("unshare", "nsenter", "setpriv", "ip", "sshd", "ssh", "ssh-keygen", "rsync")
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
NETWORK = "192.0.2"  # the first three numbers of an address, from a range kept for examples
SHARED = "/mnt/shared"
UNSHARED = ("--net", "--pid", "--mount", "--uts", "--ipc")
BOOT_SECONDS = 30

# $1 name, $2 home folder, $3 where it is seen, $4 shared folder, $5 Python, $6 its name for uv; then folders of the
# machine that stay visible though they lie below /tmp. Python stays where it was built: its library is looked up there.
BOOT = r"""
set -eu
hostname "$1"
ip link set lo up
mount -t tmpfs tmpfs /mnt
mkdir /mnt/home /mnt/shared /mnt/python /mnt/kept
mount --bind "$2" /mnt/home
mount --bind "$4" /mnt/shared
mount --bind "$5" /mnt/python
home=$3 built=$5 python=$6; shift 6
number=0
for folder in "$@"; do mkdir /mnt/kept/$number; mount --bind "$folder" /mnt/kept/$number; number=$((number + 1)); done
mount -t tmpfs tmpfs /tmp
mount -t tmpfs -o size=8g tmpfs /dev/shm
mount -t tmpfs tmpfs /run
mkdir /run/sshd
number=0
for folder in "$@"; do mkdir -p "$folder"; mount --bind /mnt/kept/$number "$folder"; number=$((number + 1)); done
if test "$home" = /root; then
    mount --bind /mnt/home /root
    for folder in "$built" "/root/.local/share/uv/python/$python"; do
        mkdir -p "$folder"
        mount --bind /mnt/python "$folder"
    done
    touch /run/booted
    exec "$(command -v sshd)" -D -E /root/sshd.log -f /root/.ssh/sshd_config
fi
touch /run/booted
exec sleep infinity
"""


def reason_to_skip() -> str | None:
    """Return why there can be no hosts here, None where there can."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=SYSTEM_PATH) is None]
    if sys.platform != "linux" or os.geteuid() != 0:
        return "hosts made of namespaces need Linux and root"
    if missing:
        return f"hosts made of namespaces need {', '.join(missing)} (openssh-server, rsync, iproute2, util-linux)"
    probe = subprocess.run(["unshare", *UNSHARED, "--fork", "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True)
    return None if probe.returncode == 0 else f"no namespaces here: {probe.stderr.decode().strip()}"


@dataclass(frozen=True, kw_only=True)
class Host:
    """One host; its processes end when `holder` does."""

    name: str
    address: str
    home: str
    """Its user's home folder, as it sees it."""
    holder: subprocess.Popen[bytes]
    pid: int
    """Its first process, as the machine sees it."""

    def start(self, script: str, **environment: str) -> subprocess.Popen[str]:
        """Start a bash script there, in the home folder, with nothing of this process's environment."""
        variables = {"HOME": self.home, "PATH": SYSTEM_PATH, "LANG": "C.UTF-8", "TERM": "dumb", **environment}
        enter = ["nsenter", f"--target={self.pid}", *UNSHARED, "--", "env", "-i"]
        settings = [f"{name}={value}" for name, value in variables.items()]
        command = [*enter, *settings, "bash", "-c", f"cd {self.home}; {script}"]
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, script: str, *, seconds: float = 60, **environment: str) -> tuple[int, str]:
        """Run a bash script there; return its exit code and all that it printed.

        Raises:
            AssertionError: it took longer than `seconds`; what it started there may go on.
        """
        with self.start(script, **environment) as process:
            try:
                printed, _ = process.communicate(timeout=seconds)
            except subprocess.TimeoutExpired as late:
                process.kill()
                raise AssertionError(f"{self.name}: {script!r} took over {seconds} s: {late.stdout!r}") from late
        return process.returncode, printed

    def processes(self) -> list[str]:
        """Return the command line of each process of this host."""
        here = Path(f"/proc/{self.pid}/ns/pid").readlink()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                if (folder / "ns" / "pid").readlink() == here:
                    found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip())
        return [line for line in found if line]  # a zombie has none


class Network:
    """A switch, and the hosts that are joined to it."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared
        self.hosts: list[Host] = []
        self._switch = _hold(["unshare", "--net", "sleep", "infinity"])
        own, held = (Path(f"/proc/{pid}/ns/net") for pid in ("self", self._switch.pid))
        _wait_until(lambda: held.readlink() != own.readlink())
        self._ip("link add name switch type bridge")
        self._ip("link set switch up")

    def add(self, name: str, home: Path, *, serves_ssh: bool, kept: tuple[Path, ...] = ()) -> Host:
        """Start a host and join it to the switch.

        Args:
            name: its host name.
            home: what is its home folder: root's where it serves ssh, else one of its own.
            serves_ssh: whether it has an sshd.
            kept: folders of this machine that it sees where they are, even below /tmp.
        """
        number = len(self.hosts) + 1
        seen = "/root" if serves_ssh else "/mnt/home"
        python = f"cpython-{platform.python_version()}-linux-{platform.machine()}-gnu"
        boot = [BOOT, "boot", name, home, seen, self.shared, sys.base_prefix, python, *kept]
        holder = _hold(["unshare", *UNSHARED, "--fork", "--kill-child", "--mount-proc", "bash", "-c", *map(str, boot)])
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children")
        _wait_until(lambda: bool(children.read_text()))
        host = Host(
            name=name, address=f"{NETWORK}.{number}", home=seen, holder=holder, pid=int(children.read_text().split()[0])
        )
        self.hosts.append(host)
        self._plug_in(host)
        _wait_until(lambda: host.run("test -e /run/booted")[0] == 0)
        return host

    def cut(self, host: Host) -> None:
        """Pull the host's cable."""
        self._ip(f"link set {host.name} down")

    def mend(self, host: Host) -> None:
        """Put the host's cable back."""
        self._ip(f"link set {host.name} up")

    def close(self) -> None:
        """End every host, and with its processes all that it was made of."""
        for holder in (*(host.holder for host in self.hosts), self._switch):
            holder.kill()
            holder.wait()

    def _plug_in(self, host: Host) -> None:
        self._ip(f"link add {host.name} type veth peer name eth0 netns {host.pid}")
        self._ip(f"link set {host.name} master switch up")
        # Ray asks the way to the internet for its own address: there is one, to nobody
        script = (
            f"ip addr add {host.address}/24 dev eth0 && ip link set eth0 up && ip route add default via {NETWORK}.254"
        )
        code, printed = host.run(script)
        assert code == 0, printed

    def _ip(self, arguments: str) -> None:
        subprocess.run(["nsenter", f"--target={self._switch.pid}", "--net", "ip", *arguments.split()], check=True)


def _hold(command: list[str]) -> subprocess.Popen[bytes]:
    """Start what holds namespaces, and dies when this process does, however that ends."""
    environment = {"PATH": SYSTEM_PATH, "LANG": "C.UTF-8"}
    return subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=environment, stdin=subprocess.DEVNULL)


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + BOOT_SECONDS
    while not is_so():
        assert time.monotonic() < end, f"a host must be up after {BOOT_SECONDS} s"
        time.sleep(0.05)

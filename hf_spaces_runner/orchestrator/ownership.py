"""Who made a container or a scratch folder, and whether that process still lives."""

import functools
import getpass
import os
import socket
from pathlib import Path

_PARTS = 5
_START_FIELD = 22
"""Of /proc/PID/stat: when the process started, in clock ticks since boot (proc(5))."""


def own_name() -> str:
    """Return `host:boot:namespace:pid:start` of this process: what stands in the owner label.

    A process id comes again, after a while or after a boot; together with the boot and its own start it does not. The
    namespace is that of process ids: a container that uses the host's engine and name counts its own.
    """
    return ":".join([*_machine(), str(os.getpid()), _started(os.getpid()) or "0"])


def own_user() -> str:
    """Return the name of this process's user, or its number where it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def is_alive(owner: str) -> bool:
    """Return whether the process `owner` lives; one of whom nobody can tell from here counts as living."""
    parts = owner.rsplit(":", _PARTS - 1)
    if len(parts) != _PARTS:
        return True
    host, boot, namespace, pid, start = parts
    own_host, own_boot, own_namespace = _machine()
    if host != own_host or not pid.isdecimal() or (boot == own_boot and namespace != own_namespace):
        return True
    return boot == own_boot and _started(int(pid)) == start


@functools.cache
def _machine() -> tuple[str, str, str]:
    return socket.gethostname(), _boot(), _namespace()


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        import psutil  # noqa: PLC0415 - not where the kernel says it itself

        return f"{psutil.boot_time():.0f}"


def _namespace() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return "0"


def _started(pid: int) -> str | None:
    """Return when the process `pid` started, as the system counts it; None where there is none of that id."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
        return None if Path("/proc/self/stat").exists() else _started_elsewhere(pid)
    # The second field is the program's name in brackets, which may hold anything; the third is the process's state.
    state, *rest = stat[stat.rindex(b")") + 2 :].split()
    return None if state in {b"Z", b"X"} else rest[_START_FIELD - 4].decode("ascii")


def _started_elsewhere(pid: int) -> str | None:
    import psutil  # noqa: PLC0415 - not where /proc says it

    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None

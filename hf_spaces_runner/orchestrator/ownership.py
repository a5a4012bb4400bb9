"""Who made a container or a scratch folder, and whether that process still lives."""

import os
import re
import socket

_PID = re.compile(r"[1-9][0-9]{0,8}")


def own_name() -> str:
    """Return `host:pid` of this process: what stands in the owner label."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_alive(owner: str) -> bool:
    """Return whether the process `owner` (`host:pid`) lives; one of another host counts as living: nobody can tell."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    import psutil  # noqa: PLC0415 - only a clean-up asks, and each run would pay for it

    return _PID.fullmatch(pid) is not None and psutil.pid_exists(int(pid))

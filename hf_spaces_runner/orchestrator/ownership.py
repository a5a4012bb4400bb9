"""Who made a container or a scratch folder, and whether that process still lives."""

import os
import socket

import psutil


def own_name() -> str:
    """Return `host:pid` of this process: what stands in the owner label."""
    return f"{socket.gethostname()}:{os.getpid()}"


def is_alive(owner: str) -> bool:
    """Return whether the process `owner` (`host:pid`) lives; one of another host counts as living: nobody can tell."""
    host, _, pid = owner.rpartition(":")
    if host != socket.gethostname():
        return True
    return pid.isdigit() and psutil.pid_exists(int(pid))

"""Writes down whom a Python process talks to: it is on the PYTHONPATH of those that a test watches.

Python itself tells of each name that is looked up, each address that is connected or sent to, and each program that is
started, whichever library does it. What is written is one JSON object a line, in the file that WATCHED_BY_TEST names.
"""

import json
import os
import socket
import sys

_FILE = os.environ.get("WATCHED_BY_TEST", "")
_SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKS_UP = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_STARTS = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system"})


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in _SENDS:
        sock, address = arguments
        if address is None:  # of a connection that was told already
            return
        is_local = getattr(sock, "family", None) == socket.AF_UNIX
        whom = _text(address) if is_local or not isinstance(address, tuple) else _text(address[0])
        note("engine" if is_local else "host", whom)
    elif event in _LOOKS_UP:
        note("name", _text(arguments[0]))
    elif event in _STARTS:
        note("program", _text(arguments[0]))


def note(kind: str, whom: str) -> None:
    """Add a line to the file: all processes that are watched write to the same one."""
    line = json.dumps({"kind": kind, "whom": whom, "pid": os.getpid()}) + "\n"
    descriptor = os.open(_FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(descriptor, line.encode())
    os.close(descriptor)


if _FILE:
    note("watched", " ".join(sys.orig_argv[:3]))
    sys.addaudithook(_watch)

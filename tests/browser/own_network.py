"""Runs a browser in a network of its own, where nothing answers but one port of the real loopback.

Run instead of the browser: python own_network.py PORT BROWSER ARGUMENT...

What a page asks for cannot leave the machine then. And Chromium fails what it loads (ERR_NETWORK_CHANGED) whenever an
interface comes or goes, as one does with each container that starts or ends: in here none does.
"""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

_LOOPBACK = "127.0.0.1"
_PIPES = (3, 4)
"""Over these playwright speaks to the browser that it starts."""
_CHUNK_BYTES = 65536


def in_own_network(*command: str) -> list[str]:
    """Return how to run `command` in a network of its own, with the tool of util-linux."""
    return ["unshare", "--net", *([] if os.geteuid() == 0 else ["--map-root-user"]), *command]


def run_inside(port: int, command: Sequence[str]) -> int:
    """Run `command` in a network of its own, carry its connections to `port`, and return its exit status."""
    ours, theirs = socket.socketpair()
    inside = in_own_network(sys.executable, __file__, "--inside", str(theirs.fileno()), str(port), *command)
    with subprocess.Popen(inside, pass_fds=(*_PIPES, theirs.fileno())) as process:
        theirs.close()
        # A socket belongs to the network that it was made in, whoever has it.
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
        for descriptor in descriptors:  # none where the other side has failed, which says so itself
            listener = socket.socket(fileno=descriptor)
            threading.Thread(target=_serve, args=(listener, port), daemon=True).start()
        return process.wait()


def become(hand_over: int, port: int, command: Sequence[str]) -> None:
    """Inside: hand a listening socket to the outside, and become `command`."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with socket.socket(fileno=hand_over) as theirs, socket.create_server((_LOOPBACK, port)) as listener:
        socket.send_fds(theirs, [b"."], [listener.fileno()])
    os.execvp(command[0], list(command))  # noqa: S606 - a list, no shell


def _serve(listener: socket.socket, port: int) -> None:
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection((_LOOPBACK, port))
        except OSError:
            near.close()
            continue
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=_carry, args=(source, target), daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            target.sendall(chunk)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        become(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
    sys.exit(run_inside(int(sys.argv[1]), sys.argv[2:]))

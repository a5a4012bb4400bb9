"""Cuts connections at the deadline, whatever they are waiting for."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from hf_spaces_runner.calling.alarm_clock import AlarmClock
from hf_spaces_runner.domain.deadline import Deadline

_CLOCK = AlarmClock()
_AFTER_S = 0.01
"""So that the deadline has passed on its own clock when the cut is seen."""


class DeadlineWatch:
    """Shuts the sockets it was told of down at the deadline.

    httpx bounds each read on its own, so a server that sends a byte a second, in the headers too, would hold a call for
    ever. `trace` is httpx's request extension of that name; it tells of each new connection.
    """

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_cut = False

    @contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        """Cut at `deadline`, if the block lasts that long."""
        self._is_cut = False
        alarm = _CLOCK.ring(min(deadline.remaining_s + _AFTER_S, threading.TIMEOUT_MAX), self._cut)
        try:
            yield
        finally:
            _CLOCK.call_off(alarm)

    def trace(self, event: str, details: Mapping[str, object]) -> None:
        """Take note of a connection that was just made."""
        # TLS takes over the socket that it is made on, which then is no longer one.
        if not event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            return
        get_extra_info = getattr(details.get("return_value"), "get_extra_info", None)
        connection = get_extra_info("socket") if get_extra_info is not None else None
        if isinstance(connection, socket.socket):
            self.note(connection)

    def note(self, connection: socket.socket) -> None:
        """Watch `connection` as well."""
        with self._lock:
            self._sockets = [known for known in self._sockets if known.fileno() >= 0]
            self._sockets.append(connection)
            if self._is_cut:
                _shut_down(connection)

    def _cut(self) -> None:
        with self._lock:
            self._is_cut = True
            for connection in self._sockets:
                _shut_down(connection)


def _shut_down(connection: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        # Not a TLS socket's own, which takes away under a reader's hands what it reads with.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

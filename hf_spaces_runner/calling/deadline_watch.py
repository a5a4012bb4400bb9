"""Cuts connections at the deadline, whatever they are waiting for."""

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Self

from hf_spaces_runner.domain.deadline import Deadline

_AFTER_S = 0.01
"""So that the deadline has passed on its own clock when the cut is seen."""


class DeadlineWatch:
    """A context manager that shuts the sockets it was told of down at the deadline.

    httpx bounds each read on its own, so a server that sends a byte a second, in the headers too, would hold a call for
    ever. `trace` is httpx's request extension of that name; it tells of each new connection.
    """

    def __init__(self, deadline: Deadline) -> None:
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        wait_s = min(deadline.remaining_s + _AFTER_S, threading.TIMEOUT_MAX)
        self._timer = threading.Timer(wait_s, self._cut)
        self._timer.daemon = True
        self._is_cut = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()

    def trace(self, event: str, details: Mapping[str, object]) -> None:
        """Take note of a connection that was just made."""
        if event != "connection.connect_tcp.complete":
            return
        get_extra_info = getattr(details.get("return_value"), "get_extra_info", None)
        connection = get_extra_info("socket") if get_extra_info is not None else None
        if isinstance(connection, socket.socket):
            with self._lock:
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
        connection.shutdown(socket.SHUT_RDWR)

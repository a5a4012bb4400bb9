"""Keeps the last words of a container in memory, for a Space whose log must not reach a disk."""

import threading
from collections import deque
from typing import TYPE_CHECKING

import docker
import urllib3.exceptions

from hf_spaces_runner.orchestrator.docker_streams import close_stream

if TYPE_CHECKING:
    from docker.types.daemon import CancellableStream

_MAX_BYTES = 256 * 1024


class LogTail:
    """The end of what a container prints, heard from the moment it starts."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._lock = threading.Lock()

    def listen(self, api: docker.APIClient, container_id: str) -> None:
        """Listen to the container, which has not started yet, until it ends."""
        stream = api.attach(container_id, stdout=True, stderr=True, stream=True, logs=False)
        threading.Thread(target=self._take, args=[stream], daemon=True, name="hfsr-log-tail").start()

    def text(self, lines: int) -> str:
        """Return the last `lines` lines, or as much of them as was kept."""
        with self._lock:
            kept = b"".join(self._pieces)
        return "".join(kept.decode("utf-8", "replace").splitlines(keepends=True)[-lines:])

    def _take(self, stream: "CancellableStream[bytes]") -> None:
        try:
            for piece in stream:
                with self._lock:
                    self._pieces.append(piece[-_MAX_BYTES:])
                    self._size += len(self._pieces[-1])
                    while self._size > _MAX_BYTES and len(self._pieces) > 1:
                        self._size -= len(self._pieces.popleft())
        except (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError):
            # The engine is gone: whoever waits for the Space finds that out, and what was heard stays.
            return
        finally:
            close_stream(stream)

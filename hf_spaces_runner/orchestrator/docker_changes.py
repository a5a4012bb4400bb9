"""Listens to the engine's events, so that who waits need not ask again and again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import docker
import urllib3.exceptions

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.docker_streams import close_stream

_EVENTS = ["start", "die", "destroy", "rename"]
"""What may free a slot, memory, or the door."""


class DockerChanges:
    """What happened to our containers since somebody last asked."""

    def __init__(self, api: docker.APIClient) -> None:
        self._happened = threading.Event()
        self._ended: set[str] = set()
        self._over = False
        self._hung_up = False
        with docker_errors("listening to the engine"):
            self._stream = api.events(
                decode=True, filters={"type": "container", "event": _EVENTS, "label": f"{LABEL}.run"}
            )
        self._thread = threading.Thread(target=self._listen, daemon=True, name="hfsr-changes")
        self._thread.start()

    @property
    def ended(self) -> frozenset[str]:
        """Those that ended. See `Changes.ended`."""
        return frozenset(self._ended.copy())

    def wait(self, timeout_s: float) -> None:
        """Return at the next change or after `timeout_s`. See `Changes.wait`."""
        self._happened.wait(timeout_s)
        if self._over:
            raise EngineUnavailableError("the engine broke off what it tells of its containers")
        self._happened.clear()

    def hang_up(self) -> None:
        """Listen no longer."""
        self._hung_up = True
        close_stream(self._stream)
        self._thread.join(timeout=1.0)

    def _listen(self) -> None:
        try:
            for event in self._stream:
                container = str(event.get("id", ""))
                if event.get("Action") == "die":
                    self._ended.add(container)
                elif event.get("Action") == "start":
                    self._ended.discard(container)
                self._happened.set()
        except (docker.errors.DockerException, urllib3.exceptions.HTTPError, OSError):
            pass  # likewise over, if less politely
        except (AttributeError, ValueError):
            # What the libraries say when the connection is closed while they read from it.
            if not self._hung_up:
                raise
        self._over = True
        self._happened.set()


@contextmanager
def docker_changes(api: docker.APIClient) -> Iterator[DockerChanges]:
    """Listen to what happens to our containers during the block. See `Engine.changes`."""
    changes = DockerChanges(api)
    try:
        yield changes
    finally:
        changes.hang_up()

"""Takes down what an engine says of our containers, and counts from that how many ran at once."""

import threading
from dataclasses import dataclass
from typing import Any, Self

import docker

from hf_spaces_runner.domain.labels import DOOR, LABEL
from hf_spaces_runner.orchestrator.docker_streams import close_stream

_LAST_EVENTS_S = 2.0
_ACTIONS = ("create", "start", "die", "destroy", "rename")


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the events add up to: how many ran at once, and how long slots were free while somebody waited.

    `acted_ms` is how long it took until the next one went to the door, `hand_overs_ms` until the engine had started it.
    """

    most_at_once: int
    acted_ms: list[float]
    hand_overs_ms: list[float]

    @classmethod
    def of(cls, events: list[dict[str, Any]], before: dict[str, str]) -> Self:
        """Return the history that `events` tell; `before` holds the states of the containers that were there first."""
        running = {container for container, state in before.items() if state == "running"}
        waiting = {container for container, state in before.items() if state == "created"}
        most, free_since = len(running), list[int]()
        acted, hand_overs = list[float](), list[float]()
        for event in sorted(events, key=lambda event: int(event["timeNano"])):
            container, action, at = event["id"], event["Action"], int(event["timeNano"])
            match action:
                case "rename":
                    if free_since and event["Actor"]["Attributes"]["name"] == DOOR:
                        acted.append((at - free_since[0]) / 1e6)
                case "create":
                    waiting.add(container)
                case "start":
                    waiting.discard(container)
                    running.add(container)
                    most = max(most, len(running))
                    if free_since:
                        hand_overs.append((at - free_since.pop(0)) / 1e6)
                case "die":
                    running.discard(container)
                    # What nobody waits for is not handed over.
                    if waiting:
                        free_since.append(at)
                case "destroy":
                    waiting.discard(container)
                case _:
                    pass
        return cls(most_at_once=most, acted_ms=acted, hand_overs_ms=hand_overs)


class EngineEvents:
    """The events of our containers during a block."""

    def __init__(self, client: docker.DockerClient) -> None:
        self._stream = client.api.events(
            decode=True,
            filters={"type": "container", "label": f"{LABEL}.run", "event": list(_ACTIONS)},
        )
        self._events: list[dict[str, Any]] = []
        listed = client.api.containers(all=True, filters={"label": f"{LABEL}.run"})
        self._before = {item["Id"]: str(item["State"]) for item in listed}
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        close_stream(self._stream)
        self._thread.join(_LAST_EVENTS_S)

    def taken(self) -> History:
        """Return what happened so far."""
        return History.of(list(self._events), self._before)

    def _listen(self) -> None:
        try:
            for event in self._stream:
                self._events.append(event)
        except (AttributeError, ValueError, OSError):
            return  # the connection was closed while it was read

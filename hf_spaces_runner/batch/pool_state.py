"""What a progress display sees of a pool: its containers, what they do, and how fast."""

from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.planning.pool_policy import Stop


class Phase(StrEnum):
    """Where a container stands."""

    STARTING = "starting"
    READY = "ready"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """One container: how many calls are under way, and how many were answered."""

    name: str
    phase: Phase
    in_flight: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolState:
    """A moment of a pool. `rate` is in items per second, over the last ones; None before there is one.

    `waiting` counts items that were read and are not begun, `again` those of them that go again. `deaths` and
    `recycled` count containers that died and that were replaced in time;
    `cold_starts_s` adds up the seconds of all starts. `stopped` says why no more items are taken.
    """

    containers: tuple[ContainerState, ...]
    waiting: int
    again: int
    done: int
    failed: int
    rate: float | None
    starts: int
    deaths: int
    recycled: int
    cold_starts_s: float
    stopped: Stop | None

    @property
    def in_flight(self) -> int:
        """How many calls are under way."""
        return sum(container.in_flight for container in self.containers)

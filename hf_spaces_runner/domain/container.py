"""What an engine tells of a container: how it is, how much memory it takes, how a list shows it."""

from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.domain.labels import DOOR, RunLabels, is_up_name


class ContainerStatus(StrEnum):
    """The states of a container that the runner tells apart."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """How a container is: `exit_code` is None while it runs; `error` is the engine's own text, if it had one.

    `oom_killed` says that a process in it was ended for want of memory, not that it was the main one.
    """

    status: ContainerStatus
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryUse:
    """How much memory a container takes `now`, and the most it ever took, as far as the engine knows. In bytes."""

    now_bytes: int
    peak_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContainer:
    """A container of ours as the engine's list shows it. `port` is that of the loopback interface, 0 where none is."""

    id: str
    name: str
    labels: RunLabels
    status: ContainerStatus
    image_id: str = ""
    port: int = 0
    detail: str = ""

    @property
    def running(self) -> bool:
        """Whether it runs now, and so holds a slot."""
        return self.status is ContainerStatus.RUNNING

    @property
    def up(self) -> bool:
        """Whether it stays without the process that made it."""
        return is_up_name(self.name)

    @property
    def in_door(self) -> bool:
        """Whether it is being started at this moment."""
        return self.name == DOOR

"""Decides whether a container that waits may start now: who came first, how many run, and whether memory suffices."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import LaunchError, PolicyError


class Wait(StrEnum):
    """Why a container may not start yet."""

    SLOTS = "all slots are taken"
    MEMORY = "not enough memory is free"
    TURN = "others came first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What an engine has for Spaces: how many may run at once, and how much memory their caps may add up to."""

    max_running: int
    memory_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a container may start: it may where `wait` is None.

    `ahead` are those whose turn comes first, `in_door` is the one that is being started at this moment.
    """

    wait: Wait | None
    running: tuple[ListedContainer, ...]
    ahead: tuple[ListedContainer, ...]
    in_door: ListedContainer | None = None

    @property
    def next_in_turn(self) -> ListedContainer | None:
        """The one that could start at this moment and has not; None where the head of the queue must wait as well."""
        return self.ahead[0] if self.wait is Wait.TURN and self.ahead else None


def decide(
    own_id: str, listed: Iterable[ListedContainer], capacity: Capacity, passed_over: Collection[str] = ()
) -> Admission:
    """Return whether the container `own_id` may start, given all containers of ours in `listed`.

    Those that wait are containers that were created and not started; they stand in the order of their creation. The
    head of the queue holds back all others, also where it needs more memory than they: else it would never start. Only
    the ones `passed_over`, which did not take their turn, are left out.

    Raises:
        PolicyError: its memory cap is more than all that there is, so that its turn never comes.
        LaunchError: it is not in the list any more.
    """
    containers = tuple(listed)
    own = next((container for container in containers if container.id == own_id), None)
    if own is None:
        raise LaunchError("the container is gone: something else removed it", verdict="container_removed")
    check_ever_fits(own.labels.space_id, own.labels.memory_bytes, capacity)
    running = tuple(container for container in containers if container.running)
    queue = sorted(
        (
            container
            for container in containers
            if container.status is ContainerStatus.CREATED
            and (container.id == own_id or container.id not in passed_over)
        ),
        key=lambda container: (container.labels.created_at, container.id),
    )
    ahead = tuple(queue[: [container.id for container in queue].index(own_id)])
    head = ahead[0] if ahead else own
    taken_bytes = sum(container.labels.memory_bytes for container in running)
    if len(running) >= capacity.max_running:
        wait: Wait | None = Wait.SLOTS
    elif taken_bytes + head.labels.memory_bytes > capacity.memory_bytes:
        wait = Wait.MEMORY
    elif len(running) + len(ahead) >= capacity.max_running or not _all_fit((*ahead, own), taken_bytes, capacity):
        wait = Wait.TURN
    else:
        wait = None
    in_door = next((container for container in containers if container.in_door and container.id != own_id), None)
    return Admission(wait=wait, running=running, ahead=ahead, in_door=in_door)


def _all_fit(waiting: tuple[ListedContainer, ...], taken_bytes: int, capacity: Capacity) -> bool:
    return taken_bytes + sum(container.labels.memory_bytes for container in waiting) <= capacity.memory_bytes


def check_ever_fits(space_id: str, memory_bytes: int, capacity: Capacity) -> None:
    """Check that a Space with the memory cap `memory_bytes` can start at all.

    Raises:
        PolicyError: its cap is more than all that there is.
    """
    if memory_bytes > capacity.memory_bytes:
        raise PolicyError(
            f"{space_id} has a memory cap of {format_size(memory_bytes)}, and all Spaces together may have"
            f" {format_size(capacity.memory_bytes)}: it could never start",
            hint="give it less with --memory; the setting memory_budget says what all Spaces may have (hfsr config)",
            verdict="memory_never_fits",
        )

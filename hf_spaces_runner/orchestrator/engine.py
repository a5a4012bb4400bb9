"""What the runner needs of a container engine, as Protocols; Docker's is one implementation of them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from hf_spaces_runner.domain.container import ContainerState, ListedContainer, MemoryUse
from hf_spaces_runner.domain.launch import LaunchSpec


class Container(Protocol):
    """One container that was made. It runs once it was started."""

    @property
    def id(self) -> str:
        """The engine's id."""
        ...

    @property
    def name(self) -> str:
        """The name that it has for people. It has another one on the engine while it stands in the door."""
        ...

    @property
    def port(self) -> int:
        """The port on the loopback interface of the engine's host that leads to the Space; 0 where there is none."""
        ...

    @property
    def container_port(self) -> int:
        """The port inside the container that `port` leads to."""
        ...

    @property
    def address(self) -> str:
        """The address of the container in its own network, which only some hosts reach; empty where it has none."""
        ...

    def start(self) -> None:
        """Run it.

        Raises:
            LaunchError: the engine refused to start it.
            EngineUnavailableError: no engine answers.
        """
        ...

    def state(self) -> ContainerState:
        """Return how it is now.

        Raises:
            EngineUnavailableError: the engine no longer answers.
            LaunchError: the container is gone.
        """
        ...

    def logs(self, lines: int) -> str:
        """Return its last `lines` log lines, as the Space wrote them but for the secrets it was given: hostile text."""
        ...

    def follow_logs(self, lines: int) -> Iterator[str]:
        """Yield its last `lines` log lines, then each piece of log as it comes, until the container ends."""
        ...

    def oom_seen(self) -> bool:
        """Return whether a process in it, main or not, was ended for want of memory."""
        ...

    def memory(self) -> MemoryUse | None:
        """Return how much memory it takes; None where it does not run. This may take a second."""
        ...

    def network_tables(self) -> str:
        """Return its /proc/net/tcp, tcp6 and snmp, one after another: hostile text; empty where they cannot be read."""
        ...

    def cut_network(self) -> None:
        """Take it from the open network to the isolated one; `port` is another one afterwards."""
        ...

    def stay_up(self) -> None:
        """Let it outlive its maker: from now on only a deadline, or somebody who stops it, removes it."""
        ...

    def kill(self) -> None:
        """End what runs in it at once; its log and its state stay."""
        ...


class ListedVolume(Protocol):
    """A volume of ours, as a list shows it."""

    @property
    def name(self) -> str:
        """Its name on the engine."""
        ...

    @property
    def created_at(self) -> float:
        """When it was made, in Unix seconds."""
        ...

    @property
    def in_use(self) -> bool:
        """Whether a container refers to it."""
        ...

    @property
    def size_bytes(self) -> int | None:
        """How much it holds; None where the engine does not say."""
        ...


class ListedImage(Protocol):
    """An image, as a list shows it."""

    @property
    def id(self) -> str:
        """The engine's id."""
        ...

    @property
    def tags(self) -> tuple[str, ...]:
        """Its names, by tag or by digest."""
        ...

    @property
    def created_at(self) -> float:
        """When it was built, wherever that was, in Unix seconds."""
        ...

    @property
    def built_here(self) -> bool:
        """Whether we built it, by its label."""
        ...

    @property
    def in_use(self) -> bool:
        """Whether a container is made of it."""
        ...

    @property
    def size_bytes(self) -> int:
        """How much would be free without it: the layers that no other image has."""
        ...


class Changes(Protocol):
    """Tells when containers of ours start, end, go or are renamed."""

    @property
    def ended(self) -> frozenset[str]:
        """The ids of those that ended since the block began: an engine's list may show them as running for a while."""
        ...

    def wait(self, timeout_s: float) -> None:
        """Return at the next change, at one that came since the last call, or after `timeout_s`.

        Raises:
            EngineUnavailableError: the engine no longer tells.
        """
        ...


class Engine(Protocol):
    """A container engine."""

    def create(self, spec: LaunchSpec) -> AbstractContextManager[Container]:
        """Make a container, and remove it on the way out, whatever happened, unless it shall stay up.

        What is no error of ours, such as an interrupt, removes it also then: nobody was told where it is.

        Raises:
            LaunchError: the engine refused to make it.
            EngineUnavailableError: no engine answers.
        """
        ...

    def attach(self, listed: ListedContainer) -> Container:
        """Return the container that a list showed.

        Raises:
            LaunchError: it is gone.
            EngineUnavailableError: no engine answers.
        """
        ...

    def containers(self) -> tuple[ListedContainer, ...]:
        """Return every container that is ours by its label and its name, running or not."""
        ...

    def door(self, container: Container) -> AbstractContextManager[bool]:
        """Put `container` into the door for the block, and say whether that went: another one may stand in it.

        Whoever stands in it may trust the list of containers: no other one of ours starts meanwhile, on the whole
        engine, whatever process or user it belongs to.
        """
        ...

    def free_door(self, name: str) -> None:
        """Give the container in the door the name `name`: its maker stopped in the middle, and does not go on."""
        ...

    def changes(self) -> AbstractContextManager[Changes]:
        """Listen to what happens to our containers during the block."""
        ...

    def memory_bytes(self) -> int:
        """Return how much memory the engine's machine has."""
        ...

    def data_folder(self) -> Path | None:
        """Return the folder of this machine where the engine keeps containers; None where that is elsewhere."""
        ...

    def remove(self, name: str) -> None:
        """Stop and remove the container of this name or id; it is no error if there is none."""
        ...

    def volumes(self) -> tuple[ListedVolume, ...]:
        """Return every volume that carries our label."""
        ...

    def remove_volume(self, name: str) -> None:
        """Remove the volume called `name`; it is no error if there is none, or if a container uses it."""
        ...

    def images(self) -> tuple[ListedImage, ...]:
        """Return every image that the engine has, but for the layers of others."""
        ...

    def remove_image(self, name: str) -> None:
        """Take the name from an image, and remove it with its last name; no error if a container uses it."""
        ...

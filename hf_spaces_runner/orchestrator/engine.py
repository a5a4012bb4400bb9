"""What the runner needs of a container engine, as Protocols; Docker's is one implementation of them."""

from contextlib import AbstractContextManager
from typing import Protocol

from hf_spaces_runner.domain.launch import ContainerState, LaunchSpec


class Container(Protocol):
    """One container that was started."""

    @property
    def id(self) -> str:
        """The engine's id."""
        ...

    @property
    def name(self) -> str:
        """The name it was launched under."""
        ...

    @property
    def port(self) -> int:
        """The port on the loopback interface of the engine's host that leads to the Space."""
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


class Listed(Protocol):
    """A container of ours, as a list shows it."""

    @property
    def name(self) -> str:
        """The name it was launched under."""
        ...

    @property
    def labels(self) -> dict[str, str]:
        """All of its labels."""
        ...

    @property
    def running(self) -> bool:
        """Whether it runs now."""
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


class Engine(Protocol):
    """A container engine."""

    def launch(self, spec: LaunchSpec) -> AbstractContextManager[Container]:
        """Start a container and remove it on the way out, whatever happened, unless its label says keep.

        Raises:
            LaunchError: the engine refused to create or start it.
            EngineUnavailableError: no engine answers.
        """
        ...

    def containers(self) -> tuple[Listed, ...]:
        """Return every container that carries our label, running or not."""
        ...

    def remove(self, name: str) -> None:
        """Stop and remove the container called `name`; it is no error if there is none."""
        ...

    def volumes(self) -> tuple[ListedVolume, ...]:
        """Return every volume that carries our label."""
        ...

    def remove_volume(self, name: str) -> None:
        """Remove the volume called `name`; it is no error if there is none, or if a container uses it."""
        ...

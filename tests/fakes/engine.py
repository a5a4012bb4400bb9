"""An engine in memory: what the runner can tell of a real one, without any container."""

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from hf_spaces_runner.domain.launch import LABEL, ContainerState, ContainerStatus, LaunchSpec
from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.errors import ImageNotFoundError, LaunchError, PortTakenError

RUNNING = ContainerState(status=ContainerStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a command does in the fake: the log that it writes and the state that it comes to at once."""

    log: str = ""
    state: ContainerState = RUNNING


NO_SUCH_COMMAND = Program(
    log="exec failed: No such file or directory\n", state=ContainerState(status=ContainerStatus.EXITED, exit_code=127)
)
Programs = Mapping[tuple[str, ...] | None, Program]
"""What the commands of an image do; None stands for the image's own command."""


@dataclass(kw_only=True)
class FakeContainer:
    """A container of the fake; a test changes `program` to make something happen in it."""

    id: str
    name: str
    port: int
    labels: dict[str, str]
    volumes: frozenset[str]
    program: Program
    secrets: tuple[Secret, ...] = ()
    gone: bool = False

    @property
    def running(self) -> bool:
        return self.program.state.status is ContainerStatus.RUNNING

    def state(self) -> ContainerState:
        if self.gone:
            raise LaunchError(f"container {self.name} is gone", verdict="container_removed")
        return self.program.state

    def logs(self, lines: int) -> str:
        if self.gone:
            return ""
        return redact("".join(self.program.log.splitlines(keepends=True)[-lines:]), self.secrets)


@dataclass(kw_only=True)
class FakeVolume:
    """A volume of the fake."""

    name: str
    created_at: float = field(default_factory=time.time)
    in_use: bool = False
    size_bytes: int | None = 0


class FakeEngine:
    """The engine that holds `images`."""

    def __init__(self, images: Mapping[str, Programs] | None = None) -> None:
        self.images: Mapping[str, Programs] = {"image": {None: Program()}} if images is None else images
        self.launched: list[LaunchSpec] = []
        self._containers: list[FakeContainer] = []
        self._volumes: dict[str, FakeVolume] = {}
        self._numbers = itertools.count(1)

    @contextmanager
    def launch(self, spec: LaunchSpec) -> Iterator[FakeContainer]:
        container = self._start(spec)
        try:
            yield container
        finally:
            if spec.labels.get(f"{LABEL}.keep") != "yes":
                self._remove(container)

    def containers(self) -> tuple[FakeContainer, ...]:
        return tuple(container for container in self._containers if f"{LABEL}.run" in container.labels)

    def remove(self, name: str) -> None:
        for container in list(self._containers):
            if name in {container.name, container.id}:
                self._remove(container)

    def volumes(self) -> tuple[FakeVolume, ...]:
        used = {name for container in self._containers for name in container.volumes}
        return tuple(replace(volume, in_use=volume.name in used) for volume in self._volumes.values())

    def remove_volume(self, name: str) -> None:
        if not any(name in container.volumes for container in self._containers):
            self._volumes.pop(name, None)

    def _start(self, spec: LaunchSpec) -> FakeContainer:
        programs = self.images.get(spec.image)
        if programs is None:
            raise ImageNotFoundError(f"starting {spec.name} failed: there is no such image: {spec.image}")
        for volume in spec.volumes:
            self._volumes.setdefault(volume.name, FakeVolume(name=volume.name))
        if any(spec.name == container.name for container in self._containers):
            raise LaunchError(f"starting {spec.name} failed: another has that name", verdict="name_taken")
        program = programs.get(spec.command, NO_SUCH_COMMAND)
        if spec.host_port in {container.port for container in self._containers if container.running}:
            raise PortTakenError(f"starting {spec.name} failed: the port is taken")
        number = next(self._numbers)
        running = program.state.status is ContainerStatus.RUNNING
        container = FakeContainer(
            id=f"{number:064x}",
            name=spec.name,
            port=(spec.host_port or 40_000 + number) if running else 0,
            labels=dict(spec.labels),
            volumes=frozenset(volume.name for volume in spec.volumes),
            program=program,
            secrets=tuple(value for value in spec.environment.values() if isinstance(value, Secret)),
        )
        self._containers.append(container)
        self.launched.append(spec)
        return container

    def _remove(self, container: FakeContainer) -> None:
        container.gone = True
        if container in self._containers:
            self._containers.remove(container)

"""An engine in memory: what the runner can tell of a real one, without any container."""

import itertools
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from hf_spaces_runner.domain.container import ContainerState, ContainerStatus, ListedContainer, MemoryUse
from hf_spaces_runner.domain.labels import DOOR, RunLabels, is_our_name, is_up_name, name_while_up
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.errors import ImageNotFoundError, LaunchError, PortTakenError, RunnerError
from hf_spaces_runner.orchestrator.engine import Container

CREATED = ContainerState(status=ContainerStatus.CREATED)
RUNNING = ContainerState(status=ContainerStatus.RUNNING)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What a command does in the fake: the log that it writes and the state that it comes to at once."""

    log: str = ""
    state: ContainerState = RUNNING
    tables: str = ""
    oom: bool = False


NO_SUCH_COMMAND = Program(
    log="exec failed: No such file or directory\n", state=ContainerState(status=ContainerStatus.EXITED, exit_code=127)
)
Programs = Mapping[tuple[str, ...] | None, Program]
"""What the commands of an image do; None stands for the image's own command."""


@dataclass(kw_only=True, eq=False)
class FakeContainer:
    """A container of the fake; a test changes `program` to make something happen in it once it was started."""

    engine: "FakeEngine"
    id: str
    name: str
    spec: LaunchSpec
    program: Program
    name_on_engine: str = ""
    port: int = 0
    address: str = ""
    started: bool = False
    gone: bool = False

    @property
    def container_port(self) -> int:
        return self.spec.container_port

    @property
    def up(self) -> bool:
        return is_up_name(self.name)

    def start(self) -> None:
        self._check()
        wanted = self.spec.host_port
        if wanted in {other.port for other in self.engine.all_containers if other.running}:
            raise PortTakenError(f"starting {self.name} failed: the port is taken")
        self.started = True
        self.engine.started.append(self.name)
        self.port = (wanted or 40_000 + int(self.id, 16)) if self.running else 0

    @property
    def running(self) -> bool:
        return self.state().status is ContainerStatus.RUNNING

    def state(self) -> ContainerState:
        self._check()
        return self.program.state if self.started else CREATED

    def logs(self, lines: int) -> str:
        if self.gone or not self.started:
            return ""
        secrets = tuple(value for value in self.spec.environment.values() if isinstance(value, Secret))
        return redact("".join(self.program.log.splitlines(keepends=True)[-lines:]), secrets)

    def follow_logs(self, lines: int) -> Iterator[str]:
        yield self.logs(lines)

    def oom_seen(self) -> bool:
        return self.program.oom or (self.started and self.program.state.oom_killed)

    def memory(self) -> MemoryUse | None:
        return MemoryUse(now_bytes=1024**2, peak_bytes=2 * 1024**2) if self.running else None

    def network_tables(self) -> str:
        return self.program.tables

    def cut_network(self) -> None:
        self.port += 1

    def stay_up(self) -> None:
        self.name = self.name_on_engine = name_while_up(self.name)

    def kill(self) -> None:
        if self.running:
            self.program = replace(self.program, state=ContainerState(status=ContainerStatus.EXITED, exit_code=137))

    def _check(self) -> None:
        if self.gone:
            raise LaunchError(f"container {self.name} is gone", verdict="container_removed")


@dataclass(kw_only=True)
class FakeVolume:
    """A volume of the fake."""

    name: str
    created_at: float = field(default_factory=time.time)
    in_use: bool = False
    size_bytes: int | None = 0


@dataclass(kw_only=True)
class FakeImage:
    """An image of the fake."""

    id: str
    tags: tuple[str, ...]
    created_at: float = 0.0
    built_here: bool = False
    in_use: bool = False
    size_bytes: int = 0


class FakeChanges:
    """Changes that come at once: who waits looks again."""

    def __init__(self, engine: "FakeEngine") -> None:
        self._engine = engine
        self._first_running = {container.id for container in engine.containers() if container.running}

    @property
    def ended(self) -> frozenset[str]:
        running = {container.id for container in self._engine.containers() if container.running}
        return frozenset(self._first_running - running)

    def wait(self, timeout_s: float) -> None:
        self._engine.pause(timeout_s)


def started_container(program: Program, *, name: str = "x", port: int = 1) -> FakeContainer:
    """Return a container that was started and does `program`, on an engine of its own."""
    engine = FakeEngine({"image": {None: program}})
    container = engine.make(LaunchSpec(image="image", name=name))
    container.start()
    container.port = port
    return container


class FakeEngine:
    """The engine that holds `images`. `pause` is called with each wait for a change, and may make one."""

    def __init__(self, images: Mapping[str, Programs] | None = None, *, memory_bytes: int = 64 * 1024**3) -> None:
        self.known: Mapping[str, Programs] = {"image": {None: Program()}} if images is None else images
        self.started: list[str] = []
        self.created: list[LaunchSpec] = []
        self.all_containers: list[FakeContainer] = []
        self.listed_images: list[FakeImage] = []
        self.total_memory_bytes = memory_bytes
        self.folder: Path | None = None
        self._volumes: dict[str, FakeVolume] = {}
        self._numbers = itertools.count(1)

    def pause(self, timeout_s: float) -> None:
        """Do what happens while somebody waits for a change."""

    @contextmanager
    def create(self, spec: LaunchSpec) -> Iterator[FakeContainer]:
        container = self.make(spec)
        try:
            yield container
        except BaseException as error:
            if not (container.up and isinstance(error, RunnerError)):
                self._remove(container)
            raise
        if not container.up:
            self._remove(container)

    def make(self, spec: LaunchSpec) -> FakeContainer:
        """Make a container that nobody removes."""
        programs = self.known.get(spec.image)
        if programs is None:
            raise ImageNotFoundError(f"starting {spec.name} failed: there is no such image: {spec.image}")
        for volume in spec.volumes:
            self._volumes.setdefault(volume.name, FakeVolume(name=volume.name))
        if any(spec.name == container.name_on_engine for container in self.all_containers):
            raise LaunchError(f"starting {spec.name} failed: another has that name", verdict="name_taken")
        program = programs.get(spec.command, NO_SUCH_COMMAND)
        container = FakeContainer(
            engine=self,
            id=f"{next(self._numbers):064x}",
            name=spec.name,
            name_on_engine=spec.name,
            spec=spec,
            program=program,
        )
        self.all_containers.append(container)
        self.created.append(spec)
        return container

    def attach(self, listed: ListedContainer) -> FakeContainer:
        for container in self.all_containers:
            if container.id == listed.id:
                return container
        raise LaunchError(f"container {listed.name} is gone", verdict="container_removed")

    def containers(self) -> tuple[ListedContainer, ...]:
        listed = (
            ListedContainer(
                id=container.id,
                name=container.name_on_engine,
                labels=RunLabels.read(container.spec.labels),
                status=container.state().status,
                image_id=container.spec.image,
                port=container.port if container.running else 0,
            )
            for container in self.all_containers
        )
        return tuple(container for container in listed if is_our_name(container.name, container.labels.run_id))

    @contextmanager
    def door(self, container: Container) -> Iterator[bool]:
        own = next((item for item in self.all_containers if item.id == container.id), None)
        entered = own is not None and not any(item.name_on_engine == DOOR for item in self.all_containers)
        if own is None or not entered:
            yield False
            return
        own.name_on_engine = DOOR
        try:
            yield True
        finally:
            own.name_on_engine = own.name

    def free_door(self, name: str) -> None:
        for container in self.all_containers:
            if container.name_on_engine == DOOR:
                container.name_on_engine = name

    @contextmanager
    def changes(self) -> Iterator[FakeChanges]:
        yield FakeChanges(self)

    def memory_bytes(self) -> int:
        return self.total_memory_bytes

    def data_folder(self) -> Path | None:
        return self.folder

    def remove(self, name: str) -> None:
        for container in list(self.all_containers):
            if name in {container.name_on_engine, container.id}:
                self._remove(container)

    def volumes(self) -> tuple[FakeVolume, ...]:
        used = {volume.name for container in self.all_containers for volume in container.spec.volumes}
        return tuple(replace(volume, in_use=volume.name in used) for volume in self._volumes.values())

    def remove_volume(self, name: str) -> None:
        if not any(volume.name == name and volume.in_use for volume in self.volumes()):
            self._volumes.pop(name, None)

    def images(self) -> tuple[FakeImage, ...]:
        return tuple(self.listed_images)

    def remove_image(self, name: str) -> None:
        for image in list(self.listed_images):
            if name not in {image.id, *image.tags} or image.in_use:
                continue
            image.tags = tuple(tag for tag in image.tags if tag != name)
            if not image.tags:
                self.listed_images.remove(image)

    def _remove(self, container: FakeContainer) -> None:
        container.gone = True
        if container in self.all_containers:
            self.all_containers.remove(container)

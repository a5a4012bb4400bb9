"""Docker's engine: makes containers of launch specs, lists and removes what is ours."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound

from hf_spaces_runner.domain.container import ListedContainer
from hf_spaces_runner.domain.labels import DOOR, LABEL, RunLabels, is_our_name
from hf_spaces_runner.domain.launch import LaunchSpec, Network
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import EngineUnavailableError, RunnerError
from hf_spaces_runner.orchestrator.docker_changes import DockerChanges, docker_changes
from hf_spaces_runner.orchestrator.docker_container import DockerContainer, status_of
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.docker_host_config import container_config
from hf_spaces_runner.orchestrator.docker_network import ensure_network
from hf_spaces_runner.orchestrator.docker_volumes import CacheVolumes
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.host_resolver import check_names_can_be_cut
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.log_tail import LogTail


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVolume:
    """A volume as the engine's disk usage shows it."""

    name: str
    created_at: float
    in_use: bool
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedImage:
    """An image as the engine's list shows it."""

    id: str
    tags: tuple[str, ...]
    created_at: float
    built_here: bool
    in_use: bool
    size_bytes: int


class DockerEngine:
    """The engine behind a Docker client.

    `stamps` is the folder where it is noted which volumes are prepared; without it each launch prepares them anew.
    """

    def __init__(self, client: docker.DockerClient, stamps: Path | None = None) -> None:
        self._api: docker.APIClient = client.api
        self._volumes = CacheVolumes(client.api, stamps)

    @contextmanager
    def create(self, spec: LaunchSpec) -> Iterator[DockerContainer]:
        """Make a container and remove it on the way out. See `Engine.create`."""
        container: DockerContainer | None = None
        try:
            # An interrupt between the engine's making of the container and our learning of it would leave it behind.
            with deferred_interrupts():
                container = self._create(spec)
            yield container
        except BaseException as error:
            # Whoever is interrupted has told nobody where it is, so it must not stay, even if it should have.
            stays = container is None or (container.up and isinstance(error, RunnerError))
            # Where the engine is gone as well, the next command removes it; what went wrong first says more.
            with suppress(EngineUnavailableError):
                if container is not None and not stays:
                    self.remove(container.id)
            raise
        # By its id: where the name was taken, the container of that name is somebody else's.
        if not container.up:
            self.remove(container.id)

    def attach(self, listed: ListedContainer) -> DockerContainer:
        """Return the container that a list showed. See `Engine.attach`."""
        return DockerContainer.attached(self._api, listed)

    def containers(self) -> tuple[ListedContainer, ...]:
        """Return every container that is ours. See `Engine.containers`."""
        with docker_errors("listing containers"):
            found = self._api.containers(all=True, filters={"label": f"{LABEL}.run"})
        listed = (_listed(item) for item in found)
        return tuple(container for container in listed if is_our_name(container.name, container.labels.run_id))

    @contextmanager
    def door(self, container: Container) -> Iterator[bool]:
        """Put `container` into the door for the block. See `Engine.door`."""
        entered = False
        try:
            with deferred_interrupts():
                entered = self._rename(container.id, DOOR, f"starting {container.name}")
            yield entered
        finally:
            if entered:
                with deferred_interrupts():
                    self._rename(container.id, container.name, f"starting {container.name}")

    def free_door(self, name: str) -> None:
        """Give the container in the door the name `name`. See `Engine.free_door`."""
        self._rename(DOOR, name, f"freeing the door for {name}")

    @contextmanager
    def changes(self) -> Iterator[DockerChanges]:
        """Listen to what happens to our containers during the block. See `Engine.changes`."""
        with docker_changes(self._api) as changes:
            yield changes

    def memory_bytes(self) -> int:
        """Return how much memory the engine's machine has. See `Engine.memory_bytes`."""
        with docker_errors("asking the engine for its memory", otherwise=EngineUnavailableError):
            return int(self._api.info()["MemTotal"])

    def data_folder(self) -> Path | None:
        """Return where on this machine the engine keeps containers. See `Engine.data_folder`."""
        with docker_errors("asking the engine for its folder", otherwise=EngineUnavailableError):
            folder = Path(self._api.info().get("DockerRootDir") or "/none")
        return folder if folder.is_dir() else None

    def remove(self, name: str) -> None:
        """Stop and remove the container called `name`. See `Engine.remove`."""
        with deferred_interrupts(), docker_errors(f"removing container {name}"):
            try:
                self._api.remove_container(name, v=True, force=True)
            except NotFound:
                return
            except APIError as error:
                # Somebody else, such as a clean-up, asked for the same a moment before.
                if error.status_code != HTTPStatus.CONFLICT or "already in progress" not in str(error.explanation):
                    raise

    def volumes(self) -> tuple[ListedVolume, ...]:
        """Return every volume that carries our label. See `Engine.volumes`."""
        with docker_errors("listing volumes"):
            # Only the disk usage call knows sizes and references; it is slow, and asked for by clean-ups alone.
            found = self._api.df()["Volumes"] or []
        return tuple(
            ListedVolume(
                name=item["Name"],
                created_at=datetime.fromisoformat(item["CreatedAt"]).timestamp(),
                in_use=bool((item.get("UsageData") or {}).get("RefCount")),
                size_bytes=_known_size((item.get("UsageData") or {}).get("Size")),
            )
            for item in found
            if f"{LABEL}.volume" in (item.get("Labels") or {})
        )

    def remove_volume(self, name: str) -> None:
        """Remove the volume called `name`. See `Engine.remove_volume`."""
        with docker_errors(f"removing volume {name}"):
            try:
                self._api.remove_volume(name)
            except APIError as error:
                if error.status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
                    raise

    def images(self) -> tuple[ListedImage, ...]:
        """Return every image that the engine has. See `Engine.images`."""
        with docker_errors("listing images"):
            # Only the disk usage call knows what images share, and which containers are made of them.
            found = self._api.df()["Images"] or []
        return tuple(
            ListedImage(
                id=item["Id"],
                tags=_names_of(item),
                created_at=float(item.get("Created") or 0),
                built_here=f"{LABEL}.built" in (item.get("Labels") or {}),
                in_use=int(item.get("Containers") or 0) > 0,
                size_bytes=max(0, int(item.get("Size") or 0) - max(0, int(item.get("SharedSize") or 0))),
            )
            for item in found
        )

    def remove_image(self, name: str) -> None:
        """Take the name from an image. See `Engine.remove_image`."""
        with docker_errors(f"removing image {name}"):
            try:
                self._api.remove_image(name)
            except APIError as error:
                if error.status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
                    raise

    def _create(self, spec: LaunchSpec) -> DockerContainer:
        if spec.network is Network.WARM_ONLINE:
            check_names_can_be_cut()
        with docker_errors(f"starting {spec.name}", image=spec.image):
            network = ensure_network(self._api, spec.network)
            closed = [volume for volume in spec.volumes if not self._volumes.is_open(volume)]
            made = self._api.create_container(**container_config(self._api, spec, network))["Id"]
            with ExitStack() as undo:
                undo.callback(self.remove, made)
                for volume in closed:
                    self._volumes.open(made, volume)
                undo.pop_all()
        return DockerContainer(
            self._api,
            container_id=made,
            name=spec.name,
            container_port=spec.container_port,
            secrets=tuple(value for value in spec.environment.values() if isinstance(value, Secret)),
            tail=None if spec.keeps_log else LogTail(),
        )

    def _rename(self, container: str, name: str, doing: str) -> bool:
        """Give the container another name, and return whether it has it now: the name may be taken, or it be gone."""
        with docker_errors(doing):
            try:
                self._api.rename(container, name)
            except NotFound:
                return False
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                return False
        return True


def _listed(item: dict[str, Any]) -> ListedContainer:
    ports = [port for port in item.get("Ports") or () if port.get("PublicPort")]
    return ListedContainer(
        id=item["Id"],
        name=item["Names"][0].removeprefix("/") if item.get("Names") else item["Id"],
        labels=RunLabels.read(item.get("Labels") or {}),
        status=status_of(item["State"]),
        image_id=item.get("ImageID") or "",
        port=int(ports[0]["PublicPort"]) if ports else 0,
        detail=str(item.get("Status") or ""),
    )


def _names_of(image: dict[str, Any]) -> tuple[str, ...]:
    """Return the names of an image: its tags, or, where it was pulled by digest, those."""
    tags = tuple(tag for tag in image.get("RepoTags") or () if tag != "<none>:<none>")
    return tags or tuple(name for name in image.get("RepoDigests") or () if not name.startswith("<none>@"))


def _known_size(size_bytes: int | None) -> int | None:
    return None if size_bytes is None or size_bytes < 0 else size_bytes  # the engine says -1 where it did not look

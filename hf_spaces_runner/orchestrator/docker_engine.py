"""Docker's engine: turns a launch spec into a container and removes it again."""

import io
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, NotFound
from docker.types import DeviceRequest, LogConfig

from hf_spaces_runner.domain.launch import LABEL, ContainerState, ContainerStatus, LaunchSpec, VolumeMount
from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.errors import LaunchError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

_REMOVED_STATES = frozenset({"exited", "dead", "removing"})


class DockerContainer:
    """A container of Docker's that was started by `DockerEngine.launch`."""

    def __init__(
        self, api: docker.APIClient, container_id: str, name: str, port: int, secrets: tuple[Secret, ...] = ()
    ) -> None:
        self._secrets = secrets
        self._api = api
        self.id = container_id
        self.name = name
        self.port = port

    def state(self) -> ContainerState:
        """Return how it is now. See `Container.state`."""
        with docker_errors(f"looking at container {self.name}"):
            try:
                state = self._api.inspect_container(self.id)["State"]
            except NotFound as error:
                raise LaunchError(
                    f"container {self.name} is gone: something else removed it", verdict="container_removed"
                ) from error
        if state["Status"] in _REMOVED_STATES:
            return ContainerState(
                status=ContainerStatus.EXITED,
                exit_code=int(state["ExitCode"]),
                oom_killed=bool(state.get("OOMKilled")),
                error=str(state.get("Error", "")),
            )
        running = state["Status"] in {"running", "restarting", "paused"}
        return ContainerState(
            status=ContainerStatus.RUNNING if running else ContainerStatus.CREATED,
            oom_killed=bool(state.get("OOMKilled")),
        )

    def logs(self, lines: int) -> str:
        """Return its last `lines` log lines. See `Container.logs`."""
        with docker_errors(f"reading the log of container {self.name}"):
            try:
                raw: bytes = self._api.logs(self.id, tail=lines)
            except NotFound:
                return ""
        return redact(raw.decode("utf-8", "replace"), self._secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedContainer:
    """A container as the engine's list shows it."""

    name: str
    labels: dict[str, str]
    running: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedVolume:
    """A volume as the engine's disk usage shows it."""

    name: str
    created_at: float
    in_use: bool
    size_bytes: int | None


class DockerEngine:
    """The engine behind a Docker client.

    `stamps` is the folder where `note_use` writes as well; without it each launch prepares its volumes anew.
    """

    def __init__(self, client: docker.DockerClient, stamps: Path | None = None) -> None:
        self._api: docker.APIClient = client.api
        self._stamps = stamps
        self._made_at: dict[str, str] = {}

    @contextmanager
    def launch(self, spec: LaunchSpec) -> Iterator[DockerContainer]:
        """Start a container and remove it on the way out. See `Engine.launch`."""
        container: DockerContainer | None = None
        try:
            # An interrupt between the engine's making of the container and our learning of it would leave it behind.
            with deferred_interrupts():
                container = self._start(spec)
            yield container
        finally:
            # By its id: where the name was taken, the container of that name is somebody else's.
            if container is not None and spec.labels.get(f"{LABEL}.keep") != "yes":
                self.remove(container.id)

    def containers(self) -> tuple[ListedContainer, ...]:
        """Return every container that carries our label. See `Engine.containers`."""
        with docker_errors("listing containers"):
            found = self._api.containers(all=True, filters={"label": f"{LABEL}.run"})
        listed = (
            ListedContainer(
                name=item["Names"][0].removeprefix("/") if item.get("Names") else item["Id"],
                labels=dict(item.get("Labels") or {}),
                running=item["State"] == "running",
            )
            for item in found
        )
        # A container inherits the labels of its image, which anybody may have made: only ours is named after its run.
        return tuple(
            container for container in listed if _is_named_after(container.name, container.labels[f"{LABEL}.run"])
        )

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

    def _start(self, spec: LaunchSpec) -> DockerContainer:
        with docker_errors(f"starting {spec.name}", image=spec.image):
            closed = [volume for volume in spec.volumes if not self._is_open(volume)]
            created = self._api.create_container(
                spec.image,
                command=None if spec.command is None else list(spec.command),
                name=spec.name,
                detach=True,
                environment={name: _plain(value) for name, value in spec.environment.items()},
                labels=dict(spec.labels),
                ports=[(spec.container_port, "tcp")],
                host_config=self._host_config(spec),
                platform=spec.platform,
                # The docker client's proxy settings are the host's, not the Space's.
                use_config_proxy=False,
            )
            with ExitStack() as undo:
                # One that never ran shows nothing: it goes even where it was to be kept.
                undo.callback(self.remove, created["Id"])
                for volume in closed:
                    self._open_volume(created["Id"], volume)
                self._api.start(created["Id"])
                network = self._api.inspect_container(created["Id"])["NetworkSettings"]
                undo.pop_all()
        bindings = (network.get("Ports") or {}).get(f"{spec.container_port}/tcp") or []
        # Without one it ended before the engine looked: readiness finds that out, with its last words.
        port = int(bindings[0]["HostPort"]) if bindings else 0
        secrets = tuple(value for value in spec.environment.values() if isinstance(value, Secret))
        return DockerContainer(self._api, created["Id"], spec.name, port, secrets)

    def _is_open(self, volume: VolumeMount) -> bool:
        """Make `volume` if there is none, and return whether `_open_volume` was there before.

        To ask the engine takes as long as to open it again, so a file says for which making of the volume it was done.
        """
        made: dict[str, str] = self._api.create_volume(volume.name, labels={f"{LABEL}.volume": volume.name})
        self._made_at[volume.name] = made.get("CreatedAt", "")
        if self._stamps is None or not self._made_at[volume.name]:
            return False
        stamp = self._stamps / volume.name
        with state_errors(self._stamps):
            return stamp.is_file() and stamp.read_text() == self._made_at[volume.name]

    def _open_volume(self, container_id: str, volume: VolumeMount) -> None:
        """Make the folder of the volume in which any user of the container may write, as in /tmp.

        A named volume belongs to root unless the image has a folder there. The engine unpacks a tar into a volume of
        a container that has not started yet, also of one with a read-only root, and gives its folders their modes.
        """
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as archive:
            entry = tarfile.TarInfo(volume.open_directory)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
            archive.addfile(entry)
        self._api.put_archive(container_id, volume.target, content.getvalue())
        if self._stamps is not None:
            make_state_folder(self._stamps)
            with state_errors(self._stamps):
                (self._stamps / volume.name).write_text(self._made_at[volume.name])

    def _host_config(self, spec: LaunchSpec) -> dict[str, Any]:
        return dict(
            self._api.create_host_config(
                init=True,
                port_bindings={f"{spec.container_port}/tcp": ("127.0.0.1", spec.host_port)},
                cap_drop=["ALL"],
                cap_add=list(spec.cap_add),
                security_opt=["no-new-privileges"],
                mem_limit=spec.memory_bytes,
                memswap_limit=spec.memory_bytes,
                pids_limit=spec.pids_limit,
                nano_cpus=None if spec.cpus is None else round(spec.cpus * 1e9),
                device_requests=None if spec.gpus is None else [_gpus(spec.gpus)],
                read_only=spec.read_only,
                tmpfs=dict(spec.tmpfs) or None,
                binds=[f"{volume.name}:{volume.target}" for volume in spec.volumes],
                extra_hosts=dict(spec.extra_hosts),
                log_config=LogConfig(type="json-file", config={"max-size": str(spec.log_max_bytes), "max-file": "1"}),
            )
        )


def _known_size(size_bytes: int | None) -> int | None:
    return None if size_bytes is None or size_bytes < 0 else size_bytes  # the engine says -1 where it did not look


def _is_named_after(name: str, run_id: str) -> bool:
    return name.startswith("hfsr-") and run_id != "" and run_id in name


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _gpus(gpus: str) -> DeviceRequest:
    return DeviceRequest(count=-1 if gpus == "all" else int(gpus), capabilities=[["gpu"]])

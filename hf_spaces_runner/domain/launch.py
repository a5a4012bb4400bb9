"""Everything that the engine is told about a container, and what it tells back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hf_spaces_runner.domain.secret import Secret

LABEL = "hf-spaces-runner"
"""The prefix of every label that we set; nothing without `hf-spaces-runner.run` is ever touched."""

MINIMUM_MEMORY_BYTES = 6 * 1024**2
"""The engine refuses a smaller cap (moby, daemon/daemon_unix.go: linuxMinMemory)."""

MINIMUM_CPUS = 0.01
"""The engine refuses fewer, and takes zero for no cap at all (moby, daemon/daemon_unix.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A named volume of the engine, mounted at `target`.

    The volume's own root belongs to the image's root; `open_directory` is a folder in it where any user may write.
    """

    name: str
    target: str
    open_directory: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """One container. Sizes in bytes. `command` None means the image's own.

    `host_port` None lets the engine pick a free port of the loopback interface, which has no moment between the
    choice of a port and its use in which another process could take it.
    """

    image: str
    name: str
    command: tuple[str, ...] | None = None
    container_port: int = 7860
    host_port: int | None = None
    environment: Mapping[str, str | Secret] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int = 2 * 1024**3
    pids_limit: int = 512
    cpus: float | None = None
    gpus: str | None = None
    cap_add: tuple[str, ...] = ()
    extra_hosts: Mapping[str, str] = field(default_factory=dict)
    volumes: tuple[VolumeMount, ...] = ()
    read_only: bool = False
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    log_max_bytes: int = 10 * 1024**2
    platform: str = "linux/amd64"


class ContainerStatus(StrEnum):
    """The states of a container that the runner tells apart."""

    CREATED = "created"
    RUNNING = "running"
    EXITED = "exited"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """How a container is: `exit_code` is None while it runs; `error` is the engine's own text, if it had one."""

    status: ContainerStatus
    exit_code: int | None = None
    oom_killed: bool = False
    error: str = ""

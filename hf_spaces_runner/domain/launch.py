"""Everything that the engine is told about a container, and what it tells back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.secret import Secret

MINIMUM_MEMORY_BYTES = 6 * 1024**2
"""The engine refuses a smaller cap (moby, daemon/daemon_unix.go: linuxMinMemory)."""

MINIMUM_CPUS = 0.01
"""The engine refuses fewer, and takes zero for no cap at all (moby, daemon/daemon_unix.go)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A named volume of the engine, mounted at `target`.

    The volume's own root belongs to the image's root; `open_directory` is a folder in it where any user may write.
    A Space may only read from one that is `read_only`.
    """

    name: str
    target: str
    open_directory: str
    read_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOnlyMount:
    """A file or folder of this machine, `source`, that a container may read at `target` and never write."""

    source: str
    target: str


class Network(StrEnum):
    """What a Space reaches: the world, or nothing but whoever calls its port. In neither does it reach another Space.

    Spaces are warmed `WARM_ONLINE`: the world until they are ready, nothing afterwards.
    """

    OPEN = "open"
    ISOLATED = "isolated"
    WARM_ONLINE = "warm-online"

    @property
    def engine_name(self) -> str:
        """What the engine's network is called on which a Space starts."""
        return f"{LABEL}-{Network.ISOLATED if self is Network.ISOLATED else Network.OPEN}"


class LaunchProfile(StrEnum):
    """What a Space believes about where it runs.

    `HUB`: on the Hub, where Gradio refuses to share, and calls queued functions by their queue only. `DIRECT`: anywhere
    else, where it calls them directly, which is many times as fast; what a share link needs is out of reach instead. An
    app that asks for its name on the Hub fails there.
    """

    HUB = "hub"
    DIRECT = "direct"


DEAD_RESOLVER = "127.0.0.1"
"""Where an isolated Space asks for names: itself. The engine would otherwise ask for it, from outside."""

DEAD_RESOLVER_OPTIONS = ("timeout:1", "attempts:1")
"""It gets no answer, so it shall not wait for one: the usual ten seconds for each name make apps look dead."""

CORE_BYTES = 1
"""The size limit of a Space's memory image when it crashes. The host may hand such images to its journal; it does that
with a limit of zero too, and not with this one (Linux, fs/coredump.c)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchSpec:
    """One container. Sizes in bytes. `command` None means the image's own.

    `host_port` None lets the engine pick a free port of the loopback interface, which has no moment between the
    choice of a port and its use in which another process could take it. `profile` is what `environment` and
    `extra_hosts` were made for; the engine is not told. `copied_folders` are folders of the image that may be written
    to although the root is read-only. `keeps_log` False means that no log reaches a disk.
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
    network: Network = Network.OPEN
    profile: LaunchProfile = LaunchProfile.HUB
    volumes: tuple[VolumeMount, ...] = ()
    mounts: tuple[ReadOnlyMount, ...] = ()
    read_only: bool = False
    tmpfs: Mapping[str, str] = field(default_factory=dict)
    copied_folders: tuple[str, ...] = ()
    log_max_bytes: int = 10 * 1024**2
    keeps_log: bool = True
    platform: str = "linux/amd64"

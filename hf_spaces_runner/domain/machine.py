"""What can be found out about this machine, its engine and its image registry: facts, not judged yet."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a fact could not be found out, and what to do about that."""

    message: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFacts:
    """An engine as it describes itself; empty texts stand for what it does not say.

    `security` holds the words of its `SecurityOptions`, as in `name=seccomp,profile=default`. `missing_limits` are the
    caps that it does not enforce. `local` says whether it keeps its data on this machine: one in a virtual machine does
    not. `images` are the names of the images it has, `plain_hosts` the image registries it talks to without TLS.
    """

    address: str
    product: str
    version: str
    api_version: str
    os_type: str
    architecture: str
    storage_driver: str
    security: tuple[str, ...]
    live_restore: bool
    cgroup_version: str
    cgroup_driver: str
    missing_limits: tuple[str, ...]
    warnings: tuple[str, ...]
    gives_gpus: bool
    memory_bytes: int
    data_folder: str
    local: bool
    emulates_amd64: bool
    images: frozenset[str]
    plain_hosts: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFacts:
    """A folder of ours. `refusal` is why nothing can be written there, empty where it can.

    `free_bytes` is None, `file_system` empty where nobody can tell.
    """

    name: str
    path: Path
    refusal: str
    free_bytes: int | None
    file_system: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """This machine itself. Sizes in bytes, None where nobody can tell; `gpus` counts those of NVIDIA."""

    free_memory_bytes: int | None
    gpus: int
    folders: tuple[FolderFacts, ...]


class Login(StrEnum):
    """How an image registry takes the login that Docker's configuration has for it."""

    NONE = "none"
    UNTRIED = "untried"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRegistryFacts:
    """An image registry as it answers this machine.

    `answer` is the HTTP status of `GET /v2/`. `wants_login` says whether it turns everybody without a login away, and
    `token` whether the secret of the login looks like a token of the Hub.
    """

    host: str
    answer: int | Problem
    wants_login: bool
    login: Login | Problem
    token: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftBehind:
    """What runs that have ended left: containers and scratch folders, and model caches, which are of further use."""

    leftovers: int
    leftover_bytes: int
    caches: int
    cache_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryFacts:
    """What the registry holds: how many entries, those that can run as far as is known, and what is wrong with it."""

    known: int
    spaces: tuple[Space, ...]
    faults: tuple[str, ...] = ()

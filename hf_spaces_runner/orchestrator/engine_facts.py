"""Asks an engine to describe itself.

The fields are those of `GET /info`, `/version` and `/images/json` (docs.docker.com/reference/api/engine); Podman
answers the same requests and leaves some out.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import docker
from docker.context import ContextAPI

from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors

_LIMITS = {"MemoryLimit": "memory", "SwapLimit": "swap", "PidsLimit": "processes", "CpuCfsQuota": "CPU"}
_EMULATORS = ("qemu-x86_64", "rosetta")
_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_DESKTOP = "Docker Desktop"


def read_engine_facts(client: docker.DockerClient, environment: Mapping[str, str]) -> EngineFacts:
    """Return how the engine of `client` describes itself. `environment` is where its address was found.

    Raises:
        EngineUnavailableError: it does not answer.
    """
    with docker_errors("asking the engine about itself", otherwise=EngineUnavailableError):
        info: dict[str, Any] = client.api.info()
        version: dict[str, Any] = client.api.version(api_version=False)
        images: list[dict[str, Any]] = client.api.images()
        address = environment.get("DOCKER_HOST") or _address_of_context(environment)
    product = _product(info, version)
    local = _is_local(info)
    return EngineFacts(
        address=one_line(address),
        product=product,
        version=_text(version, "Version"),
        api_version=_text(version, "ApiVersion"),
        os_type=_text(info, "OSType"),
        architecture=_text(info, "Architecture"),
        storage_driver=_text(info, "Driver"),
        security=tuple(one_line(str(option)) for option in info.get("SecurityOptions") or ()),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        cgroup_version=_text(info, "CgroupVersion"),
        cgroup_driver=_text(info, "CgroupDriver"),
        missing_limits=tuple(word for field, word in _LIMITS.items() if info.get(field) is False),
        warnings=tuple(one_line(str(text)) for text in info.get("Warnings") or ()),
        gives_gpus=_gives_gpus(info),
        memory_bytes=int(info.get("MemTotal") or 0),
        data_folder=_text(info, "DockerRootDir"),
        local=local,
        emulates_amd64=product == _DESKTOP or (local and any((_BINFMT / name).exists() for name in _EMULATORS)),
        images=frozenset(tag for image in images for tag in image.get("RepoTags") or ()),
        plain_hosts=_plain_hosts(info),
    )


def read_machine(client: docker.DockerClient) -> Machine:
    """Return what the machine of the engine of `client` has.

    Raises:
        EngineUnavailableError: it does not answer.
    """
    with docker_errors("asking the engine about its machine", otherwise=EngineUnavailableError):
        info: dict[str, Any] = client.api.info()
    return Machine(
        cpus=max(1, int(info.get("NCPU") or 1)),
        memory_bytes=int(info.get("MemTotal") or 0),
        gives_gpus=_gives_gpus(info),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    return one_line(str(fields.get(name) or ""))


def _address_of_context(environment: Mapping[str, str]) -> str:
    context: Any = ContextAPI.get_context(environment.get("DOCKER_CONTEXT"))  # None where there is no such context
    return str(context.Host) if context is not None and context.Host else "its usual address"


def _product(info: Mapping[str, Any], version: Mapping[str, Any]) -> str:
    platform = str((version.get("Platform") or {}).get("Name") or "")
    components = {str(component.get("Name")) for component in version.get("Components") or ()}
    if "Podman Engine" in components:
        return "Podman"
    if _DESKTOP in platform or _DESKTOP in str(info.get("OperatingSystem")):
        return _DESKTOP
    return "Docker"


def _is_local(info: Mapping[str, Any]) -> bool:
    """Return whether the engine keeps its data on this machine.

    A virtual machine has a kernel of its own; from inside a container that was given the engine's socket, its data
    cannot be seen.
    """
    folder = str(info.get("DockerRootDir") or "")
    return info.get("KernelVersion") == os.uname().release and bool(folder) and os.path.isdir(folder)  # noqa: PTH112 - Path.is_dir raises where it may not look


def _gives_gpus(info: Mapping[str, Any]) -> bool:
    devices = (str(device.get("ID")) for device in info.get("DiscoveredDevices") or ())
    return "nvidia" in (info.get("Runtimes") or {}) or any(device.startswith("nvidia.com/gpu") for device in devices)


def _plain_hosts(info: Mapping[str, Any]) -> frozenset[str]:
    known = (info.get("RegistryConfig") or {}).get("IndexConfigs") or {}
    return frozenset(host for host, its in known.items() if (its or {}).get("Secure") is False)

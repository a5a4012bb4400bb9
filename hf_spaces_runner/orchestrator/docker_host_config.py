"""Tells Docker's engine about a container: the security model in the words of its API."""

from typing import Any

import docker
from docker.types import DeviceRequest, LogConfig, Mount, Ulimit

from hf_spaces_runner.domain.launch import CORE_BYTES, DEAD_RESOLVER, DEAD_RESOLVER_OPTIONS, LaunchSpec, Network
from hf_spaces_runner.domain.secret import Secret


def container_config(api: docker.APIClient, spec: LaunchSpec, network: str) -> dict[str, Any]:
    """Return the arguments of `create_container` for `spec`; `network` is the name of the engine's."""
    return {
        "image": spec.image,
        "command": None if spec.command is None else list(spec.command),
        "name": spec.name,
        "detach": True,
        "environment": {name: _plain(value) for name, value in spec.environment.items()},
        "labels": dict(spec.labels),
        "ports": [(spec.container_port, "tcp")],
        # The engine makes an unnamed volume of each, fills it with what the image has there, and removes it with the
        # container.
        "volumes": list(spec.copied_folders),
        "host_config": _host_config(api, spec, network),
        # What an image's health check prints would be kept by the engine, whatever becomes of the log.
        "healthcheck": {"test": ["NONE"]},
        "platform": spec.platform,
        # The docker client's proxy settings are the host's, not the Space's.
        "use_config_proxy": False,
    }


def _host_config(api: docker.APIClient, spec: LaunchSpec, network: str) -> dict[str, Any]:
    return dict(
        api.create_host_config(
            init=True,
            network_mode=network,
            dns=[DEAD_RESOLVER] if spec.network is Network.ISOLATED else None,
            dns_opt=list(DEAD_RESOLVER_OPTIONS) if spec.network is Network.ISOLATED else None,
            port_bindings={f"{spec.container_port}/tcp": ("127.0.0.1", spec.host_port)},
            cap_drop=["ALL"],
            cap_add=list(spec.cap_add),
            security_opt=["no-new-privileges"],
            mem_limit=spec.memory_bytes,
            memswap_limit=spec.memory_bytes,
            pids_limit=spec.pids_limit,
            ulimits=[Ulimit(name="core", soft=CORE_BYTES, hard=CORE_BYTES)],
            nano_cpus=None if spec.cpus is None else round(spec.cpus * 1e9),
            device_requests=None if spec.gpus is None else [_gpus(spec.gpus)],
            read_only=spec.read_only,
            tmpfs=dict(spec.tmpfs) or None,
            binds=[f"{item.name}:{item.target}{':ro' if item.read_only else ''}" for item in spec.volumes],
            # Not `binds`, which make an empty folder of a path that is not there.
            mounts=[Mount(item.target, item.source, type="bind", read_only=True) for item in spec.mounts] or None,
            extra_hosts=dict(spec.extra_hosts),
            log_config=_log_config(spec),
        )
    )


def _log_config(spec: LaunchSpec) -> LogConfig:
    if not spec.keeps_log:
        return LogConfig(type="none")
    return LogConfig(type="json-file", config={"max-size": str(spec.log_max_bytes), "max-file": "1"})


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value


def _gpus(gpus: str) -> DeviceRequest:
    return DeviceRequest(count=-1 if gpus == "all" else int(gpus), capabilities=[["gpu"]])

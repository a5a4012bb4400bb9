"""Decides how a Space's container is launched: the security model, as a pure function from a Space to a launch spec."""

import hashlib
import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.launch import LABEL, LaunchSpec, VolumeMount
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret  # noqa: TC001 - the annotation of a dictionary that exists at run time
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.planning.hub_environment import HF_CACHE_DIRECTORY, hub_environment

SHARE_HOST = "api.gradio.app"
"""Gradio asks this host for a public tunnel; inside a container it is a loopback address where nothing listens."""

_USELESS_COMMANDS = frozenset({(), ("python",), ("python3",), ("bash",), ("/bin/bash",), ("sh",), ("/bin/sh",)})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchDefaults:
    """What the settings say about every container. Sizes in bytes; `hf_cache` is `per-space`, `shared` or `none`."""

    memory_bytes: int
    cpus: float | None
    pids_limit: int
    hf_cache: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Which run a container belongs to: `owner` is host, boot, process id and its start; `created_at` Unix seconds."""

    run_id: str
    owner: str
    created_at: int


def plan_launch(space: Space, request: Request, defaults: LaunchDefaults, identity: RunIdentity) -> LaunchSpec:
    """Return the launch spec of `space`: hardened, and with nothing of the host's in it but what `request` names."""
    memory_bytes = request.limits.memory_bytes or space.memory_bytes or defaults.memory_bytes
    cpus = request.limits.cpus or defaults.cpus
    gpus = request.limits.gpus
    cache = _cache_volume(space, defaults.hf_cache)
    environment: dict[str, str | Secret] = {
        **hub_environment(space, cpus=cpus, memory_bytes=memory_bytes, gpus=gpus),
        **({"HF_HOME": HF_CACHE_DIRECTORY} if cache else {}),
        **({"HOME": "/tmp", "MPLCONFIGDIR": "/tmp/matplotlib"} if request.read_only else {}),  # noqa: S108
        **space.env,
        **request.environment,
        **request.secrets,
    }
    return LaunchSpec(
        image=space.docker_image,
        name=f"hfsr-{_slug(space.id)}-{identity.run_id}",
        container_port=space.port,
        environment=environment,
        labels={
            f"{LABEL}.run": identity.run_id,
            f"{LABEL}.space": space.id,
            f"{LABEL}.owner": identity.owner,
            f"{LABEL}.created": str(identity.created_at),
            f"{LABEL}.keep": "yes" if request.keep else "no",
        },
        memory_bytes=memory_bytes,
        pids_limit=defaults.pids_limit,
        cpus=cpus,
        gpus=gpus,
        cap_add=space.cap_add,
        extra_hosts={SHARE_HOST: "127.0.0.1"},
        volumes=(cache,) if cache else (),
        read_only=request.read_only,
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,mode=1777"} if request.read_only else {},  # noqa: S108 - the container's
    )


def default_command(space: Space) -> tuple[str, ...] | None:
    """Return what starts `space` where its image does not: Gradio images of the Hub carry no useful command."""
    return ("python", space.app_file) if space.sdk is Sdk.GRADIO else None


def for_image(spec: LaunchSpec, image: Image, command: tuple[str, ...] | None) -> LaunchSpec:
    """Return `spec` for the very `image` that was acquired, with `command` where the image has none that is useful."""
    useless = not image.entrypoint and image.command in _USELESS_COMMANDS
    return replace(spec, image=image.reference, command=command if useless else None)


def _cache_volume(space: Space, hf_cache: str) -> VolumeMount | None:
    if hf_cache == "none":
        return None
    if hf_cache == "shared":
        return _mounted(f"{LABEL}-cache")
    # A model cache that Spaces share is a way for one to hand code to another: pickled weights run when loaded.
    # An image of any host may be called like a Space that the user trusts, so the id alone does not say whose it is.
    parts = (space.id, split_image_reference(space.docker_image).repository, str(space.source or ""))
    own = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return _mounted(f"{LABEL}-cache-{_slug(space.id)}-{own}")


def _mounted(volume: str) -> VolumeMount:
    mount_point = PurePosixPath(HF_CACHE_DIRECTORY)
    return VolumeMount(name=volume, target=str(mount_point.parent), open_directory=mount_point.name)


def _slug(space_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", space_id.lower()).strip("-")[:40] or "space"

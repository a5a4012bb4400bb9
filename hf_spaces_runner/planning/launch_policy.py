"""Decides how a Space's container is launched: the security model, as a pure function from a Space to a launch spec."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from hf_spaces_runner.domain.hardware import Grant
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL, RunLabels
from hf_spaces_runner.domain.launch import LaunchProfile, LaunchSpec, Network, VolumeMount
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.secret import Secret  # noqa: TC001 - the annotation of a dictionary that exists at run time
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.planning.hub_environment import HF_CACHE_DIRECTORY, hub_environment

SHARE_HOST = "api.gradio.app"
"""Gradio asks this host for a public tunnel; inside a container it is a loopback address where nothing listens."""

TUNNEL_HOST = "cdn-media.huggingface.co"
"""Gradio 3.20 and later load the program that makes the tunnel (frpc) from this host, also where the app or
`GRADIO_SHARE_SERVER_ADDRESS` names a share server of its own and `SHARE_HOST` is not asked. Source: Gradio's
`networking.py` and `tunneling.py`, read from 3.0 to 6.31. As on the Hub Gradio asks neither."""

_TMP = "/tmp"  # noqa: S108 - the container's
_READ_ONLY_ENVIRONMENT = {
    "HOME": _TMP,
    "HF_HOME": f"{_TMP}/huggingface",
    "MPLCONFIGDIR": f"{_TMP}/matplotlib",
    "GRADIO_TEMP_DIR": f"{_TMP}/gradio",
}
_OFFLINE_ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
# An image of the Hub may have SYSTEM=spaces in its own environment, so it is emptied rather than left out.
_DIRECT_ENVIRONMENT = {"SYSTEM": "", "GRADIO_SHARE": "False"}
_USELESS_COMMANDS = frozenset({(), ("python",), ("python3",), ("bash",), ("/bin/bash",), ("sh",), ("/bin/sh",)})


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchDefaults:
    """What the settings say about every container. Sizes in bytes; `hf_cache` is `per-space`, `shared` or `none`.

    `grant` is what this one is given for the hardware that its user or its source names; it wins over the settings.
    """

    memory_bytes: int
    cpus: float | None
    pids_limit: int
    hf_cache: str
    network: Network = Network.OPEN
    grant: Grant | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Which run a container belongs to: `owner` is the process in a form for us, `user` and `command` for people."""

    run_id: str
    owner: str
    user: str = ""
    command: str = ""


def plan_launch(
    space: Space,
    request: Request,
    defaults: LaunchDefaults,
    identity: RunIdentity,
    *,
    profile: LaunchProfile = LaunchProfile.HUB,
    asked_for: Mapping[str, str] | None = None,
) -> LaunchSpec:
    """Return the launch spec of `space`: hardened, and with nothing of the host's in it but what `request` names.

    `asked_for` are variables that its source asks for, see `ImageSource.environment`.
    """
    grant = defaults.grant
    granted_bytes = None if grant is None else grant.memory_bytes
    memory_bytes = request.limits.memory_bytes or granted_bytes or space.memory_bytes or defaults.memory_bytes
    cpus = request.limits.cpus or (None if grant is None else grant.cpus) or defaults.cpus
    gpus = request.limits.gpus or (None if grant is None else grant.gpus)
    as_on_hub = hub_environment(
        space, cpus=cpus, memory_bytes=memory_bytes, gpus=gpus, hardware=None if grant is None else grant.name
    )
    network = Network.ISOLATED if request.privacy else request.network or defaults.network
    cache = _cache_volume(space, defaults.hf_cache, read_only=request.privacy)
    environment: dict[str, str | Secret] = {
        **_in_profile(profile, as_on_hub),
        **(_READ_ONLY_ENVIRONMENT if request.read_only else {}),
        **({"HF_HOME": HF_CACHE_DIRECTORY} if cache else {}),
        **(_OFFLINE_ENVIRONMENT if network is Network.ISOLATED else {}),
        **({"HF_MODULES_CACHE": f"{_TMP}/hf-modules"} if request.privacy else {}),
        **_page_variables(space, request),
        **(asked_for or {}),
        **space.env,
        **request.environment,
        **request.secrets,
    }
    return LaunchSpec(
        image=space.docker_image,
        name=f"hfsr-{_slug(space.id)}-{identity.run_id}",
        container_port=space.port,
        environment=environment,
        labels=RunLabels(
            run_id=identity.run_id,
            space_id=space.id,
            owner=identity.owner,
            user=identity.user,
            command=identity.command,
            memory_bytes=memory_bytes,
            network=network,
            profile=profile,
            privacy=request.privacy,
            secrets=tuple(request.secrets),
        ).as_labels(),
        memory_bytes=memory_bytes,
        pids_limit=defaults.pids_limit,
        cpus=cpus,
        gpus=gpus,
        cap_add=space.cap_add,
        extra_hosts=_blocked_hosts(profile),
        network=network,
        profile=profile,
        volumes=(cache,) if cache else (),
        read_only=request.read_only,
        tmpfs={_TMP: f"rw,exec,nosuid,nodev,mode=1777,size={memory_bytes}"} if request.read_only else {},
        keeps_log=not request.privacy,
    )


def variables_for(space: Space, request: Request) -> dict[str, str]:
    """Return what the Hub calls the variables of a Space, which anybody may see: no secret is among them."""
    given = {**space.env, **request.environment}
    return {name: value for name, value in given.items() if name not in request.secrets}


def _page_variables(space: Space, request: Request) -> dict[str, str]:
    """Return what hands the user's variables, and no secret, to the pages of a static Space, as the Hub does.

    `registry/static/serve.py` reads it and sets `window.huggingface.variables`.
    """
    given = variables_for(space, request)
    return {"HFSR_PAGE_VARIABLES": json.dumps(given)} if space.sdk is Sdk.STATIC and given else {}


def at_creation(
    spec: LaunchSpec, *, now: float, lifetime_s: float | None, idle_stop_s: float | None = None
) -> LaunchSpec:
    """Return `spec` with labels that say when it is made, and until when it may be there. `now` in Unix seconds."""
    labels = replace(
        RunLabels.read(spec.labels),
        created_at=now,
        deadline_at=None if lifetime_s is None else now + lifetime_s,
        idle_stop_s=idle_stop_s,
    )
    return replace(spec, labels={**spec.labels, **labels.as_labels()})


def default_command(space: Space) -> tuple[str, ...] | None:
    """Return what starts `space` where its image does not: Gradio images of the Hub carry no useful command."""
    return ("python", space.app_file) if space.sdk is Sdk.GRADIO else None


def for_image(spec: LaunchSpec, image: Image, command: tuple[str, ...] | None) -> LaunchSpec:
    """Return `spec` for the very `image` that was acquired, with `command` where the image has none that is useful.

    Below a read-only root the folder of the app can be written to: old versions of Gradio insist.
    """
    useless = not image.entrypoint and image.command in _USELESS_COMMANDS
    folder = image.working_directory
    copied = (folder,) if spec.read_only and folder not in {"", "/", *spec.tmpfs} else ()
    return replace(spec, image=image.reference, command=command if useless else None, copied_folders=copied)


def _in_profile(profile: LaunchProfile, as_on_hub: Mapping[str, str]) -> dict[str, str]:
    """Return what is left of the Hub's environment: `SPACE_ID` is missing, not empty, so that who needs it fails.

    Nothing else is changed: most apps that ask for `SPACE_HOST` or `SPACE_AUTHOR_NAME` want no more than a text.
    """
    if profile is LaunchProfile.HUB:
        return dict(as_on_hub)
    return {name: value for name, value in as_on_hub.items() if name != "SPACE_ID"} | _DIRECT_ENVIRONMENT


def _blocked_hosts(profile: LaunchProfile) -> dict[str, str]:
    hosts = (SHARE_HOST,) if profile is LaunchProfile.HUB else (SHARE_HOST, TUNNEL_HOST)
    return dict.fromkeys(hosts, "127.0.0.1")


def _cache_volume(space: Space, hf_cache: str, *, read_only: bool) -> VolumeMount | None:
    """Return the model cache of `space`. In privacy nothing is written there: the next run may have a way out."""
    if hf_cache == "none":
        return None
    if hf_cache == "shared":
        return _mounted(f"{LABEL}-cache", read_only=read_only)
    # A model cache that Spaces share is a way for one to hand code to another: pickled weights run when loaded.
    # An image of any host may be called like a Space that the user trusts, so the id alone does not say whose it is.
    parts = (space.id, split_image_reference(space.docker_image).repository, str(space.source or ""))
    own = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
    return _mounted(f"{LABEL}-cache-{_slug(space.id)}-{own}", read_only=read_only)


def _mounted(volume: str, *, read_only: bool) -> VolumeMount:
    mount_point = PurePosixPath(HF_CACHE_DIRECTORY)
    return VolumeMount(
        name=volume, target=str(mount_point.parent), open_directory=mount_point.name, read_only=read_only
    )


def _slug(space_id: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", space_id.lower()).strip("-")[:40] or "space"

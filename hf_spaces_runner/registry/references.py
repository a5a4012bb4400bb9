"""Turns what a user calls a Space into a Space: an id, a URL, an address, the name of an image, or a folder."""

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

from hf_spaces_runner.domain.image_names import (
    HUB_IMAGE_REGISTRY,
    image_of_space,
    is_image_reference,
    split_image_reference,
    subdomain_of,
)
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import InvalidRegistryError, UnknownSpaceError
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.snapshot import Snapshots

_HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_SUBDOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SPACE_DOMAIN = ".hf.space"
_MAX_LENGTH = 1000
_FORMS = (
    "a registry id, user/name, https://huggingface.co/spaces/user/name, https://user-name.hf.space, host/name[:tag],"
    " ./folder"
)


def find_space(reference: str, registry: Registry, image_registry: str, *, snapshots: Snapshots | None = None) -> Space:
    """Return the Space that `reference` names; an entry of the registry wins over what can be derived.

    What begins with `.`, `/` or `~` is a folder, as is `some/name` where that is one here with a README.md in it,
    unless the registry knows a Space of that Hub id. `snapshots` are what front matter was read into before.

    Raises:
        UnknownSpaceError: no form of reference fits; the message names the three nearest ids.
        InvalidRegistryError: the entry of that id is left out, since something is wrong with it.
    """
    reference = reference.strip()
    known = registry.find(reference) if reference.isprintable() else None
    if known is not None:
        return known
    if len(reference) > _MAX_LENGTH:
        raise UnknownSpaceError(f"{reference[:40]!r}... has {len(reference)} characters, as the name of no Space has")
    if _is_folder(reference, registry):
        from hf_spaces_runner.registry.folder_space import space_of_folder  # noqa: PLC0415 - few name one

        return space_of_folder(reference, snapshots)
    if _is_address_without_scheme(reference):
        reference = f"https://{reference}"
    if "://" in reference:
        return _from_url(reference, registry, image_registry)
    if is_image_reference(reference):
        return _from_image(reference, registry)
    if _HUB_ID.fullmatch(reference):
        return _from_hub_id(reference, registry, image_registry)
    faults = registry.faults_of(reference)
    if faults:
        raise InvalidRegistryError("\n".join(str(fault) for fault in faults))
    raise UnknownSpaceError(
        f"no Space {reference!r} in the registry{_nearest(reference, registry)}", hint=_hint_about_folder(reference)
    )


def _is_folder(reference: str, registry: Registry) -> bool:
    if reference.startswith((".", "/", "~")):
        return True
    if "/" not in reference or "://" in reference or registry.find_hub_id(reference) is not None:
        return False
    if (Path(reference) / "README.md").is_file():
        return True
    may_be_else = is_image_reference(reference) or _HUB_ID.fullmatch(reference) is not None
    return not may_be_else and Path(reference).is_dir()


def _hint_about_folder(reference: str) -> str | None:
    """Return what to type where `reference` is a folder with a Space in it, which an id never stands for."""
    if not reference.isprintable() or not (Path(reference) / "README.md").is_file():
        return None
    return f"did you mean {shlex.quote(f'./{reference}')}? There is a folder of that name here"


def _is_address_without_scheme(reference: str) -> bool:
    host, slash, path = reference.partition("/")
    if host.lower() in _HUB_HOSTS:
        return path.startswith("spaces/")
    # With a path it is an image: registry.hf.space/name.
    return host.lower().endswith(_SPACE_DOMAIN) and (not slash or not path) and host.lower() != HUB_IMAGE_REGISTRY


def _nearest(reference: str, registry: Registry) -> str:
    ids = registry.nearest(reference)
    return f"; nearest: {', '.join(ids)}" if ids else ", which is empty"


def _from_url(url: str, registry: Registry, image_registry: str) -> Space:
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise UnknownSpaceError(f"{url!r} is not an address: {error}") from error
    if host in {HUB_IMAGE_REGISTRY, image_registry}:
        raise UnknownSpaceError(
            f"{url!r} is the address of an image registry", hint=f"name the image without {parts.scheme}://"
        )
    if parts.scheme not in {"http", "https"}:
        raise UnknownSpaceError(f"{url!r} is not the address of a Space; a Space is named by {_FORMS}")
    segments = [segment for segment in parts.path.split("/") if segment]
    if host in _HUB_HOSTS and len(segments) >= 3 and segments[0] == "spaces":  # noqa: PLR2004 - spaces/user/name
        hub_id = f"{segments[1]}/{segments[2]}"
        if _HUB_ID.fullmatch(hub_id):
            return _from_hub_id(hub_id, registry, image_registry)
    subdomain = host.removesuffix(_SPACE_DOMAIN)
    if subdomain != host and _SUBDOMAIN.fullmatch(subdomain):
        return _from_subdomain(subdomain, registry, image_registry)
    raise UnknownSpaceError(f"{url!r} is not the address of a Space; a Space is named by {_FORMS}")


def _from_hub_id(hub_id: str, registry: Registry, image_registry: str) -> Space:
    known = registry.find_hub_id(hub_id)
    if known is not None:
        return known
    image = image_of_space(hub_id, image_registry)
    try:
        split_image_reference(image)
    except ValueError as error:
        raise UnknownSpaceError(f"{hub_id!r} is the id of no Space: {error}") from error
    return Space(id=subdomain_of(hub_id), docker_image=image, space_id=hub_id)


def _from_subdomain(subdomain: str, registry: Registry, image_registry: str) -> Space:
    known = registry.find_subdomain(subdomain)
    if known is not None:
        return known
    return Space(id=subdomain, docker_image=f"{image_registry}/{subdomain}:latest")


def _from_image(reference: str, registry: Registry) -> Space:
    try:
        image = split_image_reference(reference)
    except ValueError as error:
        raise UnknownSpaceError(f"{reference!r} is not the name of an image: {error}") from error
    known = registry.find_image(reference)
    if known is not None:
        return known
    name = re.sub(r"[^a-z0-9._-]+", "-", image.name.lower()).strip("-.") or "image"
    return Space(id=name, docker_image=reference)

"""Sees to it that a build leaves nothing without a name, and not every image that its folder ever had."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import docker
from docker.errors import APIError

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.planning.build_marks import UNFINISHED

KEPT_EARLIER = 2
"""How many images of earlier sources stay beside the new one, for who goes back and forth between them."""

_BUILT, _SPACE = f"{LABEL}.built", f"{LABEL}.space"
_OUR_REPOSITORIES = "hf-spaces-runner/"
_HASH_TAG = re.compile(r"[0-9a-f]{12}")
_STAGE_TAG = re.compile(r"stage-\d+")


def keep_layers(client: docker.DockerClient, tag: str, last_layers: Mapping[int, str], *, finished: bool) -> None:
    """Name what a build leaves beside its image: `REPOSITORY:stage-1` for the last layer of the first stage.

    They are what the next build begins with. What had such a name before and is needed no longer goes; so do all of
    them but those of earlier stages once the build is `finished`.

    Args:
        client: the engine's.
        tag: what the build makes.
        last_layers: the id of the last layer of each stage that was begun, by its number from 1.
        finished: whether `tag` is there now, whose layers need no other name.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    repository = split_image_reference(tag).repository
    with docker_errors(f"tidying up after the build of {tag}"):
        unfinished = {"label": f"{_BUILT}={UNFINISHED}"}
        before = {
            name.rpartition(":")[2]: image
            for image in client.api.images(name=repository, filters=dict(unfinished))
            for name in image.get("RepoTags") or ()
        }
        # Without a name, and no part of any other image. A Space may print whatever it likes, but no label.
        nameless = client.api.images(filters={**unfinished, "dangling": True})
        for stage, layer in last_layers.items():
            full_id = _end_of(layer, nameless)
            if full_id is not None:
                name = f"stage-{stage}"
                client.api.tag(full_id, repository, name)
                if name in before:
                    _remove_if_nameless(client, str(before.pop(name)["Id"]))
        if finished:
            count = max(last_layers, default=1)
            for name in before:
                if _STAGE_TAG.fullmatch(name) and int(name.removeprefix("stage-")) >= count:
                    _remove(client, f"{repository}:{name}")


def remove_earlier(client: docker.DockerClient, tag: str, space_id: str) -> None:
    """Remove the images of earlier sources of a Space, but the last few and those that a container is made of.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    repository = split_image_reference(tag).repository
    # Under another name they may be somebody's releases.
    if not repository.startswith(_OUR_REPOSITORIES):
        return
    with docker_errors(f"removing what was {tag} before"):
        for name in earlier(client.api.images(name=repository, filters={"label": f"{_SPACE}={space_id}"}), tag):
            _remove(client, name)


def earlier(listed: Iterable[Mapping[str, Any]], tag: str) -> list[str]:
    """Return which of the images `listed`, as the engine lists them, go now that `tag` is there."""
    names = [
        (image.get("Created") or 0, name)
        for image in listed
        for name in image.get("RepoTags") or ()
        if name != tag and _HASH_TAG.fullmatch(name.rpartition(":")[2])
    ]
    return [name for _, name in sorted(names, reverse=True)[KEPT_EARLIER:]]


def _end_of(layer: str, nameless: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the id of `layer`, or of the one on it: what a step has done in the moment of an interrupt nobody is told.

    None where it has a name, or is part of another image.
    """
    for key in ("Id", "ParentId"):
        for image in nameless:
            if str(image.get(key) or "").removeprefix("sha256:").startswith(layer):
                return str(image["Id"])
    return None


def _remove_if_nameless(client: docker.DockerClient, image_id: str) -> None:
    found = client.api.images(filters={"dangling": True, "label": _BUILT})
    if any(image["Id"] == image_id for image in found):
        _remove(client, image_id)


def _remove(client: docker.DockerClient, name: str) -> None:
    """Remove the image `name` and the layers that only it has; one that is in use or gone is left alone."""
    try:
        client.api.remove_image(name)
    except APIError as error:
        if error.status_code not in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}:
            raise

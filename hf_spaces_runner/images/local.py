"""Looks images up on the engine; asks nobody else."""

from typing import Any

import docker
from docker.errors import ImageNotFound

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.errors import WrongArchitectureError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors

_SAME_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}


def find_image(client: docker.DockerClient, reference: str) -> Image | None:
    """Return the image called `reference` if it is on the engine, whatever it is made for.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    with docker_errors(f"looking for {reference}"):
        try:
            attributes: dict[str, Any] = client.images.get(reference).attrs
        except ImageNotFound:
            return None
    config = attributes.get("Config") or {}
    return Image(
        id=attributes["Id"],
        reference=reference,
        digest=_digest_of(attributes, reference),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        user=config.get("User") or "",
        working_directory=config.get("WorkingDir") or "",
        size_bytes=int(attributes.get("Size") or 0),
    )


def check_platform(client: docker.DockerClient, image: Image, platform: str) -> None:
    """Do nothing if `image` is made for `platform` (`linux/amd64`).

    The engine checks this only for images that name several platforms; one that names a single one is pulled
    whatever it is.

    Raises:
        WrongArchitectureError: it is made for another one.
    """
    with docker_errors(f"looking at {image.reference}", image=image.reference):
        attributes = client.images.get(image.id).attrs
    architecture = str(attributes.get("Architecture") or "")
    made_for = f"{attributes.get('Os') or 'linux'}/{_SAME_ARCHITECTURE.get(architecture, architecture)}"
    if made_for != platform:
        raise WrongArchitectureError(
            f"the image {image.reference} is made for {made_for}, not for {platform}",
            hint="images of Spaces are linux/amd64; --pull always asks the image registry again",
        )


def _digest_of(attributes: dict[str, Any], reference: str) -> str | None:
    wanted = split_image_reference(reference)
    digests = dict(entry.split("@", 1) for entry in attributes.get("RepoDigests") or ())
    return digests.get(wanted.repository)

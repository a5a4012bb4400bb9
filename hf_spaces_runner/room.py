"""Finds out how much disk the image of a Space takes or will take, and how much is free."""

from pathlib import Path

import docker
from docker.errors import ImageNotFound

from hf_spaces_runner.domain.image_names import split_image_reference, with_image_registry
from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.room import Room
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.machine_facts import free_disk_bytes
from hf_spaces_runner.registry.space_table import with_tag

UNPACKED = 2.7
"""How much larger an image is on disk than what a pull transfers: 2.64 and 2.65 for two bundled Spaces. A pull holds
its layers packed for a while as well."""


def read_room(client: docker.DockerClient, facts: EngineFacts, space: Space, image_registry: str) -> Room:
    """Return how much disk the image of `space` takes on the engine of `client`, which describes itself in `facts`.

    Raises:
        EngineUnavailableError: it does not answer.
    """
    free = free_disk_bytes(Path(facts.data_folder)) if facts.local else None
    name = here(space, image_registry, facts.images)
    if name is not None:
        with docker_errors(f"looking for {name}"):
            try:
                return Room(taken_bytes=int(client.images.get(name).attrs["Size"]), free_bytes=free)
            except ImageNotFound:
                pass  # gone meanwhile
    size = None if space.check is None else space.check.compressed_bytes
    return Room(needed_bytes=None if size is None else int(size * (1 + UNPACKED)), free_bytes=free)


def here(space: Space, image_registry: str, images: frozenset[str]) -> str | None:
    """Return the name among `images`, those of an engine, of the image of `space`; None where it is not there."""
    if space.source is None:
        name = with_tag(with_image_registry(space.docker_image, image_registry))
        return name if name in images else None
    # One that is built here has a tag that changes with its source.
    repository = split_image_reference(space.docker_image).repository
    return next((name for name in sorted(images) if name.rpartition(":")[0] == repository), None)

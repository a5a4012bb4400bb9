"""Finds out where a Space's image comes from: pulled under its name, or built from its folder."""

from collections.abc import Callable
from pathlib import Path

from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.build_plan import DEFAULT_PYTHON_VERSION, plan_build
from hf_spaces_runner.planning.plan import image_source_of
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import find_constraints, read_space_source


def find_image_source(
    space: Space,
    *,
    image_registry: str,
    ca_bundle: Path | None,
    snapshots: Snapshots,
    base_image: Callable[[str], str],
) -> ImageSource:
    """Return where the image of `space` comes from; `base_image` gives the one to build on for a version of Python.

    Raises:
        InvalidRegistryError: its source cannot be read, or asks for what cannot be built.
    """
    if space.source is None:
        return image_source_of(space, image_registry)
    source = read_space_source(space.source, snapshots)
    build = plan_build(
        source,
        space_id=space.id,
        repository=split_image_reference(space.docker_image).repository,
        base_image=base_image(source.python_version or DEFAULT_PYTHON_VERSION),
        constraints=find_constraints(bundled_registry_directory() / "constraints", source.sdk, source.sdk_version),
        ca_bundle=ca_bundle,
    )
    return ImageSource(reference=build.tag, build=build)

"""Finds out where a Space's image comes from: pulled under its name, or built from its folder."""

from collections.abc import Callable
from pathlib import Path

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN, STREAMLIT_PORT, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_docker import DOCKERFILE, asks_for_base_image, check_dockerfile_is_there
from hf_spaces_runner.planning.build_marks import DEFAULT_PYTHON_VERSION
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.build_static import StaticServer
from hf_spaces_runner.planning.plan import image_source_of
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import (
    find_constraints,
    read_source_file,
    read_space_source,
    refuse_links_out,
)

_MAX_DOCKERFILE_BYTES = 1024**2


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
    front = source.front_matter
    if space.origin == FOLDER_ORIGIN:
        refuse_links_out(source)
    _check_port(source, space)
    dockerfile = _dockerfile_of(source) if front.sdk is Sdk.DOCKER else ""
    # A Dockerfile mostly names what it builds on, and then no base image has to be got or made.
    needs_base = front.sdk is not Sdk.DOCKER or asks_for_base_image(dockerfile)
    build = plan_build(
        source,
        space_id=space.id,
        repository=split_image_reference(space.docker_image).repository,
        base_image=base_image(_python_version(front)) if needs_base else "",
        constraints=find_constraints(bundled_registry_directory() / "constraints", front.sdk, front.sdk_version),
        ca_bundle=ca_bundle,
        dockerfile=dockerfile,
        static_server=_static_server() if front.sdk is Sdk.STATIC else None,
    )
    return ImageSource(reference=build.tag, build=build)


def _python_version(front: FrontMatter) -> str:
    # The Python of a static Space is that of the server, which is ours.
    return (front.python_version if front.sdk is not Sdk.STATIC else None) or DEFAULT_PYTHON_VERSION


def _check_port(source: SpaceSource, space: Space) -> None:
    """Do nothing if the Space listens where `space` says; a Gradio app is told its port when it is started.

    Raises:
        InvalidRegistryError: it listens elsewhere.
    """
    front = source.front_matter
    if front.sdk is Sdk.STREAMLIT and space.port != STREAMLIT_PORT:
        raise InvalidRegistryError(
            f"{source.place_of('sdk')}: a Space of the SDK streamlit listens on port {STREAMLIT_PORT},"
            f" and its entry in the registry says {space.port}",
            hint=f"write port: {STREAMLIT_PORT} in the registry",
        )
    if front.sdk in {Sdk.DOCKER, Sdk.STATIC} and front.app_port != space.port:
        raise InvalidRegistryError(
            f"{source.place_of('app_port')}: the Space listens on port {front.app_port},"
            f" and its entry in the registry says {space.port}",
            hint="give port in the registry and app_port in README.md (7860 where it is missing) the same number",
        )


def _static_server() -> StaticServer:
    folder = bundled_registry_directory() / "static"
    return StaticServer(
        script=read_source_file(folder / "serve.py"), requirements=read_source_file(folder / "requirements.txt")
    )


def _dockerfile_of(source: SpaceSource) -> str:
    """Return the text of the Dockerfile of `source`.

    Raises:
        InvalidRegistryError: there is none, or it cannot be read.
    """
    check_dockerfile_is_there(source)
    path = source.folder / DOCKERFILE
    try:
        with source.files[DOCKERFILE].path.open("rb") as file:
            content = file.read(_MAX_DOCKERFILE_BYTES + 1)
        if len(content) > _MAX_DOCKERFILE_BYTES:
            raise InvalidRegistryError(f"{path}:1:1: is larger than {_MAX_DOCKERFILE_BYTES // 1024} KiB")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRegistryError(f"{path}:1:1: is not UTF-8 (byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise InvalidRegistryError(f"{path}:1:1: cannot be read: {error.strerror}") from error

"""Finds out where a Space's image comes from: pulled under its name, or built from its folder."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.image import BuildPlan, ImageSource
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN, STREAMLIT_PORT, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.images.base_name import PYTHON_VERSION, gives_python
from hf_spaces_runner.images.older_packages import moment_of
from hf_spaces_runner.planning.build_docker import DOCKERFILE, asks_for_base_image, check_dockerfile_is_there
from hf_spaces_runner.planning.build_plan import plan_build
from hf_spaces_runner.planning.build_static import StaticServer
from hf_spaces_runner.planning.builder import TRAITS
from hf_spaces_runner.planning.hub_login import login_environment
from hf_spaces_runner.planning.plan import image_source_of
from hf_spaces_runner.planning.preload import HubAccess, Preloading
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import (
    find_constraints,
    read_source_file,
    read_space_source,
    refuse_links_out,
)

_MAX_DOCKERFILE_BYTES = 64 * 1024
_ANY_BASE = "any:1"
"""Stands for a base image as long as nobody needs it."""


def find_image_source(
    space: Space,
    *,
    image_registry: str,
    ca_bundle: Path | None,
    snapshots: Snapshots,
    base_image: Callable[[str], str],
    base_here: Callable[[str], str | None] = lambda _: None,
    node_image: Callable[[str], str | None] = lambda _: None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    builder: Builder = Builder.CLASSIC,
    hub: HubAccess | None = None,
    as_of: AsOf | None = None,
) -> ImageSource:
    """Return where the image of `space` comes from.

    `base_image` gives the one to build on for a version of Python, got or made where it must be, `base_here` one that
    will do and is here already, and `node_image` the one that makes pages beside it, or None for Debian's Node.js on
    it. `variables` and `secrets` are those of the Space: a Dockerfile may ask for them. `builder` is the Hub's that is
    followed, and `hub` says how a build asks the Hub. `as_of` is the day whose packages are taken.

    Raises:
        InvalidRegistryError: its source cannot be read, or asks for what cannot be built.
        UsageError: `as_of` is the day of the last commit, and nobody knows that.
    """
    if space.source is None:
        return image_source_of(space, image_registry)
    source = read_space_source(space.source, snapshots, was_pushed=space.commit is not None)
    front = source.front_matter
    if space.origin == FOLDER_ORIGIN:
        refuse_links_out(source)
    _check_port(source, space)
    dockerfile = _dockerfile_of(source) if front.sdk is Sdk.DOCKER else ""
    # A Dockerfile mostly names what it builds on, and then no base image has to be got or made.
    needs_base = front.sdk is not Sdk.DOCKER or asks_for_base_image(dockerfile)
    python_version = _python_version(front, builder)
    before = None if as_of is None else moment_of(as_of, space)
    constraints = find_constraints(bundled_registry_directory() / "constraints", front.sdk, front.sdk_version)

    def plan_on(base: str, node: str | None) -> BuildPlan:
        return plan_build(
            source,
            space_id=space.id,
            repository=split_image_reference(space.docker_image).repository,
            base_image=base,
            constraints=constraints,
            ca_bundle=ca_bundle,
            dockerfile=dockerfile,
            static_server=_static_server(node) if front.sdk is Sdk.STATIC else None,
            variables=variables,
            secrets=secrets,
            builder=builder,
            preloading=_preloading(front, hub or HubAccess()),
            before=before,
        )

    base = base_here(python_version) if needs_base else ""
    if base is None:
        plan_on(_ANY_BASE, None)  # what is wrong with the source is told before a base image is got or made
        base = base_image(python_version)
    build = plan_on(base, node_image(base) if front.app_build_command and front.sdk is Sdk.STATIC else None)
    build = replace(build, warnings=(*build.warnings, *_warnings(front, base, python_version)))
    return ImageSource(
        reference=build.tag, build=_naming_its_commit(build, space), environment=login_environment(front)
    )


def _naming_its_commit(build: BuildPlan, space: Space) -> BuildPlan:
    """Return `build` with the labels that say which commit of the Hub it is made of (OCI image spec, "Annotations")."""
    if space.commit is None:
        return build
    labels = {
        "org.opencontainers.image.source": f"https://huggingface.co/spaces/{space.commit.hub_id}",
        "org.opencontainers.image.revision": space.commit.sha,
    }
    return replace(build, labels={**build.labels, **labels})


def _python_version(front: FrontMatter, builder: Builder) -> str:
    # The Python of a static Space is that of the server, which is ours.
    asked = front.python_version if front.sdk is not Sdk.STATIC else None
    return asked or TRAITS[builder if front.sdk is Sdk.GRADIO else Builder.CLASSIC].python_version


def _warnings(front: FrontMatter, base: str, python_version: str) -> Iterator[str]:
    """Yield what the image will not be as it was asked for."""
    if base and not gives_python(base, python_version):
        who = "README.md" if front.python_version else "the builder"
        here = f"the base image {base} has {PYTHON_VERSION}"
        yield f"{who} asks for Python {python_version}, and {here}; the setting base_image names another"
    if front.preload_from_hub and front.sdk is Sdk.DOCKER:
        yield "preload_from_hub: for the SDK docker nothing is fetched here; its Dockerfile may do it"


def _preloading(front: FrontMatter, hub: HubAccess) -> Preloading | None:
    if not front.preload_from_hub or front.sdk not in {Sdk.GRADIO, Sdk.STREAMLIT}:
        return None
    folder = bundled_registry_directory() / "preload"
    return Preloading(
        items=front.preload_from_hub,
        fetch=read_source_file(folder / "fetch.py"),
        start=read_source_file(folder / "start.py"),
        hub=hub,
    )


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


def _static_server(node_image: str | None) -> StaticServer:
    folder = bundled_registry_directory() / "static"
    return StaticServer(
        script=read_source_file(folder / "serve.py"),
        requirements=read_source_file(folder / "requirements.txt"),
        node_image=node_image,
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

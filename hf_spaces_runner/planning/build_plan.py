"""Decides how the image of a Space is built from its source: by the SDK that its README.md names."""

from pathlib import Path
from typing import assert_never

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_docker import plan_docker_build
from hf_spaces_runner.planning.build_gradio import plan_gradio_build
from hf_spaces_runner.planning.build_static import StaticServer, plan_static_build
from hf_spaces_runner.planning.build_streamlit import plan_streamlit_build


def plan_build(
    source: SpaceSource,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None = None,
    ca_bundle: Path | None = None,
    dockerfile: str = "",
    static_server: StaticServer | None = None,
) -> BuildPlan:
    """Return how the image of the Space `space_id` is built from `source`.

    Args:
        source: what the Space's folder holds.
        space_id: goes into the label `hf-spaces-runner.space`.
        repository: the image's name without a tag; the tag is the hash of all that decides its content.
        base_image: what it is built on: Debian or Ubuntu with python3 and venv. The SDK docker has it as the build
            argument BASE_IMAGE, where its Dockerfile begins with that.
        constraints: pins for the SDK's own dependencies.
        ca_bundle: CA certificates that pip trusts during the build. They change how the image is made and not what
            it does, so the hash leaves them out.
        dockerfile: the text of the Space's own Dockerfile, for the SDK docker.
        static_server: what serves the files, for the SDK static.

    Raises:
        InvalidRegistryError: the source asks for something that cannot be.
    """
    match source.front_matter.sdk:
        case Sdk.GRADIO:
            return plan_gradio_build(
                source,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                constraints=constraints,
                ca_bundle=ca_bundle,
            )
        case Sdk.DOCKER:
            return plan_docker_build(
                source,
                dockerfile,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                ca_bundle=ca_bundle,
            )
        case Sdk.STREAMLIT:
            return plan_streamlit_build(
                source,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                constraints=constraints,
                ca_bundle=ca_bundle,
            )
        case Sdk.STATIC:
            if static_server is None:
                raise InvalidRegistryError(f"{source.folder}: a static Space cannot be built without a server for it")
            return plan_static_build(
                source,
                static_server,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                ca_bundle=ca_bundle,
            )
        case _:
            assert_never(source.front_matter.sdk)

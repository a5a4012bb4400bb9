"""Decides how the image of a Space is built from its source: by the SDK that its README.md names."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import assert_never

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_docker import plan_docker_build
from hf_spaces_runner.planning.build_files import with_links_and_notes
from hf_spaces_runner.planning.build_gradio import plan_gradio_build
from hf_spaces_runner.planning.build_static import StaticServer, plan_static_build
from hf_spaces_runner.planning.build_streamlit import plan_streamlit_build
from hf_spaces_runner.planning.preload import Preloading


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
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, Secret] | None = None,
    builder: Builder = Builder.CLASSIC,
    preloading: Preloading | None = None,
    before: datetime | None = None,
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
        variables: those of the Space; the SDK docker has them as build arguments, where its Dockerfile declares them.
        secrets: those that were given; the SDK docker has those that its Dockerfile mounts.
        builder: which of the Hub's builders is followed, for the SDK gradio.
        preloading: what `preload_from_hub` asks for, for the SDKs gradio and streamlit.
        before: packages that were uploaded then (UTC) or later do not exist, and `constraints` do not count, for the
            SDKs gradio and streamlit.

    Raises:
        InvalidRegistryError: the source asks for something that cannot be.
    """
    match source.front_matter.sdk:
        case Sdk.GRADIO:
            plan = plan_gradio_build(
                source,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                constraints=constraints,
                ca_bundle=ca_bundle,
                builder=builder,
                preloading=preloading,
                before=before,
            )
        case Sdk.DOCKER:
            plan = plan_docker_build(
                source,
                dockerfile,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                ca_bundle=ca_bundle,
                variables=variables,
                secrets=secrets,
            )
        case Sdk.STREAMLIT:
            plan = plan_streamlit_build(
                source,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                constraints=constraints,
                ca_bundle=ca_bundle,
                preloading=preloading,
                before=before,
            )
        case Sdk.STATIC:
            if static_server is None:
                raise InvalidRegistryError(f"{source.folder}: a static Space cannot be built without a server for it")
            plan = plan_static_build(
                source,
                static_server,
                space_id=space_id,
                repository=repository,
                base_image=base_image,
                ca_bundle=ca_bundle,
            )
        case _:
            assert_never(source.front_matter.sdk)
    return with_links_and_notes(plan, source)

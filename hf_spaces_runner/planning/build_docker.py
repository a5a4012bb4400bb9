"""Decides how the image of a Space of the SDK docker is built: by its own Dockerfile, with a few lines of ours in it.

Facts: hf-spaces.md, section 2. What we add: a label on every stage, so that what an unfinished build leaves is known;
the CA bundle; and at the end the Hub's user, unless the Dockerfile names another that is not root.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space_source import SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_buildkit import (
    given_secrets,
    missing_secrets,
    needs_of,
    secret_mounts,
    without_frontend,
)
from hf_spaces_runner.planning.build_marks import (
    CA_BUNDLE,
    CA_BUNDLE_FILE,
    DEFAULT_PYTHON_VERSION,
    UNFINISHED,
    ca_image_name,
    digest_of,
    labels_of,
    tag_of,
)
from hf_spaces_runner.planning.dockerfile import (
    Dockerfile,
    Stage,
    declared_arguments,
    is_built_on_argument,
    read_dockerfile,
)
from hf_spaces_runner.planning.foreign_images import check_foreign_images

DOCKERFILE = "Dockerfile"
BASE_IMAGE_ARGUMENT = "BASE_IMAGE"
"""A Dockerfile that has this argument before FROM ${BASE_IMAGE} is built on the base image of the settings."""
HUB_USER = "1000"
"""The UID that the Hub runs Spaces of this SDK as."""

# Those that the engine knows without an ARG. They say how the build gets out and not what it makes.
# Source: https://docs.docker.com/reference/dockerfile/#predefined-args
_PREDEFINED_ARGUMENTS = frozenset(
    {f"{scheme}_PROXY" for scheme in ("HTTP", "HTTPS", "FTP", "NO", "ALL")}
    | {f"{scheme}_proxy" for scheme in ("http", "https", "ftp", "no", "all")}
)

# pip, then OpenSSL and what is built on it, then requests, then Node.
_TRUST_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")


def asks_for_base_image(dockerfile: str) -> bool:
    """Return whether the build argument BASE_IMAGE decides what `dockerfile` begins with."""
    return is_built_on_argument(read_dockerfile(dockerfile), BASE_IMAGE_ARGUMENT)


def plan_docker_build(
    source: SpaceSource,
    dockerfile: str,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    ca_bundle: Path | None,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, Secret] | None = None,
) -> BuildPlan:
    """Return how the image of a Space of the SDK docker is built; for the arguments see `plan_build`.

    `base_image` counts only where `asks_for_base_image`; else the Dockerfile says what it builds on. Of
    `variables` the engine gets those that an ARG declares; it finds fault with others.

    Raises:
        InvalidRegistryError: there is no Dockerfile, or it cannot be built; the message names file:line:column.
    """
    check_dockerfile_is_there(source)
    path = source.folder / DOCKERFILE
    variables = variables or {}
    declared = declared_arguments(read_dockerfile(dockerfile))
    given = {BASE_IMAGE_ARGUMENT: base_image} if asks_for_base_image(dockerfile) else {}
    given |= {name: value for name, value in sorted(variables.items()) if name in declared}
    read = read_dockerfile(dockerfile, given)
    _check(read, path)
    check_foreign_images(read, path, given, given.get(BASE_IMAGE_ARGUMENT))
    # No secret decides the hash, since whoever sees the tag could try out what it was.
    digest = digest_of([_text(read), source.sha256, json.dumps(given)])
    mounts = secret_mounts(read, path)
    # In the context, `COPY . .` would take it along.
    ca_image = None if ca_bundle is None else ca_image_name(ca_bundle)
    # The Space's files are the context; only its Dockerfile is replaced, by the one of the plan.
    files = {name: file.path for name, file in source.files.items() if name != DOCKERFILE}
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=given.get(BASE_IMAGE_ARGUMENT) or _first_image(read, path),
        python_version=source.front_matter.python_version or DEFAULT_PYTHON_VERSION,
        dockerfile=_text(read, ca_image),
        files=files,
        ca_bundle=None if ca_bundle is None or ca_image is None else (ca_image, ca_bundle),
        labels=labels_of(space_id, digest),
        build_arguments={name: value for name, value in variables.items() if name in _PREDEFINED_ARGUMENTS} | given,
        buildkit_dockerfile=without_frontend(_text(read, ca_image)),
        needs=needs_of(read, path),
        cache_space=repository,
        secrets=given_secrets(mounts, secrets or {}),
        missing_secrets=missing_secrets(mounts, secrets or {}),
        warnings=(f"{path} ends as root; on the Hub it runs as UID {HUB_USER}, so it does here",)
        if _ends_as_root(read)
        else (),
    )


def check_dockerfile_is_there(source: SpaceSource) -> None:
    """Do nothing if the folder has a Dockerfile.

    Raises:
        InvalidRegistryError: it has none, or one that is not part of the image.
    """
    if DOCKERFILE not in source.files:
        raise InvalidRegistryError(
            f"{source.place_of('sdk')}: it is docker, but there is no Dockerfile here",
            hint=f"add {source.folder / DOCKERFILE}, or correct sdk in README.md",
        )


def _text(read: Dockerfile, ca_image: str | None = None) -> str:
    after: dict[int, tuple[str, ...]] = {stage.instruction.last_line: _after_from(ca_image) for stage in read.stages}
    lines = [added for number, line in enumerate(read.lines, start=1) for added in (line, *after.get(number, ()))]
    if read.stages[-1].user is None or _ends_as_root(read):
        lines.append(f"USER {HUB_USER}")
    return "\n".join(lines) + "\n"


def _ends_as_root(read: Dockerfile) -> bool:
    user = (read.stages[-1].user or "").strip("\"'").partition(":")[0]
    return user in {"root", "0"}


def _after_from(ca_image: str | None) -> tuple[str, ...]:
    label = f'LABEL {LABEL}.built="{UNFINISHED}"'
    if ca_image is None:
        return (label,)
    # Arguments reach the commands of the build and not the finished image; each stage needs its own.
    trust = (f"ARG {name}={CA_BUNDLE}" for name in _TRUST_VARIABLES)
    return (label, f"COPY --from={ca_image} /{CA_BUNDLE_FILE} {CA_BUNDLE}", *trust)


def _check(read: Dockerfile, path: Path) -> None:
    if not read.stages:
        raise InvalidRegistryError(f"{path}:1:1: has no FROM, so there is nothing to build on")
    if read.ends_inside:
        last = read.instructions[-1]
        raise InvalidRegistryError(f"{path}:{last.last_line}:1: the file ends in the middle of {last.keyword}")
    for stage in read.stages:
        _check_image(stage, path)


def _check_image(stage: Stage, path: Path) -> None:
    where = f"{path}:{stage.instruction.line}:{stage.instruction.column}"
    if not stage.image:
        raise InvalidRegistryError(f"{where}: FROM {stage.instruction.text}: names no image")
    try:
        split_image_reference(stage.image)
    except ValueError as error:
        raise InvalidRegistryError(f"{where}: FROM {stage.image}: {error}") from error


def _first_image(read: Dockerfile, path: Path) -> str:
    """Return the first image that the engine must have, as it is pulled; the engine gets the others itself."""
    image = next((stage.image for stage in read.stages if stage.is_external), None)
    if image is None:
        first = read.stages[0].instruction
        raise InvalidRegistryError(
            f"{path}:{first.line}:{first.column}: FROM scratch: a Space on no image at all cannot be built yet"
        )
    name = split_image_reference(image)
    return image if name.tag or name.digest else f"{image}:latest"

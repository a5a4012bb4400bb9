"""Decides how the image of a Space of the SDK docker is built: by its own Dockerfile, with a few lines of ours in it.

Facts: hf-spaces.md, section 2. What we add: a label on every stage, so that what an unfinished build leaves is known;
the CA bundle; and at the end the Hub's user, unless the Dockerfile names one.
"""

import json
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.space_source import SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import (
    CA_BUNDLE,
    DEFAULT_PYTHON_VERSION,
    UNFINISHED,
    digest_of,
    labels_of,
    tag_of,
)
from hf_spaces_runner.planning.dockerfile import Dockerfile, Stage, is_built_on_argument, read_dockerfile

DOCKERFILE = "Dockerfile"
BASE_IMAGE_ARGUMENT = "BASE_IMAGE"
"""A Dockerfile that has this argument before FROM ${BASE_IMAGE} is built on the base image of the settings."""
HUB_USER = "1000"
"""The UID that the Hub runs Spaces of this SDK as."""

_OWN_FOLDER = ".hf-spaces-runner"
_CA_BUNDLE_IN_CONTEXT = f"{_OWN_FOLDER}/ca-bundle.crt"
# pip, then OpenSSL and what is built on it, then requests, then Node.
_TRUST_VARIABLES = ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
_BUILDKIT_FLAGS = {
    "RUN": frozenset({"--mount", "--network", "--security"}),
    "COPY": frozenset({"--chmod", "--link", "--parents", "--exclude"}),
    "ADD": frozenset({"--chmod", "--link", "--checksum", "--keep-git-dir", "--exclude"}),
}
_BUILDKIT_HINT = (
    "write that step without BuildKit, or build the image elsewhere and name it with docker_image in the registry"
)


def asks_for_base_image(dockerfile: str) -> bool:
    """Return whether the build argument BASE_IMAGE decides what `dockerfile` begins with."""
    return is_built_on_argument(read_dockerfile(dockerfile), BASE_IMAGE_ARGUMENT)


def build_arguments(plan: BuildPlan) -> dict[str, str]:
    """Return the build arguments (`--build-arg`) that `plan` is carried out with."""
    return {BASE_IMAGE_ARGUMENT: plan.base_image} if asks_for_base_image(plan.dockerfile) else {}


def plan_docker_build(
    source: SpaceSource,
    dockerfile: str,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    ca_bundle: Path | None,
) -> BuildPlan:
    """Return how the image of a Space of the SDK docker is built; for the arguments see `plan_build`.

    `base_image` counts only where `asks_for_base_image`; else the Dockerfile says what it builds on.

    Raises:
        InvalidRegistryError: there is no Dockerfile, or it cannot be built; the message names file:line:column.
    """
    check_dockerfile_is_there(source)
    path = source.folder / DOCKERFILE
    given = {BASE_IMAGE_ARGUMENT: base_image} if asks_for_base_image(dockerfile) else {}
    read = read_dockerfile(dockerfile, given)
    _check(read, path)
    if ca_bundle is not None:
        _check_own_folder_is_free(source)
    digest = digest_of([_text(read, with_ca_bundle=False), source.sha256, json.dumps(given)])
    # The Space's files are the context; only its Dockerfile is replaced, by the one of the plan.
    files = {name: file.path for name, file in source.files.items() if name != DOCKERFILE}
    if ca_bundle is not None:
        files[_CA_BUNDLE_IN_CONTEXT] = ca_bundle
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=given.get(BASE_IMAGE_ARGUMENT) or _first_image(read, path),
        python_version=source.front_matter.python_version or DEFAULT_PYTHON_VERSION,
        dockerfile=_text(read, with_ca_bundle=ca_bundle is not None),
        files=files,
        labels=labels_of(space_id, digest),
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


def _text(read: Dockerfile, *, with_ca_bundle: bool) -> str:
    after: dict[int, tuple[str, ...]] = {
        stage.instruction.last_line: _after_from(with_ca_bundle=with_ca_bundle) for stage in read.stages
    }
    lines = [added for number, line in enumerate(read.lines, start=1) for added in (line, *after.get(number, ()))]
    if read.stages[-1].user is None:
        lines.append(f"USER {HUB_USER}")
    return "\n".join(lines) + "\n"


def _after_from(*, with_ca_bundle: bool) -> tuple[str, ...]:
    label = f'LABEL {LABEL}.built="{UNFINISHED}"'
    if not with_ca_bundle:
        return (label,)
    # Arguments reach the commands of the build and not the finished image; each stage needs its own.
    trust = (f"ARG {name}={CA_BUNDLE}" for name in _TRUST_VARIABLES)
    return (label, f"COPY {_CA_BUNDLE_IN_CONTEXT} {CA_BUNDLE}", *trust)


def _check(read: Dockerfile, path: Path) -> None:
    if not read.stages:
        raise InvalidRegistryError(f"{path}:1:1: has no FROM, so there is nothing to build on")
    if read.ends_inside:
        last = read.instructions[-1]
        raise InvalidRegistryError(f"{path}:{last.last_line}:1: the file ends in the middle of {last.keyword}")
    for instruction in read.instructions:
        where = f"{path}:{instruction.line}:{instruction.column}"
        flag = min(_BUILDKIT_FLAGS.get(instruction.keyword, frozenset()) & instruction.flags.keys(), default=None)
        if flag is not None:
            raise InvalidRegistryError(f"{where}: {instruction.keyword} {flag} needs BuildKit", hint=_BUILDKIT_HINT)
        if instruction.keyword in _BUILDKIT_FLAGS and (end := read.heredoc(instruction)) is not None:
            raise InvalidRegistryError(
                f"{where}: {instruction.keyword} <<{end}, a heredoc, needs BuildKit", hint=_BUILDKIT_HINT
            )
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


def _check_own_folder_is_free(source: SpaceSource) -> None:
    taken = next((name for name in source.files if name.split("/", 1)[0].lower() == _OWN_FOLDER), None)
    if taken is not None:
        raise InvalidRegistryError(
            f"{source.folder / taken}:1:1: stands where the build puts its CA certificates",
            hint=f"give it a name that does not begin with {_OWN_FOLDER}",
        )


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

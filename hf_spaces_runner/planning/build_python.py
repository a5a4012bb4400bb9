"""Decides how the image of a Space of a Python SDK is built; the Dockerfile stays close to the Hub's own.

Facts: hf-spaces.md, section 2, the Hub's classic builder for Gradio. Two things differ on purpose. The SDK is installed
before what the Space asks for, not after it, so that all Spaces of one SDK version share that layer; its pin is
repeated where the requirements are installed, so it still wins. And everything goes into one virtual environment that
belongs to the Space's user, because Debian's own Python refuses other packages (PEP 668).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import (
    BUILD_FILES,
    CA_BUNDLE,
    DEFAULT_PYTHON_VERSION,
    UNFINISHED,
    digest_of,
    labels_of,
    tag_of,
)
from hf_spaces_runner.planning.pip_command import Pip

SOURCE_FOLDER = "source"
"""Where the Space's files lie in the build context; their own names never stand in the Dockerfile."""

APP = "/home/user/app"
"""Where the Space's files lie in the image, as on the Hub."""

_VENV = "/opt/venv"
# Debian policy 5.6.1 for the name, 5.6.12 for the version. Nothing that matches means anything to a shell.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[0-9][A-Za-z0-9.+~:-]*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonSdk:
    """What sets one Python SDK apart: its package, what is installed beside it, its environment, and how it starts.

    `title` is its name for people. The Space's own file stands between `starts_with` and `ends_with`. `port` is where
    it listens whatever `app_port` says, if it has such a port.
    """

    title: str
    package: str
    beside: tuple[str, ...]
    environment: Mapping[str, str]
    starts_with: tuple[str, ...]
    ends_with: tuple[str, ...] = ()
    port: int | None = None


def plan_python_build(
    source: SpaceSource,
    sdk: PythonSdk,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
) -> BuildPlan:
    """Return how the image of a Space of `sdk` is built; for the other arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    front = source.front_matter
    if front.sdk_version is None:
        raise InvalidRegistryError(f"{source.place_of('sdk_version')}: is missing, so no {sdk.title} is known")
    if front.app_file not in source.files:
        raise InvalidRegistryError(f"{source.place_of('app_file')}: there is no {front.app_file!r} here")
    packages = debian_packages(source.packages or "", source.folder / "packages.txt")
    # What decides the content, so without the CA bundle; only the text with it is built from.
    decisive = _dockerfile(source, sdk, base_image, packages, constraints, Pip())
    digest = digest_of([decisive, source.sha256, constraints.sha256 if constraints is not None else "", base_image])
    files: dict[str, Path] = {f"{SOURCE_FOLDER}/{name}": file.path for name, file in source.files.items()}
    if constraints is not None:
        files["constraints.txt"] = constraints.path
    if ca_bundle is not None:
        files["ca-bundle.crt"] = ca_bundle
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=base_image,
        python_version=front.python_version or DEFAULT_PYTHON_VERSION,
        dockerfile=_dockerfile(
            source, sdk, base_image, packages, constraints, Pip(with_ca_bundle=ca_bundle is not None)
        ),
        files=files,
        labels=labels_of(space_id, digest),
    )


def debian_packages(text: str, path: Path) -> tuple[str, ...]:
    """Return the Debian packages that `text`, the content of a packages.txt, lists; `#` begins a comment.

    Raises:
        InvalidRegistryError: a word is no package name; the message names file:line:column.
    """
    packages: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        for word in re.finditer(r"\S+", line.partition("#")[0]):
            if not _PACKAGE.fullmatch(word.group()):
                raise InvalidRegistryError(
                    f"{path}:{number}:{word.start() + 1}: {word.group()!r} is not the name of a Debian package"
                )
            packages.append(word.group())
    return tuple(packages)


def _dockerfile(
    source: SpaceSource,
    sdk: PythonSdk,
    base_image: str,
    packages: tuple[str, ...],
    constraints: SourceFile | None,
    pip: Pip,
) -> str:
    pin = f"{sdk.package}=={source.front_matter.sdk_version}"
    constrained = ("--constraint", f"{BUILD_FILES}/constraints.txt") if constraints is not None else ()
    lines = first_lines(base_image, sdk.environment, with_ca_bundle=pip.with_ca_bundle)
    if constraints is not None:
        lines.append(copied("constraints.txt", f"{BUILD_FILES}/constraints.txt"))
    lines.append(pip.install(*constrained, pin, *sdk.beside))
    if packages:
        lines += [
            "USER root",
            "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
            + " ".join(packages)
            + " && rm -rf /var/lib/apt/lists/*",
            "USER user",
        ]
    for name, text in (("pre-requirements.txt", source.pre_requirements), ("requirements.txt", source.requirements)):
        if text is not None and text.strip():
            lines.append(copied(f"{SOURCE_FOLDER}/{name}", f"{BUILD_FILES}/{name}"))
            lines.append(pip.install("--requirement", f"{BUILD_FILES}/{name}", pin))
    lines += [
        # Old Gradio writes into the work directory, so it and all in it belong to the user.
        copied(f"{SOURCE_FOLDER}/", f"{APP}/"),
        f"EXPOSE {sdk.port or source.front_matter.app_port}",
        f"CMD {json.dumps([*sdk.starts_with, source.front_matter.app_file, *sdk.ends_with])}",
    ]
    return "\n".join(lines) + "\n"


def first_lines(base_image: str, environment: Mapping[str, str], *, with_ca_bundle: bool) -> list[str]:
    """Return the lines that every image begins with: the Hub's user, and a virtual environment of its own."""
    lines = [
        f"FROM {base_image}",
        f'LABEL {LABEL}.built="{UNFINISHED}"',
        "ENV " + _pairs(environment),
        f"RUN useradd --create-home --uid 1000 user && mkdir -p {APP} {_VENV} && chown user:user {APP} {_VENV}",
    ]
    if with_ca_bundle:
        lines.append(copied("ca-bundle.crt", CA_BUNDLE))
    return [*lines, "USER user", f"WORKDIR {APP}", f"RUN python3 -m venv {_VENV}", f'ENV PATH="{_VENV}/bin:$PATH"']


def copied(source: str, target: str) -> str:
    """Return the line that copies `source` of the build context to `target`, for the Space's user."""
    return f"COPY --chown=1000:1000 {json.dumps([source, target])}"


def _pairs(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(values.items()))

"""Decides how the image of a Gradio Space is built; the Dockerfile stays close to the Hub's own.

Facts: hf-spaces.md, section 2, the Hub's classic builder for Gradio. Two things differ on purpose. The SDK is installed
before what the Space asks for, not after it, so that all Spaces of one SDK version share that layer; its pin is
repeated where the requirements are installed, so it still wins. And everything goes into one virtual environment that
belongs to the Space's user, because Debian's own Python refuses other packages (PEP 668).
"""

import json
import re
from collections.abc import Mapping
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

SOURCE_FOLDER = "source"
"""Where the Space's files lie in the build context; their own names never stand in the Dockerfile."""

_APP = "/home/user/app"
_VENV = "/opt/venv"
# Debian policy 5.6.1 for the name, 5.6.12 for the version. Nothing that matches means anything to a shell.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[0-9][A-Za-z0-9.+~:-]*)?")
_ENVIRONMENT = {
    "GRADIO_ALLOW_FLAGGING": "never",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_NUM_PORTS": "1",
    "GRADIO_SERVER_NAME": "0.0.0.0",  # noqa: S104 - all interfaces of the container
    "GRADIO_SSR_MODE": "False",
    "GRADIO_THEME": "huggingface",
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "SYSTEM": "spaces",
}
_PIP = "python -m pip install --no-cache-dir --disable-pip-version-check --no-input --progress-bar off"


def plan_gradio_build(
    source: SpaceSource,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
) -> BuildPlan:
    """Return how the image of a Gradio Space is built; for the arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    if source.sdk_version is None:
        raise InvalidRegistryError(f"{source.folder / 'README.md'}:2:1: sdk_version: is missing, so no Gradio is known")
    if source.app_file not in source.files:
        raise InvalidRegistryError(f"{source.folder / 'README.md'}:2:1: app_file: there is no {source.app_file!r} here")
    packages = debian_packages(source.packages or "", source.folder / "packages.txt")
    # What decides the content, so without the CA bundle; only the text with it is built from.
    decisive = _dockerfile(source, base_image, packages, constraints, with_ca_bundle=False)
    digest = digest_of([decisive, source.sha256, constraints.sha256 if constraints is not None else "", base_image])
    files: dict[str, Path] = {f"{SOURCE_FOLDER}/{name}": file.path for name, file in source.files.items()}
    if constraints is not None:
        files["constraints.txt"] = constraints.path
    if ca_bundle is not None:
        files["ca-bundle.crt"] = ca_bundle
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=base_image,
        python_version=source.python_version or DEFAULT_PYTHON_VERSION,
        dockerfile=_dockerfile(source, base_image, packages, constraints, with_ca_bundle=ca_bundle is not None),
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
    base_image: str,
    packages: tuple[str, ...],
    constraints: SourceFile | None,
    *,
    with_ca_bundle: bool,
) -> str:
    pin = f"gradio=={source.sdk_version}"
    # Only for the commands of the build: in the image's own environment it would outlive them.
    trust = f"PIP_CERT={CA_BUNDLE} SSL_CERT_FILE={CA_BUNDLE} " if with_ca_bundle else ""
    constrained = f" --constraint {BUILD_FILES}/constraints.txt" if constraints is not None else ""
    lines = [
        f"FROM {base_image}",
        f'LABEL {LABEL}.built="{UNFINISHED}"',
        "ENV " + _pairs(_ENVIRONMENT),
        f"RUN useradd --create-home --uid 1000 user && mkdir -p {_APP} {_VENV} && chown user:user {_APP} {_VENV}",
    ]
    if with_ca_bundle:
        lines.append(_copy("ca-bundle.crt", CA_BUNDLE))
    lines += ["USER user", f"WORKDIR {_APP}", f"RUN python3 -m venv {_VENV}", f'ENV PATH="{_VENV}/bin:$PATH"']
    if constraints is not None:
        lines.append(_copy("constraints.txt", f"{BUILD_FILES}/constraints.txt"))
    lines.append(f"RUN {trust}{_PIP}{constrained} {pin} uvicorn websockets")
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
            lines.append(_copy(f"{SOURCE_FOLDER}/{name}", f"{BUILD_FILES}/{name}"))
            lines.append(f"RUN {trust}{_PIP} --requirement {BUILD_FILES}/{name} {pin}")
    lines += [
        # Old Gradio writes into the work directory, so it and all in it belong to the user.
        _copy(f"{SOURCE_FOLDER}/", f"{_APP}/"),
        f"EXPOSE {source.app_port}",
        f"CMD {json.dumps(['python', source.app_file])}",
    ]
    return "\n".join(lines) + "\n"


def _copy(source: str, target: str) -> str:
    return f"COPY --chown=1000:1000 {json.dumps([source, target])}"


def _pairs(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(values.items()))

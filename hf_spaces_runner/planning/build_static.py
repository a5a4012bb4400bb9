"""Decides how the image of a static Space is built: its files, and a small server for them.

Facts: hf-spaces.md, section 2. The server is `registry/static/serve.py`, a few lines over Starlette's StaticFiles.
Pages that a command makes are made in a stage of their own, see `build_pages`.
"""

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import (
    BUILD_FILES,
    DEFAULT_PYTHON_VERSION,
    copied,
    digest_of,
    labels_of,
    tag_of,
)
from hf_spaces_runner.planning.build_pages import NO_NODE_IMAGE, page_stage, pages_from_stage
from hf_spaces_runner.planning.build_python import APP, SOURCE_FOLDER, first_lines
from hf_spaces_runner.planning.pip_command import Pip

_ENVIRONMENT = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "SYSTEM": "spaces"}
_SERVER = f"{BUILD_FILES}/serve.py"
_REQUIREMENTS = f"{BUILD_FILES}/requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticServer:
    """What serves the files of a static Space: a script, and the packages that it needs.

    `node_image` is the image that `app_build_command` runs in; None where that is Debian's Node.js on the base image.
    """

    script: SourceFile
    requirements: SourceFile
    node_image: str | None = None


def plan_static_build(
    source: SpaceSource,
    server: StaticServer,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    ca_bundle: Path | None,
) -> BuildPlan:
    """Return how the image of a static Space is built; for the arguments see `plan_build`.

    Raises:
        InvalidRegistryError: it has no page.
    """
    _check_page(source)
    is_built = bool(source.front_matter.app_build_command)
    pip = Pip(with_ca_bundle=ca_bundle is not None)
    decisive = _dockerfile(source, server, base_image, Pip())
    own = (server.script.sha256, server.requirements.sha256)
    digest = digest_of([decisive, source.sha256, *own, base_image])
    files: dict[str, Path] = {f"{SOURCE_FOLDER}/{name}": file.path for name, file in source.files.items()}
    files |= {"serve.py": server.script.path, "requirements.txt": server.requirements.path}
    if ca_bundle is not None:
        files["ca-bundle.crt"] = ca_bundle
    return BuildPlan(
        tag=tag_of(repository, digest),
        base_image=base_image,
        python_version=DEFAULT_PYTHON_VERSION,
        dockerfile=_dockerfile(source, server, base_image, pip),
        files=files,
        labels=labels_of(space_id, digest),
        buildkit_dockerfile=_dockerfile(source, server, base_image, pip.cached_for(repository)),
        warnings=(NO_NODE_IMAGE,) if is_built and server.node_image is None else (),
    )


def _check_page(source: SpaceSource) -> None:
    front = source.front_matter
    path = PurePosixPath(front.app_file)
    if path.is_absolute() or ".." in path.parts:
        raise InvalidRegistryError(
            f"{source.place_of('app_file')}: {front.app_file!r} leads out of the folder",
            hint="name the page by its path below the folder, such as dist/index.html",
        )
    if not front.app_build_command and front.app_file not in source.files:
        raise InvalidRegistryError(
            f"{source.place_of('app_file')}: there is no {front.app_file!r} here",
            hint=f"add {front.app_file}, or name the page in app_file",
        )


def _dockerfile(source: SpaceSource, server: StaticServer, base_image: str, pip: Pip) -> str:
    front = source.front_matter
    made = page_stage(source, server.node_image, base_image, with_ca_bundle=pip.with_ca_bundle)
    command = ["python", _SERVER, "--root", APP, f"--app-file={front.app_file}", "--port", f"{front.app_port}"]
    command += [f"--header={name}: {value}" for name, value in sorted(front.custom_headers.items())]
    lines = [
        *made,
        *first_lines(base_image, _ENVIRONMENT, with_ca_bundle=pip.with_ca_bundle),
        copied("requirements.txt", _REQUIREMENTS),
        pip.install("--requirement", _REQUIREMENTS, ours=True),
        copied("serve.py", _SERVER),
        pages_from_stage() if made else copied(f"{SOURCE_FOLDER}/", f"{APP}/"),
        f"EXPOSE {front.app_port}",
        f"CMD {json.dumps(command)}",
    ]
    return "\n".join(lines) + "\n"

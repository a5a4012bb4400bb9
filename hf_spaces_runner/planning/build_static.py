"""Decides how the image of a static Space is built: its files, and a small server for them.

Facts: hf-spaces.md, section 2. The server is `registry/static/serve.py`, a few lines over Starlette's StaticFiles.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.build_marks import BUILD_FILES, DEFAULT_PYTHON_VERSION, digest_of, labels_of, tag_of
from hf_spaces_runner.planning.build_python import APP, SOURCE_FOLDER, copied, first_lines
from hf_spaces_runner.planning.pip_command import Pip

_ENVIRONMENT = {"LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "SYSTEM": "spaces"}
_SERVER = f"{BUILD_FILES}/serve.py"
_REQUIREMENTS = f"{BUILD_FILES}/requirements.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticServer:
    """What serves the files of a static Space: a script, and the packages that it needs."""

    script: SourceFile
    requirements: SourceFile


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
        InvalidRegistryError: it has no page, or one that must be built first.
    """
    page = _page(source)
    decisive = _dockerfile(source, page, base_image, Pip())
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
        dockerfile=_dockerfile(source, page, base_image, Pip(with_ca_bundle=ca_bundle is not None)),
        files=files,
        labels=labels_of(space_id, digest),
    )


def _page(source: SpaceSource) -> str:
    front = source.front_matter
    if front.app_build_command:
        raise InvalidRegistryError(
            f"{source.place_of('app_build_command')}: {front.app_build_command!r} cannot be run here yet",
            hint="build the pages yourself, remove app_build_command, and name the built page in app_file",
        )
    if front.app_file not in source.files:
        raise InvalidRegistryError(
            f"{source.place_of('app_file')}: there is no {front.app_file!r} here",
            hint=f"add {front.app_file}, or name the page in app_file",
        )
    return front.app_file


def _dockerfile(source: SpaceSource, page: str, base_image: str, pip: Pip) -> str:
    command = ["python", _SERVER, "--root", APP, f"--app-file={page}", "--port", f"{source.front_matter.app_port}"]
    lines = [
        *first_lines(base_image, _ENVIRONMENT, with_ca_bundle=pip.with_ca_bundle),
        copied("requirements.txt", _REQUIREMENTS),
        pip.install("--requirement", _REQUIREMENTS),
        copied("serve.py", _SERVER),
        copied(f"{SOURCE_FOLDER}/", f"{APP}/"),
        f"EXPOSE {source.front_matter.app_port}",
        f"CMD {json.dumps(command)}",
    ]
    return "\n".join(lines) + "\n"

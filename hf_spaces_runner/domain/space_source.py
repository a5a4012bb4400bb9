"""A Space's source folder as it was read: what it asks for, and the files that make it up."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.space import Sdk, Space

FOLDER_ORIGIN = "folder"
"""The origin of a Space that was named by its folder, `./my-space`, and stands in no registry."""
STREAMLIT_PORT = 8501
"""Where Streamlit listens on the Hub, whatever `app_port` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file on this disk with the sha256 (hexadecimal) of its content."""

    path: Path
    sha256: str
    executable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSource:
    """The source of a Space.

    `sdk` to `title` and `app_build_command` come from the front matter of its README.md. `requirements`,
    `pre_requirements` and `packages` are the texts of the files of those names, None where there is none. `files` maps
    paths inside the folder, with `/`, to what is copied into the image; `left_out` names what lies in the folder and is
    not copied. `sha256` covers names, contents and execute bits of `files`.
    """

    folder: Path
    sdk: Sdk
    sdk_version: str | None
    python_version: str | None
    app_file: str
    app_port: int
    title: str
    requirements: str | None
    pre_requirements: str | None
    packages: str | None
    files: Mapping[str, SourceFile]
    left_out: tuple[str, ...]
    sha256: str
    app_build_command: str | None = None


def word_for(space: Space) -> str:
    """Return what people type to name `space`: one that was named by its folder stands in no registry."""
    return shlex.quote(str(space.source)) if space.origin == FOLDER_ORIGIN else space.id

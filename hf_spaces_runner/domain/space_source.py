"""A Space's source folder as it was read: what it asks for, and the files that make it up."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.space import Space

FOLDER_ORIGIN = "folder"
"""The origin of a Space that was named by its folder, `./my-space`, and stands in no registry."""
STREAMLIT_PORT = 8501
"""Where Streamlit listens on the Hub, whatever `app_port` says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file on this disk with the sha256 (hexadecimal) of its content.

    For a symbolic link, `link` is what it says, and the hash is of that; `path` is that of the link itself.
    """

    path: Path
    sha256: str
    executable: bool = False
    link: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSource:
    """The source of a Space.

    `front_matter` is that of its README.md, without the keys that nobody here knows. `requirements`,
    `pre_requirements` and `packages` are the texts of the files of those names, None where there is none. `files` maps
    paths inside the folder, with `/`, to what is copied into the image; `left_out` names what lies in the folder and is
    not copied, `secrets` and `links_out` those of them that secrets may lie in, and symbolic links that are absolute or
    lead out of the folder. `sha256` covers names, contents, execute bits and links of `files`. `app_text` is what
    the app's own file says, empty where it is no Python or too long.
    """

    folder: Path
    front_matter: FrontMatter
    requirements: str | None
    pre_requirements: str | None
    packages: str | None
    files: Mapping[str, SourceFile]
    left_out: tuple[str, ...]
    sha256: str
    secrets: tuple[str, ...] = ()
    links_out: tuple[str, ...] = ()
    app_text: str = ""

    def place_of(self, key: str) -> str:
        """Return `file:line:column: key` for a message about that key of the front matter, which may be missing."""
        line = self.front_matter.lines.get(key) or self.front_matter.lines.get("sdk") or 2
        return f"{self.folder / 'README.md'}:{line}:1: {key}"


def word_for(space: Space) -> str:
    """Return what people type to name `space`: one that was named by its folder stands in no registry."""
    if space.commit is not None:
        return str(space.commit.reference)
    return shlex.quote(str(space.source)) if space.origin == FOLDER_ORIGIN else space.id

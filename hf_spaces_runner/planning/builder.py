"""Knows what sets the Hub's two builders of Gradio Spaces apart.

Facts: hf-spaces.md, section 2. Both differ from the Hub's in two things: what is installed belongs to a virtual
environment, because Debian's own Python refuses other packages (PEP 668), and no Space runs as root, though the Hub's
current builder makes images that do.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.planning.build_marks import DEFAULT_PYTHON_VERSION

HOME_APP = "/home/user/app"
"""Where the Space's files lie in the image, or what leads there, whoever built it."""

HUB_PACKAGES = ("git", "git-lfs", "ffmpeg", "libsm6", "libxext6", "cmake", "rsync", "libgl1")
"""The Debian packages that each image of the Hub has, beside those of its packages.txt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuilderTraits:
    """How a builder goes about it.

    `python_version` is that of Spaces that name none, `app` the folder of the Space's files. `packages` are installed
    for every Space; a builder with none installs those that the Space seems to need. In `one_call`, pip is given all
    requirements and the SDK together, so a pin of another version of the SDK fails; else the SDK of the front matter
    wins. `newest_pip`: pip is upgraded first. It refuses metadata that old packages have, so old builds go without.
    """

    python_version: str
    app: str
    packages: tuple[str, ...]
    one_call: bool
    newest_pip: bool


TRAITS: Mapping[Builder, BuilderTraits] = {
    Builder.CLASSIC: BuilderTraits(
        python_version=DEFAULT_PYTHON_VERSION, app=HOME_APP, packages=(), one_call=False, newest_pip=False
    ),
    Builder.CURRENT: BuilderTraits(
        python_version="3.13", app="/app", packages=HUB_PACKAGES, one_call=True, newest_pip=True
    ),
}

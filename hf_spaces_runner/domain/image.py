"""Container images: how one is to be had, and what is known of it once it is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """How an image is built from a Space's source, as data.

    `dockerfile` is the whole text. `files` maps paths in the build context to files on this disk. `base_image` is what
    the first line names, `python_version` the Python that it must have. `tag` carries the hash of all that decides the
    image's content, so an image of that tag never needs to be built again.
    """

    tag: str
    base_image: str
    python_version: str
    dockerfile: str
    files: Mapping[str, Path]
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where an image comes from: built by `build` where that is set, else pulled as `reference`.

    `reference` is complete: `host/name:tag` or `host/name@sha256:...`.
    """

    reference: str
    build: BuildPlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image on the engine. `digest` is the image registry's (`sha256:...`), None for one that was built here.

    `pulled_now` says that it was not here before it was asked for, so that nobody but us has it here.
    """

    id: str
    reference: str
    digest: str | None = None
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    working_directory: str = ""
    size_bytes: int = 0
    pulled_now: bool = field(default=False, compare=False)

"""Container images: how one is to be had, and what is known of it once it is here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hf_spaces_runner.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildkitNeed:
    """A step that only BuildKit can do: where it stands (file:line:column), what it is, the engine that first could."""

    place: str
    what: str
    engine: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """How an image is built from a Space's source, as data.

    `dockerfile` is the whole text. `files` maps paths in the build context to files on this disk, `links` to what
    symbolic links there say. `base_image` is what the first line names, `python_version` the Python that it must have.
    `tag` carries the hash of all that decides the image's content, so an image of that tag never needs to be built
    again. `build_arguments` are the values of the Dockerfile's `ARG`s. `ca_bundle` is the image that CA certificates
    are copied out of, and the file that they are in. `warnings` and `notes` are for whoever builds it. Of packages that
    were uploaded at `before` (UTC) or later none is in it; None where all count.
    """

    tag: str
    base_image: str
    python_version: str
    dockerfile: str
    files: Mapping[str, Path]
    links: Mapping[str, str] = field(default_factory=dict)
    ca_bundle: tuple[str, Path] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    build_arguments: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    buildkit_dockerfile: str | None = None
    needs: tuple[BuildkitNeed, ...] = ()
    cache_space: str = ""
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    missing_secrets: tuple[str, ...] = ()
    before: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSource:
    """Where an image comes from: built by `build` where that is set, else pulled as `reference`.

    `reference` is complete: `host/name:tag` or `host/name@sha256:...`. `environment` are variables that the Space's
    source asks to be started with, beside those of every Space.
    """

    reference: str
    build: BuildPlan | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


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

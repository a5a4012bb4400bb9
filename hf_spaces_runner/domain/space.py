"""What is known of a Space before it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.api import Api
from hf_spaces_runner.domain.hub_source import HubCommit
from hf_spaces_runner.domain.hub_space import Found
from hf_spaces_runner.domain.image_check import ImageCheck, status_after


class Sdk(StrEnum):
    """The SDKs of the Hub."""

    GRADIO = "gradio"
    DOCKER = "docker"
    STATIC = "static"
    STREAMLIT = "streamlit"


DISCOVERED = "discovered"
"""The origin of a Space that was found on the Hub, and that the user never named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One Space: an entry of the registry, or one made up from a reference such as `user/name`.

    The first eight fields are those of the registry's file; the others are optional there. `source` is the folder that
    the image is built from; where it is None the image is pulled. `inputs` maps parameter names to the value that they
    get: a constant, `$prompt` or `$file`. `memory_bytes` is the cap that this Space needs, if it needs its own.
    `api` says how it is called. `tags` are words to find it by. `origin` says where the entry comes from, for
    people. `found` is what the Hub said of the Space, `check` what its image's registry last said of that. `commit` is
    the one that `source` was fetched from the Hub at. `hardware` is what its source suggests, `startup_timeout_s` how
    long it says that it may take to start.
    """

    id: str
    docker_image: str
    description: str = ""
    category: str = ""
    input_type: str = ""
    output_type: str = ""
    port: int = 7860
    status: str = "unverified"
    space_id: str | None = None
    sdk: Sdk = Sdk.GRADIO
    app_file: str = "app.py"
    source: Path | None = None
    endpoint: str | None = None
    inputs: Mapping[str, object] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    cap_add: tuple[str, ...] = ()
    gpu: bool = False
    digest: str | None = None
    api: Api = field(default_factory=Api)
    tags: tuple[str, ...] = ()
    origin: str = "reference"
    found: Found | None = None
    check: ImageCheck | None = None
    commit: HubCommit | None = None
    hardware: str | None = None
    startup_timeout_s: float | None = None

    @property
    def current_status(self) -> str:
        """The status of the entry, or what the last check of its image made of it."""
        return status_after(self.status, self.check)

"""The front matter of a Space's README.md with all keys that the Hub knows, and what can be wrong with it.

Facts: hf-spaces.md section 1, and https://huggingface.co/docs/hub/spaces-config-reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hf_spaces_runner.domain.finding import Health
from hf_spaces_runner.domain.space import Sdk

DEFAULT_PORT = 7860


@dataclass(frozen=True, slots=True, kw_only=True)
class Preload:
    """An item of `preload_from_hub`: all of `repo`, or only `files`, at `revision` (a commit) or the newest one."""

    repo: str
    files: tuple[str, ...] = ()
    revision: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """The front matter, typed. Empty texts and None stand for keys that are missing or have a value that cannot be.

    `app_file` and `startup_timeout_s` (the key `startup_duration_timeout`, in seconds) have the Hub's defaults.
    `license` may hold several. `extra` keeps the keys that nobody here knows, as YAML has them. `lines` maps each key
    of the file to its line, from 1.
    """

    sdk: Sdk
    app_file: str
    sdk_version: str | None = None
    python_version: str | None = None
    app_port: int = DEFAULT_PORT
    app_build_command: str = ""
    base_path: str = ""
    suggested_hardware: str | None = None
    suggested_storage: str | None = None
    startup_timeout_s: float = 1800.0
    preload_from_hub: tuple[Preload, ...] = ()
    custom_headers: Mapping[str, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    title: str = ""
    emoji: str = ""
    color_from: str = ""
    color_to: str = ""
    short_description: str = ""
    thumbnail: str = ""
    header: str = ""
    pinned: bool = False
    full_width: bool | None = None
    disable_embedding: bool = False
    hf_oauth: bool = False
    hf_oauth_scopes: tuple[str, ...] = ()
    hf_oauth_expiration_minutes: int = 480
    hf_oauth_authorized_org: tuple[str, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterFault:
    """What is wrong with the value of `key`, empty where it is the whole block. `line` and `column` count from 1.

    `fail` is what the Hub refuses or no build can go on with; `stops_build` tells the latter, so that the colour of a
    thumbnail keeps nobody from running the Space.
    """

    key: str
    line: int
    column: int
    message: str
    fix: str
    status: Health = Health.FAIL
    stops_build: bool = False

    def at(self, file: str) -> str:
        """Return the one line that tells all of it but the fix, with the place in `file`."""
        return f"{file}:{self.line}:{self.column}: {f'{self.key}: ' if self.key else ''}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFrontMatter:
    """What was read. `front_matter` is None where there is none, or no SDK that is known; then a fault says why."""

    front_matter: FrontMatter | None
    faults: tuple[FrontMatterFault, ...] = ()

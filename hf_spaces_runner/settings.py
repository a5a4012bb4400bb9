"""What the user has set: defaults < config.toml < environment < flags, checked once, each value with its origin."""

import difflib
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from hf_spaces_runner.domain.launch import MINIMUM_CPUS, MINIMUM_MEMORY_BYTES
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.units import LONGEST_S, parse_duration, parse_size
from hf_spaces_runner.errors import ConfigurationError

PREFIX = "HFSR_"
APPLICATION = "hf-spaces-runner"
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
_SYSTEM_CA_BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))


class HfCache(StrEnum):
    """Who shares a model cache: each Space its own volume, all of them one, or nobody any."""

    PER_SPACE = "per-space"
    SHARED = "shared"
    NONE = "none"


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _bytes(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else value


def _path(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "\0" in value:
        raise ValueError("no path holds a NUL character")
    return _expanded(value) if value else None


def _expanded(path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path.partition('/')[0]} is no user of this machine") from error


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]
Bytes = Annotated[int, BeforeValidator(_bytes), Field(gt=0)]
OptionalPath = Annotated[Path | None, BeforeValidator(_path)]
RegistryHost = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$")]


class Settings(BaseModel):
    """The settings in force. Each description is what `hfsr config` prints."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image_registry: RegistryHost = Field("registry.hf.space", description="host of the image registry of Spaces")
    registry: OptionalPath = Field(None, description="registry file laid over the bundled one")
    ca_bundle: OptionalPath = Field(None, description="CA certificates that builds trust")
    base_image: str = Field("python:{python_version}-slim", description="image that Spaces are built from")
    memory: Bytes = Field(2 * 1024**3, ge=MINIMUM_MEMORY_BYTES, description="memory cap of a Space")
    cpus: float | None = Field(
        None, ge=MINIMUM_CPUS, allow_inf_nan=False, description="CPU cap of a Space; none unless set"
    )
    pids_limit: int = Field(512, ge=1, description="most processes and threads in a Space")
    max_running: int = Field(3, ge=1, description="most Spaces that run at once")
    pull: PullPolicy = Field(PullPolicy.MISSING, description="when to ask the image registry: missing, always, never")
    timeout: Seconds = Field(300.0, description="longest time for a call")
    startup_timeout: Seconds = Field(600.0, description="longest time until a Space is ready")
    slot_timeout: Seconds = Field(600.0, description="longest wait for one of the running Spaces to end")
    hf_cache: HfCache = Field(HfCache.PER_SPACE, description="model cache volumes: per-space, shared, none")


class Places(BaseModel):
    """The directories that hold our state; `HFSR_HOME` moves all of them."""

    model_config = ConfigDict(frozen=True)

    config: Path
    state: Path
    cache: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Return the directories that `environment` asks for, by the platform's conventions where it does not.

        Raises:
            ConfigurationError: `HFSR_HOME` cannot be a path.
        """
        home = environment.get(f"{PREFIX}HOME")
        if home:
            try:
                base = _expanded(home).absolute()
            except ValueError as error:
                raise ConfigurationError(f"{PREFIX}HOME (environment): {error}") from error
            return cls(config=base / "config", state=base / "state", cache=base / "cache")
        import platformdirs  # noqa: PLC0415 - not where HFSR_HOME says it all

        return cls(
            config=platformdirs.user_config_path(APPLICATION),
            state=platformdirs.user_state_path(APPLICATION),
            cache=platformdirs.user_cache_path(APPLICATION),
        )

    @property
    def scratch(self) -> Path:
        """Where each run has its scratch directory."""
        return self.cache / "scratch"

    @property
    def locks(self) -> Path:
        """Where lock files lie; they hold no data."""
        return self.state / "locks"


class LoadedSettings(BaseModel):
    """The settings in force, and for each the layer that it comes from."""

    model_config = ConfigDict(frozen=True)

    values: Settings
    origins: dict[str, str]
    places: Places


def load_settings(environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> LoadedSettings:
    """Return the settings that the configuration file, `environment` and `flags` (None values left out) add up to.

    Raises:
        ConfigurationError: a file that is not TOML, an unknown name, or a value that a setting cannot have.
    """
    places = Places.of(environment)
    file = places.config / "config.toml"
    layers = [
        (str(file), _from_file(file)),
        ("environment", _from_environment(environment)),
        ("flag", {name: value for name, value in (flags or {}).items() if value is not None}),
    ]
    values: dict[str, object] = {}
    origins = dict.fromkeys(Settings.model_fields, "default")
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in Settings.model_fields:
                raise ConfigurationError(f"{_spoken(origin, name)} is not a setting{_nearest(name)}")
            if isinstance(value, bool):  # pydantic would read it as the number 1
                raise ConfigurationError(f"{_spoken(origin, name)}: no setting is {str(value).lower()}")
            values[name] = value
            origins[name] = f"{PREFIX}{name.upper()}" if origin == "environment" else origin
    for name, value, origin in _derived(places, environment):
        if name not in values and value is not None:
            values[name], origins[name] = value, origin
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        lines = [
            f"{_spoken(origins.get(str(complaint['loc'][0]), ''), str(complaint['loc'][0]))}:"
            f" {complaint['msg'].removeprefix('Value error, ')} (it is {str(complaint['input'])[:200]!r})"
            for complaint in error.errors(include_url=False)
        ]
        raise ConfigurationError("\n".join(lines)) from error
    return LoadedSettings(values=settings, origins=origins, places=places)


def _from_file(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise ConfigurationError(f"{file}: cannot be read: {reason}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{file}: not TOML: {error}") from error


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    return {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name != f"{PREFIX}HOME" and value != ""
    }


def _derived(places: Places, environment: Mapping[str, str]) -> list[tuple[str, Path | None, str]]:
    """Return the defaults that depend on the machine, each with the place it was found in."""
    registry = places.config / "registry.yaml"
    derived: list[tuple[str, Path | None, str]] = [
        ("registry", registry if registry.exists() else None, "found in the configuration directory")
    ]
    for variable in _CA_VARIABLES:
        if environment.get(variable) and Path(environment[variable]).is_file():
            return [*derived, ("ca_bundle", Path(environment[variable]), variable)]
    bundle = next((path for path in _SYSTEM_CA_BUNDLES if path.is_file()), None)
    return [*derived, ("ca_bundle", bundle, "system")]


def _spoken(origin: str, name: str) -> str:
    if origin == "environment" or origin.startswith(PREFIX):
        return f"{PREFIX}{name.upper()} (environment)"
    return f"--{name.replace('_', '-')}" if origin == "flag" else f"{origin}: {name}"


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, Settings.model_fields, n=1)
    return f"; did you mean {near[0]}?" if near else ""

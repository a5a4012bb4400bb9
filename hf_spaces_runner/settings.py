"""What the user has set: defaults < config.toml < environment < flags, checked once, each value with its origin."""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from hf_spaces_runner.domain.settings import DESCRIPTIONS, Settings
from hf_spaces_runner.errors import ConfigurationError

PREFIX = "HFSR_"
APPLICATION = "hf-spaces-runner"
_CA_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
_SYSTEM_CA_BUNDLES = (Path("/etc/ssl/certs/ca-certificates.crt"), Path("/etc/pki/tls/certs/ca-bundle.crt"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The directories that hold our state; `HFSR_HOME` moves all of them."""

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
                base = Path(home).expanduser().absolute()
            except RuntimeError as error:
                user = home.partition("/")[0]
                raise ConfigurationError(f"{PREFIX}HOME (environment): {user} is no user of this machine") from error
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
    def snapshots(self) -> Path:
        """Where what was read from YAML is kept."""
        return self.cache / "snapshots"

    @property
    def indexes(self) -> Path:
        """Where the tables of registry files are kept; they can be made again."""
        return self.cache / "registry"

    @property
    def discovered(self) -> Path:
        """The file with what was found on the Hub; it can be found again."""
        return self.state / "discovered.sqlite"

    @property
    def history(self) -> Path:
        """The file that says how earlier attempts went."""
        return self.state / "history.sqlite"

    @property
    def results(self) -> Path:
        """Where answers are kept for those who ask the same again."""
        return self.cache / "results"

    @property
    def sources(self) -> Path:
        """Where the sources of Spaces that were fetched from the Hub are kept, by commit; they can be fetched again."""
        return self.cache / "sources"

    @property
    def own_registry(self) -> Path:
        """The user's registry file where no setting names another."""
        return self.config / "registry.yaml"

    @property
    def locks(self) -> Path:
        """Where lock files lie; they hold no data."""
        return self.state / "locks"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedSettings:
    """The settings in force, and for each the layer that it comes from."""

    values: Settings
    origins: Mapping[str, str]
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
    given: dict[str, object] = {}
    origins = dict.fromkeys(DESCRIPTIONS, "default")
    for origin, layer in layers:
        for name, value in layer.items():
            if name not in DESCRIPTIONS:
                raise ConfigurationError(f"{_spoken(origin, name)} is not a setting{_nearest(name)}")
            given[name] = value
            origins[name] = f"{PREFIX}{name.upper()}" if origin == "environment" else origin
    values = _checked(given, origins)
    for name, path, origin in _derived(places, environment):
        if name not in given and path is not None:
            values[name], origins[name] = path, origin
    return LoadedSettings(values=Settings(**values), origins=origins, places=places)


def _checked(given: Mapping[str, object], origins: Mapping[str, str]) -> dict[str, Any]:
    if not given:
        return {}
    from hf_spaces_runner.settings_form import checked  # noqa: PLC0415 - it takes a while, and most set nothing

    values: dict[str, Any] = {}
    faults = []
    for name, value in given.items():
        try:
            values[name] = checked(name, value)
        except ValueError as error:
            faults.append(f"{_spoken(origins[name], name)}: {error}")
    if faults:
        raise ConfigurationError("\n".join(faults))
    return values


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
    registry = places.own_registry
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
    near = difflib.get_close_matches(name, DESCRIPTIONS, n=1)
    return f"; did you mean {near[0]}?" if near else ""

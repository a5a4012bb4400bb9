"""Finds the registry that is in force: the bundled one with the user's laid over it."""

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hf_spaces_runner.domain.api import Api, ApiKind, ApiParameter, DeclaredType
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots, fingerprint


def load_registry(user_file: Path | None, snapshots: Snapshots) -> Registry:
    """Return the bundled registry with `user_file`, if there is one, laid over it.

    Files that have not changed since the last time are not read: `snapshots` has what they were read into.

    Raises:
        InvalidRegistryError: a file cannot be read, or entries are wrong; the first 20 faults are named.
    """
    bundled = _registry_of(bundled_registry_directory() / "registry.yaml", "bundled", snapshots)
    return bundled if user_file is None else _registry_of(user_file, str(user_file), snapshots).laid_over(bundled)


def _registry_of(path: Path, origin: str, snapshots: Snapshots) -> Registry:
    name = str(path.absolute())
    # Taken before the file is read: a change meanwhile is then found the next time.
    made_of = fingerprint(path)
    if made_of:
        with suppress(KeyError, TypeError, ValueError, AttributeError):  # a snapshot that somebody has damaged
            return _from_json(snapshots.find(name, made_of))
    from hf_spaces_runner.registry.read import read_registry  # noqa: PLC0415 - takes longer to load than a command

    registry = read_registry(path, origin=origin)
    snapshots.keep(name, made_of, asdict(registry))
    return registry


def _from_json(value: Any) -> Registry:  # noqa: ANN401 - whatever the snapshot holds
    return Registry(
        spaces={key: _to_space(fields) for key, fields in value["spaces"].items()},
        categories={category: tuple(ids) for category, ids in value["categories"].items()},
    )


def _to_space(fields: dict[str, Any]) -> Space:
    source = None if fields["source"] is None else Path(fields["source"])
    typed = {"sdk": Sdk(fields["sdk"]), "cap_add": tuple(fields["cap_add"]), "api": _to_api(fields["api"])}
    return Space(**{**fields, **typed, "source": source})


def _to_api(fields: dict[str, Any]) -> Api:
    parameters = {
        name: ApiParameter(**{**one, "type": DeclaredType(one["type"]), "choices": tuple(one["choices"])})
        for name, one in fields["parameters"].items()
    }
    return Api(**{**fields, "kind": ApiKind(fields["kind"]), "parameters": parameters})

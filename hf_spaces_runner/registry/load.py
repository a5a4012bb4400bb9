"""Finds the registry that is in force: the bundled one with the user's laid over it."""

from pathlib import Path

from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots


def load_registry(user_file: Path | None, cache: Path) -> Registry:
    """Return the bundled registry with `user_file`, if there is one, laid over it.

    Files that have not changed since the last time are not read; what they were read into lies in the folder `cache`.

    Raises:
        InvalidRegistryError: a file cannot be read, or entries are wrong; the first 20 faults are named.
    """
    snapshots = Snapshots(cache)
    bundled = _registry_of(bundled_registry_directory() / "registry.yaml", "bundled", snapshots)
    return bundled if user_file is None else _registry_of(user_file, str(user_file), snapshots).laid_over(bundled)


def _registry_of(path: Path, origin: str, snapshots: Snapshots) -> Registry:
    known = snapshots.find(path)
    if known is not None:
        return known
    from hf_spaces_runner.registry.read import read_registry  # noqa: PLC0415 - takes longer to load than a command

    # Before it is read: a change meanwhile is then found the next time.
    fingerprint = snapshots.fingerprint(path)
    registry = read_registry(path, origin=origin)
    snapshots.keep(path, fingerprint, registry)
    return registry

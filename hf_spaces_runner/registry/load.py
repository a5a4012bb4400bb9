"""Finds the registry that is in force: the user's file over the bundled one, over what was found on the Hub."""

from collections.abc import Callable
from pathlib import Path

from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.registry.index import Index
from hf_spaces_runner.registry.layer import FileLayer, Layer
from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory


def load_registry(
    user_file: Path | None, *, indexes: Path, discovered: Discovered, on_large: Callable[[int], None] = lambda _: None
) -> Registry:
    """Return the registry: `user_file`, if there is one, over the bundled one, over what was found on the Hub.

    No file is read that has not changed since the last time: the folder `indexes` has what they were read into.
    `on_large` is called with the size in bytes before a large one is read, which takes seconds.

    Raises, as does what is asked of the registry:
        InvalidRegistryError: a file cannot be read at all. Entries that are wrong are left out: see `Registry.faults`.
    """
    bundled = Index(bundled_registry_directory() / "registry.yaml", origin="bundled", folder=indexes)
    layers: list[Layer] = [FileLayer(bundled), discovered]
    if user_file is not None:
        own = Index(user_file, origin=str(user_file.absolute()), folder=indexes, on_large=on_large)
        layers.insert(0, FileLayer(own))
    return Registry(layers, complete=discovered.complete)

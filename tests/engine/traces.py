"""Looks for what a run may have left of its inputs and outputs: on this machine, and on the engine."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import docker

from tests.engine.images import TEST_LABEL

_LARGEST_BYTES = 64 * 1024**2


def traces(marker: str, *folders: Path) -> list[Path]:
    """Return the files and folders below `folders` that have `marker` in their name or in what they hold."""
    return [path for folder in folders for path in _below(folder) if marker in path.name or _holds(path, marker)]


def temporary_files(before: Iterable[Path] = ()) -> list[Path]:
    """Return what lies in the folder for temporary files but for `before`, and for what belongs to pytest."""
    known = set(before)
    return [path for path in Path(tempfile.gettempdir()).iterdir() if path not in known and "pytest" not in path.name]


def volume_contents(client: docker.DockerClient, volume: str, image: str) -> bytes:
    """Return all that is in the engine's `volume`, as a tar archive."""
    looks = client.containers.create(image, volumes={volume: {"bind": "/looked-at"}}, labels={TEST_LABEL: "looks"})
    try:
        pieces, _ = looks.get_archive("/looked-at")
        archive = b"".join(pieces)
    finally:
        looks.remove(force=True)
    return archive


def idle_volumes(client: docker.DockerClient) -> frozenset[str]:
    """Return the names of all volumes of the engine that no container uses: others may work on it meanwhile."""
    return frozenset(item["Name"] for item in client.api.volumes(filters={"dangling": True})["Volumes"] or ())


def _below(folder: Path) -> Iterator[Path]:
    if not folder.is_dir() or folder.is_symlink():
        yield folder
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def _holds(path: Path, marker: str) -> bool:
    with suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < _LARGEST_BYTES:
            return marker.encode() in path.read_bytes()
    return False

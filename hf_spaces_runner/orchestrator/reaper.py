"""Removes what dead processes left: their containers on the engine, then their scratch folders on this machine."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from hf_spaces_runner.domain.container import ListedContainer
from hf_spaces_runner.errors import LaunchError
from hf_spaces_runner.orchestrator.engine import Engine
from hf_spaces_runner.orchestrator.ownership import is_alive
from hf_spaces_runner.orchestrator.scratch import owner_of_scratch
from hf_spaces_runner.planning.reaping import is_left_behind


def living_containers(engine: Engine) -> tuple[ListedContainer, ...]:
    """Return the containers of ours that somebody still answers for; the others are removed now.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    living = []
    for container in engine.containers():
        if is_left_behind(container, now=time.time(), is_alive=is_alive) and _removed(engine, container):
            continue
        living.append(container)
    return tuple(living)


def stale_scratch(parent: Path) -> tuple[Path, ...]:
    """Return the scratch folders below `parent` whose process is dead. This costs next to nothing."""
    return tuple(
        folder for folder in _folders(parent) if (owner := owner_of_scratch(folder)) is None or not is_alive(owner)
    )


def reap(engine: Engine, scratch: Path) -> None:
    """Remove all that dead processes left.

    A scratch folder is there before the container of its run and goes after it, so as long as one is left behind there
    may be a container: the folders go last.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    stale = stale_scratch(scratch)
    living_containers(engine)
    for folder in stale:
        shutil.rmtree(folder, ignore_errors=True)


def _removed(engine: Engine, container: ListedContainer) -> bool:
    """Remove `container`, and return whether it is gone: one that the engine cannot remove is no reason to stop."""
    try:
        engine.remove(container.id)
    except LaunchError:
        return False
    return True


def _folders(parent: Path) -> Iterator[Path]:
    try:
        yield from parent.iterdir()
    except (FileNotFoundError, NotADirectoryError):
        return

"""Finds what we left on this machine and its engine, and removes what a clean-up plan names."""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import assert_never

from hf_spaces_runner.orchestrator.engine import Engine
from hf_spaces_runner.orchestrator.ownership import is_alive
from hf_spaces_runner.orchestrator.scratch import owner_of_scratch
from hf_spaces_runner.orchestrator.stamps import Stamps
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind
from hf_spaces_runner.planning.reaping import is_left_behind


def find_leftovers(engine: Engine, *, scratch: Path, stamps: Stamps) -> Iterator[Leftover]:
    """Yield everything that is ours on the engine, and our scratch folders on this machine.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    yield from _containers(engine)
    yield from _scratch_folders(scratch)
    yield from _images(engine, stamps)
    for volume in engine.volumes():
        yield Leftover(
            kind=LeftoverKind.MODEL_CACHE,
            name=volume.name,
            last_used_at=stamps.volume_used_at(volume.name) or volume.created_at,
            in_use=volume.in_use,
            size_bytes=volume.size_bytes,
        )


def remove_leftover(engine: Engine, leftover: Leftover, *, stamps: Stamps) -> None:
    """Remove one leftover; it is no error if it is gone already, or if somebody works with it by now."""
    match leftover.kind:
        case LeftoverKind.CONTAINER:
            engine.remove(leftover.id)
        case LeftoverKind.MODEL_CACHE:
            engine.remove_volume(leftover.name)
            stamps.forget_volume(leftover.name)
        case LeftoverKind.IMAGE:
            engine.remove_image(leftover.id or leftover.name)
            stamps.forget_image(leftover.name)
        case LeftoverKind.SCRATCH:
            shutil.rmtree(leftover.name, ignore_errors=True)
        case LeftoverKind.ANSWERS | LeftoverKind.SOURCE:
            raise ValueError(f"{leftover.kind}: these are kept elsewhere")
        case _:
            assert_never(leftover.kind)


def _containers(engine: Engine) -> Iterator[Leftover]:
    now = time.time()
    for container in engine.containers():
        orphaned = is_left_behind(container, now=now, is_alive=is_alive)
        yield Leftover(
            kind=LeftoverKind.CONTAINER,
            name=container.name,
            id=container.id,
            last_used_at=container.labels.created_at,
            orphaned=orphaned,
            # One that was up and has ended is there for its log only; all others have somebody who answers for them.
            in_use=not orphaned and (container.running or not container.up),
        )


def _scratch_folders(scratch: Path) -> Iterator[Leftover]:
    for directory in scratch.iterdir() if scratch.is_dir() else ():
        owner = owner_of_scratch(directory)
        living = owner is not None and is_alive(owner)
        with suppress(FileNotFoundError):  # its run has just ended
            yield Leftover(
                kind=LeftoverKind.SCRATCH,
                name=str(directory),
                last_used_at=directory.stat().st_mtime,
                size_bytes=_size_of(directory),
                in_use=living,
                orphaned=not living,
            )


def _images(engine: Engine, stamps: Stamps) -> Iterator[Leftover]:
    """Yield the images that we built, by their label, or pulled, by our own note; whoever else has one pulled it."""
    for image in engine.images():
        names = image.tags or (image.id,)
        ours = [name for name in names if image.built_here or stamps.is_pulled_by_us(name)]
        for name in ours:
            # Room is made by the last name alone, and only if nobody else has one for it.
            goes_with_it = name == names[-1] and len(ours) == len(names)
            yield Leftover(
                kind=LeftoverKind.IMAGE,
                name=name,
                last_used_at=stamps.image_used_at(name) or image.created_at,
                size_bytes=image.size_bytes if goes_with_it else 0,
                in_use=image.in_use,
            )


def _size_of(directory: Path) -> int:
    total = 0
    for root, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total

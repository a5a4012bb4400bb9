"""Finds what we left on this machine and its engine, and removes what a clean-up plan names."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import assert_never

from hf_spaces_runner.domain.launch import LABEL
from hf_spaces_runner.orchestrator.engine import Engine
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind


def note_use(stamps: Path, volume: str) -> None:
    """Remember that the model cache `volume` is used now; the engine does not.

    Raises:
        UsageError: it cannot be written down in `stamps`.
        NoSpaceLeftError: the disk is full.
    """
    make_state_folder(stamps)
    with state_errors(stamps):
        (stamps / volume).touch()


def find_leftovers(engine: Engine, *, scratch: Path, stamps: Path) -> Iterator[Leftover]:
    """Yield everything that carries our label on the engine, and our scratch folders on this machine."""
    for container in engine.containers():
        kept = container.labels.get(f"{LABEL}.keep") == "yes"
        yield Leftover(
            kind=LeftoverKind.CONTAINER,
            name=container.name,
            last_used_at=_number(container.labels.get(f"{LABEL}.created", "")),
            owner="" if kept else container.labels.get(f"{LABEL}.owner", ""),
            running=container.running,
        )
    for volume in engine.volumes():
        stamp = stamps / volume.name
        yield Leftover(
            kind=LeftoverKind.MODEL_CACHE,
            name=volume.name,
            last_used_at=stamp.stat().st_mtime if stamp.exists() else volume.created_at,
            running=volume.in_use,
            size_bytes=volume.size_bytes,
        )
    for directory in scratch.iterdir() if scratch.is_dir() else ():
        with suppress(FileNotFoundError):  # its run has just ended
            yield Leftover(
                kind=LeftoverKind.SCRATCH,
                name=str(directory),
                last_used_at=directory.stat().st_mtime,
                size_bytes=_size_of(directory),
                owner=f"{socket.gethostname()}:{directory.suffix.removeprefix('.')}",
            )


def remove_leftover(engine: Engine, leftover: Leftover, *, stamps: Path) -> None:
    """Remove one leftover; it is no error if it is gone already."""
    match leftover.kind:
        case LeftoverKind.CONTAINER:
            engine.remove(leftover.name)
        case LeftoverKind.MODEL_CACHE:
            engine.remove_volume(leftover.name)
            (stamps / leftover.name).unlink(missing_ok=True)
        case LeftoverKind.SCRATCH:
            shutil.rmtree(leftover.name, ignore_errors=True)
        case _:
            assert_never(leftover.kind)


def _number(text: str) -> float:
    return float(text) if text.isascii() and text.isdigit() else 0.0


def _size_of(directory: Path) -> int:
    total = 0
    for root, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):
                total += (Path(root) / name).lstat().st_size
    return total

"""Says what the disk has against a download, before it and while it runs."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import HubError, NoSpaceLeftError


@contextmanager
def file_errors(doing: str, *, room: str, kept: str) -> Iterator[None]:
    """Turn what the file system says, and the library of a file that came out too short, into our errors.

    `room` says how to make room, `kept` what is left of the download.
    """
    try:
        yield
    except OSError as error:
        said = one_line(error.strerror or str(error))
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpaceLeftError(f"{doing} failed: {said}", hint=room) from error
        raise HubError(f"{doing} failed: {said}", hint=f"try again; {kept}") from error


def check_room(folder: Path, size_bytes: int, *, what: str, room: str, reserve_bytes: int) -> None:
    """Do nothing if `what`, of `size_bytes`, has room in `folder`, which may be made later, and leaves a reserve.

    Raises:
        NoSpaceLeftError: it has not; `room` says how to make some.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < size_bytes + reserve_bytes:
        raise NoSpaceLeftError(
            f"{what} takes {format_size(size_bytes)}, and {format_size(free)} are free at {there}", hint=room
        )

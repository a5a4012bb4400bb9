"""Makes the folders that hold our state, and says what to do where that cannot be."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.errors import NoSpaceLeftError, UsageError

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def state_errors(folder: Path) -> Iterator[None]:
    """Raise what the file system says about our `folder` as an error of ours.

    Raises:
        UsageError: nothing can be written there.
        NoSpaceLeftError: the disk or the quota is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise NoSpaceLeftError(f"no space left in {folder}") from error
        raise UsageError(
            f"nothing can be written in {folder}: {error.strerror or error}",
            hint="HFSR_HOME moves all state to a folder that you can write to",
        ) from error


def make_state_folder(folder: Path) -> None:
    """Make `folder`, readable by nobody else, unless it is there.

    Raises:
        UsageError: it cannot be made.
        NoSpaceLeftError: the disk is full.
    """
    with state_errors(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

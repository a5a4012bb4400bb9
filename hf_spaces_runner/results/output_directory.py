"""Tells early whether the user's output folder can be written."""

import os
from pathlib import Path

from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.errors import UsageError

HINT = "name another folder with -o DIR"


def check_output_directory(path: Path) -> None:
    """Make sure that files can be written to `path`, or that it can be made, without making it.

    Raises:
        UsageError: it is no folder, or it or its nearest parent may not be written.
    """
    with disk_errors(path, HINT):
        nearest = path.absolute()
        while not _exists(nearest):
            nearest = nearest.parent
        usable = nearest.is_dir()
        writable = os.access(nearest, os.W_OK | os.X_OK)
    if not usable:
        raise UsageError(f"cannot write to {path}: {nearest} is not a folder", hint=HINT)
    if not writable:
        raise UsageError(f"cannot write to {path}: no permission to write in {nearest}", hint=HINT)


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    return True

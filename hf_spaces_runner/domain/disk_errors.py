"""Turns errors of the file system into ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.errors import NoSpaceLeftError, UsageError

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def disk_errors(path: Path, hint: str | None = None) -> Iterator[None]:
    """Raise what the file system says about `path` as an error of ours.

    Raises:
        NoSpaceLeftError: the disk or the quota is full.
        UsageError: `path` cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise NoSpaceLeftError(f"no space left to write {path}: {error.strerror}") from error
        raise UsageError(f"cannot write {path}: {error.strerror or error}", hint=hint) from error

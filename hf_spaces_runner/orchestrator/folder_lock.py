"""Lets one process at a time work on a folder in a way that others would disturb."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors


@contextmanager
def folder_lock(locks: Path, folder: Path, command: str) -> Iterator[None]:
    """Hold the lock of `folder` for `command` during the block. It is the kernel's, so it ends with its holder.

    Raises:
        UsageError: another process has it, or nothing can be written below `locks`.
        NoSpaceLeftError: the disk is full.
    """
    make_state_folder(locks)
    lock = FileLock(locks / f"folder-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:32]}.lock")
    with state_errors(locks):
        try:
            lock.acquire(timeout=0)
        except Timeout as error:  # which is an OSError, too
            raise UsageError(
                f"another {command} works on {folder}", hint="end that one with Ctrl-C, or work on a copy of the folder"
            ) from error
    try:
        yield
    finally:
        lock.release()

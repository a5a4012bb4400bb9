"""Lets one process at a time have an image made, whichever processes want it."""

import errno
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hf_spaces_runner.errors import ConfigurationError, NoSpaceLeftError


@contextmanager
def image_lock(directory: Path, reference: str, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of the image `reference`; call `on_wait` once if another process has it.

    The lock is the kernel's, so it is free again however its holder ends. Processes share it if they share
    `directory` on a local disk; others would make the image twice, which does no harm.

    Raises:
        ConfigurationError: `directory` cannot be written.
        NoSpaceLeftError: its disk is full.
    """
    name = hashlib.sha256(reference.encode()).hexdigest()[:32]
    lock = FileLock(directory / f"image-{name}.lock")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            on_wait()
            lock.acquire()
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise NoSpaceLeftError(f"no space left for a lock file in {directory}") from error
        raise ConfigurationError(
            f"cannot write a lock file in {directory}: {error.strerror or error}",
            hint="HFSR_HOME names another place for all that the runner keeps",
        ) from error
    try:
        yield
    finally:
        lock.release()

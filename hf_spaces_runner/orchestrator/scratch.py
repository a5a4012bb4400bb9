"""One folder for all temporary files of a run, gone afterwards, whatever happened."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.errors import NoSpaceLeftError, UsageError
from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts


@contextmanager
def scratch_directory(parent: Path, run_id: str) -> Iterator[Path]:
    """Make the scratch directory of the run `run_id` below `parent`, readable by nobody else, and remove it at the end.

    Its name carries our process id, so that a clean-up knows whether somebody still works in it.

    Raises:
        UsageError: it cannot be made there.
        NoSpaceLeftError: the disk is full.
    """
    directory = parent / f"{run_id}.{os.getpid()}"
    try:
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            directory.mkdir(mode=0o700)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise NoSpaceLeftError(f"no space left for temporary files in {parent}") from error
            raise UsageError(
                f"no folder for temporary files can be made in {parent}: {error.strerror}",
                hint="HFSR_HOME moves all state to a folder that you can write to",
            ) from error
        yield directory
    finally:
        with deferred_interrupts():
            shutil.rmtree(directory, ignore_errors=True)

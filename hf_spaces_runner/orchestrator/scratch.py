"""One folder for all temporary files of a run, gone afterwards, whatever happened."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors


@contextmanager
def scratch_directory(parent: Path, run_id: str) -> Iterator[Path]:
    """Make the scratch directory of the run `run_id` below `parent`, readable by nobody else, and remove it at the end.

    Its name carries our process id, so that a clean-up knows whether somebody still works in it.

    Raises:
        UsageError: it cannot be made there.
        NoSpaceLeftError: the disk is full.
    """
    directory = parent / f"{run_id}.{os.getpid()}"
    made = False
    try:
        with deferred_interrupts():
            make_state_folder(parent)
            with state_errors(parent):
                directory.mkdir(mode=0o700)
            made = True
        yield directory
    finally:
        if made:
            with deferred_interrupts():
                shutil.rmtree(directory, ignore_errors=True)

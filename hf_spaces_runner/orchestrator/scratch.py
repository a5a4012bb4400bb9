"""One folder for all temporary files of a run, gone afterwards, whatever happened."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hf_spaces_runner.orchestrator.interrupts import deferred_interrupts
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

_BETWEEN = "~"


@contextmanager
def scratch_directory(parent: Path, run_id: str) -> Iterator[Path]:
    """Make the scratch directory of the run `run_id` below `parent`, readable by nobody else, and remove it at the end.

    Its name says whose it is, so that others know when nobody works in it any more.

    Raises:
        UsageError: it cannot be made there.
        NoSpaceLeftError: the disk is full.
    """
    directory = parent / f"{run_id}{_BETWEEN}{own_name()}"
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


def owner_of_scratch(directory: Path) -> str | None:
    """Return the process that made the scratch directory; None where its name does not say."""
    _, between, owner = directory.name.partition(_BETWEEN)
    return owner if between else None

"""Writes the log of the clean-ups that cron fires: a few files of limited size, for the user's eyes only."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.state_folder import make_state_folder

MAX_BYTES = 1024**2
OLD_FILES = 3
_FORM = logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%dT%H:%M:%S%z")


class _PrivateFile(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        # The disk is full, say. The clean-up goes on: it may be what helps.
        sys.stderr.write(f"{self.format(record)}\n")


@contextmanager
def cleanup_log(file: Path, *, rotate: bool = True) -> Iterator[logging.Logger]:
    """Open the log `file`; its lines go to stderr, which cron mails to the user, where it cannot be written.

    Only the process that holds the clean-up's lock may `rotate` it.
    """
    handler: logging.Handler
    try:
        make_state_folder(file.parent)
        handler = _PrivateFile(file, maxBytes=MAX_BYTES if rotate else 0, backupCount=OLD_FILES)
    except (OSError, RunnerError):
        handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORM)
    # Not one of the process's loggers: nobody else's lines belong here.
    log = logging.Logger("hfsr cron", logging.INFO)  # noqa: LOG001
    log.addHandler(handler)
    try:
        yield log
    finally:
        with suppress(OSError):  # still no room for what was sent to stderr as well
            handler.close()

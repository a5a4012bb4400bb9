"""Appends lines to a log file for the user's eyes only, which is put aside with a number when it is full."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from logging import LogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 5 * 1024**2
OLD_FILES = 3


class RotatingLog(RotatingFileHandler):
    """A log `file` that several processes may write to; no run ends because it cannot be written any more.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, file: Path) -> None:
        self._told = False
        super().__init__(file, maxBytes=MAX_BYTES, backupCount=OLD_FILES)

    def emit(self, record: LogRecord) -> None:
        """Write a line, to another file if somebody has put this one aside."""
        if self._was_put_aside():
            self.close()  # and the next line opens it again
        super().emit(record)

    def close(self) -> None:
        """Close the file."""
        with suppress(OSError):  # no room for what it still holds: that has been said
            super().close()

    def handleError(self, record: LogRecord) -> None:  # noqa: ARG002, N802 - logging's name
        """Say once that the file cannot be written, as on a full disk."""
        if not self._told and sys.stderr is not None:
            self._told = True
            sys.stderr.write(f"Warning: the log {self.baseFilename} cannot be written: {sys.exc_info()[1]}\n")

    def _was_put_aside(self) -> bool:
        """Return whether another process of ours, or the user, has moved or removed the file."""
        if self.stream is None:
            return False
        try:
            return not os.path.samestat(Path(self.baseFilename).stat(), os.fstat(self.stream.fileno()))
        except OSError:
            return True

    def _open(self) -> TextIOWrapper:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        # A pipe that nobody reads is an error so, not a wait without end.
        descriptor = os.open(self.baseFilename, flags | os.O_NONBLOCK, 0o600)
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "a", encoding="utf-8", errors="backslashreplace")

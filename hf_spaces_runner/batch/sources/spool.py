"""Keeps entries on the disk, in a file without a name, so that they can be read in another order."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.domain.disk_errors import disk_errors

_WHERE = Path("the temporary file of the items that are shuffled")
_HINT = "TMPDIR names the folder for it; tables of JSON lines and CSV need none"


class Spool:
    """A file that grows at its end and is read anywhere."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._end = 0

    def write(self, entry: Entry) -> int:
        """Keep `entry` and return where it lies.

        Raises:
            NoSpaceLeftError: the disk is full.
            UsageError: the file cannot be written for another reason.
        """
        place = self._end
        fields = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(entry).items()}
        with disk_errors(_WHERE, _HINT):
            self._end += self._file.write(json.dumps(fields).encode() + b"\n")
        return place

    def read(self, place: int) -> Entry:
        """Return the entry that lies there.

        Raises:
            NoSpaceLeftError, UsageError: as in `write`, of which the end may happen here.
        """
        with disk_errors(_WHERE, _HINT):
            self._file.seek(place)
            fields = json.loads(self._file.readline())
        file = fields.pop("file")
        return Entry(**{**fields, "file": None if file is None else Path(file), "base": Path(fields["base"])})


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Give an empty spool in the folder for temporary files; it is gone afterwards, even after a kill."""
    with tempfile.TemporaryFile(prefix="hfsr-") as file:
        yield Spool(file)

"""Reads files as items: one that was named, all below a folder, or those that a pattern means."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.batch.sources.entry import Entry
from hf_spaces_runner.batch.sources.pattern import Pattern
from hf_spaces_runner.batch.sources.shown import shown, why_not
from hf_spaces_runner.batch.sources.walk import Found, walk


@dataclass(frozen=True, slots=True)
class OneFile:
    """A file that the user named."""

    path: Path

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.path)

    @property
    def columns(self) -> tuple[str, ...]:
        """A file has none."""
        return ()

    def entries(self) -> Iterator[Entry]:
        """Yield the file; see `Source`."""
        yield Entry(source=shown(self.path), file=self.path, id=str(self.path))

    def count(self) -> int:
        """Return one."""
        return 1


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFiles:
    """The files below a folder, named by their path below it; or those that `pattern` means, named as it names them."""

    folder: Path
    pattern: Pattern | None = None
    leave_out: frozenset[str] = frozenset()
    follow_outside: bool = False

    @property
    def name(self) -> str:
        """The path, safe to print."""
        return shown(self.folder)

    @property
    def columns(self) -> tuple[str, ...]:
        """A file has none."""
        return ()

    def entries(self) -> Iterator[Entry]:
        """Yield the files in natural order; a subfolder that cannot be read is a fault. See `Source`."""
        for found in self._found():
            path = self.folder / found.name
            if found.fault is None:
                yield Entry(source=shown(path), file=path, id=found.name if self.pattern is None else str(path))
            else:
                fault = f"the folder {shown(path)} {why_not(found.fault)}"
                yield Entry(source=shown(path), fault=fault, id=found.name or str(path))

    def count(self) -> int:
        """Return how many files are there now."""
        return sum(1 for _ in self._found())

    def _found(self) -> Iterator[Found]:
        pattern = self.pattern
        found = walk(
            os.fspath(self.folder),
            leave_out=self.leave_out,
            follow_outside=self.follow_outside,
            enter=pattern.leads_on if pattern is not None else lambda _: True,
        )
        return found if pattern is None else (one for one in found if one.fault or pattern.takes(one.name))

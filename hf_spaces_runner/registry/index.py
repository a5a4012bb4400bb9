"""Keeps a registry file as a table that is read without YAML, and brought up to date when the file has changed."""

import gc
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from hf_spaces_runner import __version__
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.snapshot import fingerprint
from hf_spaces_runner.registry.space_table import INDEXES, TABLES, SpaceTable

_FORMAT = 1
"""Of the tables; a file of another one is made again."""
_LOCK_TIMEOUT_S = 300
_LARGE_BYTES = 4 * 1024**2


class Index:
    """The table of the registry file at `path`.

    Args:
        path: the file, which must be there.
        origin: where its entries come from, for people.
        folder: where the table is kept; where it cannot be, it is made in memory.
        on_large: called with the size in bytes before a large file is read, which takes seconds.

    Raises, from `table`:
        InvalidRegistryError: the file cannot be read at all.
    """

    def __init__(
        self, path: Path, *, origin: str, folder: Path, on_large: Callable[[int], None] = lambda _: None
    ) -> None:
        self._path = path.absolute()
        self._origin = origin
        self._folder = folder
        self._file = folder / f"{sha256(os.fsencode(self._path)).hexdigest()[:32]}.sqlite"
        self._on_large = on_large
        self._is_usable = True

    def table(self) -> SpaceTable:
        """Return the table as the file stands now."""
        if not self._is_usable:
            return self._in_memory()
        made_of = self._made_of()
        table = self._current(made_of)
        if table is not None:
            return table
        from filelock import FileLock, Timeout  # noqa: PLC0415 - few get here

        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(self._file.with_suffix(".lock"), timeout=_LOCK_TIMEOUT_S):
                return self._current(made_of) or self._made(made_of)
        except (OSError, Timeout, sqlite3.OperationalError):
            return self._in_memory()

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the file, in its order."""
        return faults_of(self.table())

    def forget(self) -> None:
        """Throw the table away, which has turned out to be damaged."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError:
            self._is_usable = False

    def _made_of(self) -> str:
        # Taken before the file is read: a change meanwhile is then found the next time.
        return json.dumps([*self._made_of_but_for_the_file(), fingerprint(self._path)])

    def _made_of_but_for_the_file(self) -> list[object]:
        return [__version__, _FORMAT, str(self._path)]

    def _current(self, made_of: str) -> SpaceTable | None:
        table = self._opened()
        if table is not None:
            with suppress(sqlite3.DatabaseError):
                if table.noted("made_of") == made_of:
                    return table
            table.connection.close()
        return None

    def _opened(self) -> SpaceTable | None:
        if not os.path.isfile(self._file):  # noqa: PTH113 - Path.is_file raises where the folder may not be read
            return None
        with suppress(sqlite3.Error):
            # Nobody writes to a file that has its name: it is replaced.
            address = f"{self._file.as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(address, uri=True, check_same_thread=False)
            return SpaceTable(connection, self._origin)
        return None

    def _made(self, made_of: str) -> SpaceTable:
        half = self._file.with_suffix(f".{os.getpid()}")
        try:
            try:
                self._write(half, made_of, reuses=self._is_of_this_version())
            except sqlite3.DatabaseError:
                # What was there was damaged. Made from nothing, it can only fail for the disk's sake.
                self._write(half, made_of, reuses=False)
            half.replace(self._file)
        finally:
            half.unlink(missing_ok=True)
        return self._current(made_of) or self._in_memory()

    def _is_of_this_version(self) -> bool:
        table = self._opened()
        if table is None:
            return False
        with closing(table.connection), suppress(sqlite3.DatabaseError, ValueError, TypeError):
            made_of = table.noted("made_of")
            return made_of is not None and json.loads(made_of)[:-1] == self._made_of_but_for_the_file()
        return False

    def _write(self, half: Path, made_of: str, *, reuses: bool) -> None:
        half.unlink(missing_ok=True)
        if reuses:
            shutil.copyfile(self._file, half)
        with closing(sqlite3.connect(half, isolation_level=None)) as connection:
            # The file counts once it has its name, so nothing is lost by a power cut.
            connection.execute("PRAGMA journal_mode = OFF")
            connection.execute("PRAGMA synchronous = OFF")
            self._fill(SpaceTable(connection, self._origin), made_of, reuses=reuses)

    def _in_memory(self) -> SpaceTable:
        connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        table = SpaceTable(connection, self._origin)
        self._fill(table, self._made_of(), reuses=False)
        return table

    def _fill(self, table: SpaceTable, made_of: str, *, reuses: bool) -> None:
        from hf_spaces_runner.registry.update_index import update_index  # noqa: PLC0415 - few get here

        if not reuses:
            table.connection.executescript(TABLES)
            with suppress(OSError):
                size = self._path.stat().st_size
                if size > _LARGE_BYTES:
                    self._on_large(size)
        table.connection.execute("BEGIN")
        # All that is made of an entry goes with it: to look for garbage in between takes a fifth of the time.
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            faults = update_index(table, self._path, origin=self._origin, reuses=reuses)
        finally:
            if was_enabled:
                gc.enable()
        if not reuses:
            for statement in INDEXES.strip().split("\n"):  # at the end: to keep them in order meanwhile takes longer
                table.connection.execute(statement)
        table.note("faults", json.dumps([asdict(fault) for fault in faults]))
        table.note("made_of", made_of)
        table.connection.execute("COMMIT")


def faults_of(table: SpaceTable) -> tuple[Fault, ...]:
    """Return the faults that an index notes. Raises `sqlite3.DatabaseError` where they are damaged."""
    try:
        return tuple(_faults(table.noted("faults") or "[]"))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise sqlite3.DatabaseError(f"not faults of ours: {error}") from error


def _faults(text: str) -> Iterator[Fault]:
    for one in json.loads(text):
        yield Fault(**{**one, "keys": tuple(one["keys"])})

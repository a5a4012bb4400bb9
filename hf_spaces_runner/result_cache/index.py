"""Keeps which answers there are: a row is what makes the files of an answer one."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TypeVar

from hf_spaces_runner.result_cache.key import FORMAT

T = TypeVar("T")
MAX_ENTRIES = 10_000
"""So many answers at most, so that to look through all of them takes milliseconds."""

_BUSY_TIMEOUT_S = 5
_SCHEMA = """
CREATE TABLE answers (
    key TEXT PRIMARY KEY, folder TEXT NOT NULL, sha256 TEXT NOT NULL, size_bytes INTEGER NOT NULL,
    kept_at REAL NOT NULL, used_at REAL NOT NULL, sampling INTEGER NOT NULL
);
CREATE INDEX by_use ON answers (used_at, size_bytes);
CREATE INDEX by_age ON answers (kept_at)
"""
_TRANSIENT = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_INTERRUPT,
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept answer: the name of its folder, the hash of what says what is in there, and its size on the disk.

    Times in Unix seconds. `sampling`: the endpoint would have answered something else the next time.
    """

    key: str
    folder: str
    sha256: str
    size_bytes: int
    kept_at: float
    used_at: float
    sampling: bool


class Index:
    """The rows in the SQLite file `file`. A damaged one is begun anew: without its rows, files are nothing.

    Nothing waits for the disk: a power cut costs the index at worst, and each answer is checked anyway. A process that
    is killed costs nothing.

    Raises, from every method:
        OSError, sqlite3.Error: the file cannot be read or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def find(self, key: str) -> Entry | None:
        """Return the entry of `key`."""
        rows = self._read("SELECT * FROM answers WHERE key = ?", key)
        return rows[0] if rows else None

    def all(self) -> list[Entry]:
        """Return all entries, those that were not used for the longest time first."""
        return self._read("SELECT * FROM answers ORDER BY used_at")

    def touch(self, entry: Entry, used_at: float) -> None:
        """Note that `entry` is used at `used_at`."""
        statement = "UPDATE answers SET used_at = ? WHERE key = ? AND folder = ?"
        self._ask(lambda connection: connection.execute(statement, (used_at, entry.key, entry.folder)))

    def drop(self, entry: Entry) -> None:
        """Remove `entry`, unless another has taken its place."""
        statement = "DELETE FROM answers WHERE key = ? AND folder = ?"
        self._ask(lambda connection: connection.execute(statement, (entry.key, entry.folder)))

    def put(self, entry: Entry, *, max_bytes: int, kept_after: float) -> list[Entry]:
        """Add `entry` in place of the one that has its key; return those that had to go.

        These are that one, those that are older than `kept_after`, and those that were not used for the longest time as
        far as all together take more than `max_bytes` or are too many.
        """

        def write(connection: sqlite3.Connection) -> list[Entry]:
            connection.execute("BEGIN IMMEDIATE")
            going = _entries(connection, "SELECT * FROM answers WHERE key = ? OR kept_at < ?", entry.key, kept_after)
            _delete(connection, going)
            count, total = connection.execute("SELECT count(*), total(size_bytes) FROM answers").fetchone()
            spare_bytes, spare_places = max_bytes - total - entry.size_bytes, MAX_ENTRIES - count - 1
            unused = []
            with closing(connection.execute("SELECT * FROM answers ORDER BY used_at")) as rows:
                while (spare_bytes < 0 or spare_places < 0) and (row := rows.fetchone()) is not None:
                    unused.append(_entry(row))
                    spare_bytes, spare_places = spare_bytes + unused[-1].size_bytes, spare_places + 1
            _delete(connection, unused)
            connection.execute("INSERT INTO answers VALUES (?,?,?,?,?,?,?)", astuple(entry))
            connection.execute("COMMIT")
            return going + unused

        return self._ask(write)

    def _read(self, statement: str, *values: object) -> list[Entry]:
        if not self._file.exists():
            return []
        return self._ask(lambda connection: _entries(connection, statement, *values))

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return self._once(question)
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            if not _is_damage(error):
                raise
        for suffix in ("", "-journal"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self._file}{suffix}")  # noqa: PTH108 - no name of its own
        return self._once(question)

    def _once(self, question: Callable[[sqlite3.Connection], T]) -> T:
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
                _make(connection)
            return question(connection)


class _NoEntryError(sqlite3.DatabaseError):
    """A row is none of ours."""


def _entries(connection: sqlite3.Connection, statement: str, *values: object) -> list[Entry]:
    return [_entry(row) for row in connection.execute(statement, values)]


def _delete(connection: sqlite3.Connection, entries: list[Entry]) -> None:
    connection.executemany("DELETE FROM answers WHERE key = ?", [(entry.key,) for entry in entries])


def _entry(row: tuple[object, ...]) -> Entry:
    match row:
        case (str(key), str(folder), str(sha256), int(size), float(kept_at), float(used_at), int(sampling)) if (
            folder.isalnum() and size >= 0
        ):
            return Entry(key, folder, sha256, size, kept_at, used_at, bool(sampling))
    raise _NoEntryError


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return True
    return code is None or code & 0xFF not in _TRANSIENT


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")  # several processes may come first at the same time
    if connection.execute("PRAGMA user_version").fetchone() != (FORMAT,):
        connection.execute("DROP TABLE IF EXISTS answers")
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")

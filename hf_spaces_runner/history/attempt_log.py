"""Keeps how each attempt went, without anything that went in or came out."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from hf_spaces_runner.domain.result import Attempt, Status
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.circuit import NOT_ITS_FAULT

T = TypeVar("T")
_BUSY_TIMEOUT_S = 10
_VERSION = 1
_KEPT_S = 400 * 24 * 3600
_LATEST = 50
"""So many attempts of a Space count: what it did a year ago says little."""
_SCHEMA = """
CREATE TABLE attempts (
    at REAL NOT NULL, run_id TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, tier TEXT NOT NULL,
    status TEXT NOT NULL, verdict TEXT, pull_s REAL NOT NULL, wait_s REAL NOT NULL, start_s REAL NOT NULL,
    ready_s REAL NOT NULL, call_s REAL NOT NULL, peak_memory_bytes INTEGER
);
CREATE INDEX by_name ON attempts (name, at);
CREATE INDEX by_time ON attempts (at)
"""
_INSERT = "INSERT INTO attempts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_OF_ONE = "FROM attempts WHERE name = ? AND status <> 'skipped' AND typeof(at) = 'real'"
_SELECT = f"SELECT status, start_s + ready_s + call_s {_OF_ONE} ORDER BY at DESC, rowid DESC LIMIT ?"
_LATEST_ENDINGS = (
    f"SELECT at, status {_OF_ONE} AND kind = 'space'"
    f" AND (verdict IS NULL OR verdict NOT IN ({','.join('?' * len(NOT_ITS_FAULT))}))"
    " ORDER BY at DESC, rowid DESC LIMIT ?"
)
_NAMES = "SELECT DISTINCT name FROM attempts WHERE kind = 'space'"  # models do not rest
_ROWS = "SELECT * FROM attempts WHERE at >= ? AND (? IS NULL OR name = ?) ORDER BY at, rowid"


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRuns:
    """How the latest attempts of one Space went. `median_s` is that of those that succeeded, without pull and wait."""

    runs: int = 0
    succeeded: int = 0
    median_s: float | None = None


class AttemptLog:
    """The attempts in the SQLite file `file`. A damaged one is put aside, and another one begun.

    Raises, from every method:
        RunnerError: the file cannot be read or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def note(self, attempt: Attempt, *, run_id: str, tier: str, at: float) -> None:
        """Note an attempt that has ended at `at`, in Unix seconds."""
        timings = attempt.timings
        values = (at, run_id, attempt.kind, attempt.name, tier, attempt.status, attempt.verdict)
        phases = (timings.pull_s, timings.wait_s, timings.start_s, timings.ready_s, timings.call_s)
        row = (*values, *phases, attempt.peak_memory_bytes)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_INSERT, row)
            connection.execute("DELETE FROM attempts WHERE at < ?", (at - _KEPT_S,))
            connection.execute("COMMIT")

        self._ask(write, writes=True)

    def past_runs(self, names: Sequence[str]) -> dict[str, PastRuns]:
        """Return how the latest attempts of each of `names` went; those that were never tried are left out."""
        if not self._file.exists():
            return {}

        def read(connection: sqlite3.Connection) -> dict[str, list[tuple[str, float]]]:
            if _is_empty(connection):  # the first attempt is about to be noted
                return {}
            return {name: connection.execute(_SELECT, (name, _LATEST)).fetchall() for name in names}

        return {name: _summed(found) for name, found in self._ask(read).items() if found}

    def names(self) -> tuple[str, ...]:
        """Return the names of all Spaces that were ever tried."""
        if not self._file.exists():
            return ()

        def read(connection: sqlite3.Connection) -> list[tuple[str]]:
            return [] if _is_empty(connection) else connection.execute(_NAMES).fetchall()

        return tuple(row[0] for row in self._ask(read))

    def failures_in_a_row(self, names: Sequence[str]) -> dict[str, tuple[int, float]]:
        """Return how often each of `names` failed since it last answered, and when the last time was (Unix seconds).

        Those that did not fail are left out. `planning.circuit` says which failures count for nothing.
        """
        if not self._file.exists():
            return {}

        def read(connection: sqlite3.Connection) -> dict[str, list[tuple[float, str]]]:
            if _is_empty(connection):
                return {}
            ask = connection.execute
            return {name: ask(_LATEST_ENDINGS, (name, *NOT_ITS_FAULT, _LATEST)).fetchall() for name in names}

        counted = {name: _failures(rows) for name, rows in self._ask(read).items()}
        return {name: found for name, found in counted.items() if found is not None}

    def rows(self, *, since: float, name: str | None) -> list[tuple[Any, ...]]:
        """Return the attempts from `since` (Unix seconds) on, the oldest first, as the table's columns have them."""
        if not self._file.exists():
            return []

        def read(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
            return [] if _is_empty(connection) else connection.execute(_ROWS, (since, name, name)).fetchall()

        return self._ask(read)

    def _ask(self, question: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        try:
            try:
                return self._once(question, writes=writes)
            except sqlite3.OperationalError:
                raise
            except sqlite3.DatabaseError:
                self._put_aside()
                return self._once(question, writes=writes)
        except (OSError, sqlite3.Error) as error:
            raise RunnerError(
                f"{self._file}: the history of runs cannot be used: {error}",
                hint="see whether the disk is full; the file may be removed",
            ) from error

    def _once(self, question: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        if writes:
            self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(self._file, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            # Nobody waits for a disk to note a run: a killed process loses nothing so, and after a power cut a damaged
            # file is put aside.
            connection.execute("PRAGMA synchronous = OFF")
            if writes and _is_empty(connection):
                _make(connection)
            return question(connection)

    def _put_aside(self) -> None:
        for suffix in ("", "-wal", "-shm"):
            with suppress(OSError):
                Path(f"{self._file}{suffix}").replace(f"{self._file}{suffix}.damaged")


def _failures(rows: Sequence[tuple[float, str]]) -> tuple[int, float] | None:
    failed = list(takewhile(lambda row: row[1] == Status.FAILED, rows))
    return (len(failed), failed[0][0]) if failed else None


def _is_empty(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA user_version").fetchone() == (0,))


def _make(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")  # several processes may come first at the same time
    if _is_empty(connection):
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    connection.execute("COMMIT")


def _summed(rows: Sequence[tuple[str, float]]) -> PastRuns:
    times = [seconds for status, seconds in rows if status == Status.OK]
    return PastRuns(runs=len(rows), succeeded=len(times), median_s=median(times) if times else None)

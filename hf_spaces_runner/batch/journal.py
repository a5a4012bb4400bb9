"""Keeps what is done of a batch, so that a killed one goes on where it was."""

import sqlite3
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.errors import NoSpaceLeftError, RunnerError

GROUP_S = 0.25
GROUP_ITEMS = 256
_GROUP_BYTES = 4 * 1024**2
_WAITING_GROUPS = 4
_BUSY_TIMEOUT_S = 10
_KEY_BYTES = 16
_VERSION = 1
_SCHEMA = """CREATE TABLE items (
    key BLOB NOT NULL, number INTEGER NOT NULL, ok INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL,
    UNIQUE (key, number))"""
_INSERT = "INSERT OR REPLACE INTO items (key, number, ok, crc, body) VALUES (?, ?, ?, ?, ?)"
_FIND = "SELECT crc, body FROM items WHERE key = ? AND number = ?"
RESUME_HINT = "make room, then give the same command again: it goes on where it was"
_DAMAGED_HINT = "--no-resume puts it and the results aside and begins anew"
_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@dataclass(frozen=True, slots=True)
class _Finished:
    row: tuple[bytes, int, bool, int, bytes]
    then: Callable[[], object]


class Journal:
    """The journal of the batch in `folder`, which this process holds. Use it as a context manager, from any thread.

    An item is known by its key and by which item of this key it is: two equal rows are two items. What is finished is
    written in groups by a thread of the journal's own, each synced to the disk before anybody is told. Memory is flat
    in the number of items. At the end, also where that is an exception, all that is finished is written.

    Args:
        folder: the batch's.
        rerun_failed: forget those that failed, so that they are run again.

    Raises, from every method:
        NoSpaceLeftError: the disk is full; what was not durable is not in the journal, and all else stays.
        RunnerError: the journal is damaged, cannot be written, or was made by another version.
    """

    def __init__(self, folder: BatchFolder, *, rerun_failed: bool = False) -> None:
        self._file = folder.journal
        self._changed = threading.Condition()
        self._claiming = threading.Lock()
        self._pending: list[_Finished] = []
        self._pending_bytes = 0
        self._writing = False
        self._hurry = False
        self._closing = False
        self._failure: BaseException | None = None
        with self._errors(), ExitStack() as made:
            self._writer = made.enter_context(closing(_connected(self._file)))
            _prepare(self._writer, self._file)
            if rerun_failed:
                self._writer.execute("DELETE FROM items WHERE NOT ok")
            self.known_before = int(self._writer.execute("SELECT count(*) FROM items").fetchone()[0])
            self._reader = made.enter_context(closing(_connected(self._file)))
            self._seen = made.enter_context(closing(_Seen(folder.state / "seen.sqlite")))
            self._connections = made.pop_all()
        self._thread = threading.Thread(target=self._write_groups, name="hfsr-journal", daemon=True)
        self._thread.start()

    @classmethod
    def open(cls, folder: BatchFolder, *, rerun_failed: bool = False) -> Self:
        """Return the journal of `folder`; see the class."""
        return cls(folder, rerun_failed=rerun_failed)

    def claim(self, key: str) -> tuple[int, bytes | None]:
        """Return which item of this `key` this is, from 0, and the body that an earlier run finished, or None.

        Call it once for each item, in the order of the input.
        """
        self._check()
        short = blake2b(key.encode(), digest_size=_KEY_BYTES).digest()
        with self._claiming, self._errors():
            number = self._seen.count(short)
            found = self._reader.execute(_FIND, (short, number)).fetchone() if self.known_before else None
        if found is None:
            return number, None
        crc, body = found
        if not isinstance(body, bytes) or crc != zlib.crc32(body, zlib.crc32(short)):
            raise self._damaged("an entry is not what was written")
        return number, body

    def finish(
        self, key: str, number: int, body: bytes, *, ok: bool, then: Callable[[], object] = lambda: None
    ) -> None:
        """Note that the item which `claim` called `number` is done; `then` is called once that is on the disk.

        `then` is called from the journal's thread, in the order in which items were finished; a RunnerError of it
        counts as one of the journal's. This waits while the disk is slower than the items come.
        """
        short = blake2b(key.encode(), digest_size=_KEY_BYTES).digest()
        one = _Finished((short, number, ok, zlib.crc32(body, zlib.crc32(short)), body), then)
        with self._changed:
            self._changed.wait_for(self._has_room)
            self._check()
            if self._closing:
                raise RuntimeError("the journal is closed")
            self._pending.append(one)
            self._pending_bytes += len(body)
            if len(self._pending) == 1 or self._group_is_full():
                self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all that is finished is on the disk and its `then` was called."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._failure is not None or not (self._pending or self._writing))
            self._hurry = False
        self._check()

    def close(self) -> None:
        """Write what is finished, and let go of the files."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        with self._claiming:
            self._connections.close()
        self._check()

    def __enter__(self) -> Self:
        """Return the journal."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it; an exception that is on its way already goes first."""
        try:
            self.close()
        except RunnerError:
            if error is None:
                raise

    def _has_room(self) -> bool:
        waits = len(self._pending) < _WAITING_GROUPS * GROUP_ITEMS
        return self._failure is not None or (waits and self._pending_bytes < _WAITING_GROUPS * _GROUP_BYTES)

    def _group_is_full(self) -> bool:
        return len(self._pending) >= GROUP_ITEMS or self._pending_bytes >= _GROUP_BYTES

    def _write_groups(self) -> None:
        while group := self._next_group():
            try:
                with self._errors():
                    self._writer.execute("BEGIN IMMEDIATE")
                    self._writer.executemany(_INSERT, [one.row for one in group])
                    self._writer.execute("COMMIT")
                for one in group:
                    one.then()
            except RunnerError as error:
                self._fail(error)
                return
            except BaseException as error:  # a bug, which the main thread must hear of, too
                self._fail(error)
                raise
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next_group(self) -> Sequence[_Finished]:
        """Return what shall be written together; nothing when the journal is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._pending or self._closing)
            self._changed.wait_for(lambda: self._group_is_full() or self._hurry or self._closing, timeout=GROUP_S)
            group, self._pending, self._pending_bytes = self._pending, [], 0
            self._writing = bool(group)
            self._changed.notify_all()
            return group

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = error
            self._writing = False
            self._changed.notify_all()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with disk_errors(self._file.parent):
                yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
            if code in _FULL:
                raise NoSpaceLeftError(
                    f"no space left for {self._file}, or a quota or limit is reached: {error}", hint=RESUME_HINT
                ) from error
            if code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ:
                raise self._damaged(str(error)) from error
            raise RunnerError(f"{self._file}: the journal cannot be used: {error}", hint=_DAMAGED_HINT) from error

    def _damaged(self, why: str) -> RunnerError:
        message = f"{self._file}: the journal of this batch is damaged: {why}"
        return RunnerError(message, hint=_DAMAGED_HINT, verdict="journal_damaged")


class _Seen:
    """Counts how often each key came in this run, in a file, since there may be millions; it is worth nothing later."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.unlink(missing_ok=True)
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        for statement in (
            "PRAGMA journal_mode = OFF",
            "PRAGMA synchronous = OFF",
            "PRAGMA locking_mode = EXCLUSIVE",
            "CREATE TABLE seen (key BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",  # for ever: it is never read again
        ):
            self._connection.execute(statement)

    def count(self, key: bytes) -> int:
        """Return how often `key` came before."""
        found = self._connection.execute("SELECT times FROM seen WHERE key = ?", (key,)).fetchone()
        times = found[0] if found else 0
        self._connection.execute("INSERT OR REPLACE INTO seen VALUES (?, ?)", (key, times + 1))
        return int(times)

    def close(self) -> None:
        self._connection.close()
        self._file.unlink(missing_ok=True)


def _connected(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_SCHEMA)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
        connection.execute("COMMIT")
    elif version != _VERSION:
        raise RunnerError(f"{file} was made by another version of hfsr", hint=_DAMAGED_HINT)

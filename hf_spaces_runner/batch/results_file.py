"""Writes results.jsonl and failed.jsonl, a line an item, and mends what a killed run left of them."""

import os
import stat
import tempfile
import threading
from collections import deque
from contextlib import suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.item_json import failed_row, item_line
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.errors import RunnerError, UsageError

_HINT = "give the same command again, it goes on where it was; or name another folder with -o"
_IN_MEMORY_BYTES = 16 * 1024**2


class ResultsFile:
    """The results of the batch in `folder`. Use it as a context manager, from any thread.

    Whoever reads the items calls `expect` for each before it is run, and `add` is called once it is durable (see
    `Journal.finish`), or at once where an earlier run finished it. Neither ever waits for another item: how many may be
    run ahead of one that takes long is for the pool to say, and what waits here is in a file where it is large.

    What is in the files already is compared with what is to be written, and kept as long as it is the same: a resumed
    batch goes on where the file was, a torn last line is cut off, and a batch that is ended while it looks over what is
    done leaves the file as long as it was.

    Args:
        folder: the batch's, held by this process.
        in_order: in the order in which items were expected; else as they are added.
        in_memory_bytes: what the lines of items that wait for earlier ones may take in memory.
    """

    def __init__(self, folder: BatchFolder, *, in_order: bool = True, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        self._in_order = in_order
        self._lock = threading.Lock()
        self._expected: deque[int] = deque()
        self._waiting = _WaitingLines(folder.state, in_memory_bytes)
        self._ended = False
        self._results = _LineFile(folder.results)
        self._failed = _LineFile(folder.failed)
        self.written = 0
        self.failed = 0

    def expect(self, index: int) -> None:
        """Keep the place of the item `index`, after those that were expected before."""
        if self._in_order:
            with self._lock:
                self._expected.append(index)

    def add(self, item: Item, body: bytes) -> None:
        """Write what became of `item`, when its turn comes.

        Raises:
            UsageError: a file cannot be written.
            NoSpaceLeftError: the disk is full. No half of a line is left.
        """
        lines = item_line(item, body), failed_row(item, body)
        with self._lock:
            if not self._in_order or (self._expected and self._expected[0] == item.index):
                if self._in_order:
                    self._expected.popleft()
                self._write(*lines)
            else:
                self._waiting.put(item.index, *lines)
            while self._expected and self._expected[0] in self._waiting:
                self._write(*self._waiting.take(self._expected.popleft()))

    def close(self, *, whole: bool) -> None:
        """Write what waits for others that will not come, and sync the files. A second time it does nothing.

        Args:
            whole: all items of the batch were added, so whatever else stands in the files is of another batch.

        Raises:
            UsageError, NoSpaceLeftError: see `add`.
        """
        with self._lock:
            if self._ended:
                return
            self._ended = True
            try:
                if whole or not self._results.holds_more:
                    for index in self._expected:
                        if index in self._waiting:
                            self._write(*self._waiting.take(index))
                self._results.end(whole=whole, needed=True)
                self._failed.end(whole=whole, needed=False)
            finally:
                self._results.close()
                self._failed.close()
                self._waiting.close()

    def __enter__(self) -> Self:
        """Return the file."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it, unless that is done; after an exception, which goes first, the batch is not whole."""
        try:
            self.close(whole=error is None)
        except RunnerError:
            if error is None:
                raise

    def _write(self, line: bytes, row: bytes | None) -> None:
        self._results.write(line)
        self.written += 1
        if row is not None:
            self._failed.write(row)
            self.failed += 1


class _WaitingLines:
    """Lines of items that wait for their turn: in memory up to a size, beyond it in a file that nobody else sees."""

    def __init__(self, folder: Path, in_memory_bytes: int) -> None:
        self._folder = folder
        self._room = in_memory_bytes
        self._held: dict[int, tuple[bytes, bytes | None]] = {}
        self._spilled: dict[int, tuple[int, int, int]] = {}
        self._file: IO[bytes] | None = None

    def __contains__(self, index: int) -> bool:
        return index in self._held or index in self._spilled

    def put(self, index: int, line: bytes, row: bytes | None) -> None:
        size = len(line) + len(row or b"")
        if size <= self._room:
            self._room -= size
            self._held[index] = line, row
            return
        with disk_errors(self._folder, _HINT):
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by `close`
            start = self._file.seek(0, os.SEEK_END)
            self._file.write(line + (row or b""))
            self._spilled[index] = start, len(line), len(row or b"")

    def take(self, index: int) -> tuple[bytes, bytes | None]:
        if index in self._held:
            line, row = self._held.pop(index)
            self._room += len(line) + len(row or b"")
            return line, row
        start, line_bytes, row_bytes = self._spilled.pop(index)
        assert self._file is not None  # noqa: S101 - it was spilled
        with disk_errors(self._folder, _HINT):
            self._file.seek(start)
            lines = self._file.read(line_bytes), self._file.read(row_bytes) or None
            if not self._spilled:
                self._file.seek(0)
                self._file.truncate()
            return lines

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class _LineFile:
    """A file of lines, each written with one call, so that readers see whole ones. It is opened by the first line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: FileIO | None = None
        self._end = 0
        self._comparing = True

    @property
    def holds_more(self) -> bool:
        """Whether all lines so far were in the file already, and others follow there."""
        if not self._comparing:
            return False
        with disk_errors(self._path, _HINT):
            return os.fstat(self._opened().fileno()).st_size > self._end

    def write(self, line: bytes) -> None:
        with disk_errors(self._path, _HINT):
            file = self._opened()
            if self._comparing and file.read(len(line)) != line:
                self._comparing = False
                file.truncate(self._end)
                file.seek(self._end)
            if not self._comparing:
                _write_all(file, line, self._end)
            self._end += len(line)

    def end(self, *, whole: bool, needed: bool) -> None:
        """Sync the file; if it is `whole`, cut off what follows, or remove it where it is empty and not `needed`."""
        with disk_errors(self._path, _HINT):
            if whole and not needed and not self._end:
                self._path.unlink(missing_ok=True)
                return
            if self._file is None and not needed:
                return
            file = self._opened()
            if whole:
                file.truncate(self._end)
            os.fsync(file.fileno())

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _opened(self) -> FileIO:
        if self._file is None:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            file = FileIO(os.open(self._path, flags, 0o666), "r+")
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                file.close()
                raise UsageError(f"{self._path} is no regular file", hint=_HINT)
            self._file = file
        return self._file


def _write_all(file: FileIO, line: bytes, start: int) -> None:
    """Write `line` at `start`, whole or not at all."""
    left = memoryview(line)
    try:
        while left:
            left = left[file.write(left) :]
    except BaseException:
        with suppress(OSError):
            file.truncate(start)
            file.seek(start)
        raise

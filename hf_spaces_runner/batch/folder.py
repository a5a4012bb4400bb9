"""Holds the output folder of a batch for one process at a time, and knows what lies where in it."""

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath

from filelock import FileLock, Timeout

from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

_HINT = "name another folder with -o"
_OURS_HINT = "name another folder with -o, or move that file away; --no-resume puts it aside, nothing of it is lost"
_HELD_HINT = "wait for it or end it; or name another folder with -o"
_INPUT_HINT = "--rerun-failed runs those again that failed; or name another folder with -o"
_KEY_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class BatchFolder:
    """The places in the output folder `root` of a batch."""

    root: Path

    @property
    def results(self) -> Path:
        """One line an item."""
        return self.root / "results.jsonl"

    @property
    def failed(self) -> Path:
        """The items that failed, as rows that can be given as input again; there only if some did."""
        return self.root / "failed.jsonl"

    @property
    def summary(self) -> Path:
        """One JSON object about the whole batch."""
        return self.root / "summary.json"

    @property
    def files(self) -> Path:
        """The files that items brought."""
        return self.root / "files"

    @property
    def items(self) -> Path:
        """With --item-dirs, a folder an item."""
        return self.root / "items"

    @property
    def state(self) -> Path:
        """What is ours alone: the journal and the lock."""
        return self.root / ".hfsr"

    @property
    def journal(self) -> Path:
        """Which items are done, and how they ended."""
        return self.state / "journal.sqlite"

    def files_of(self, item_id: str, key: str, number: int) -> Path:
        """Return the folder for the files of the item `item_id`, whose `key` is claimed for the `number`th time.

        The index is not part of its name: the same item may have another one when the batch is run again, and the
        files that were written for the first run must stay where its results say.
        """
        again = f"-{number}" if number else ""
        return self.files / f"{safe_name(item_id, 'item')[:60].rstrip('. ')}.{key[:_KEY_CHARACTERS]}{again}"

    def has(self, files: Iterable[tuple[str, int]]) -> bool:
        """Whether `files`, paths in this folder with their sizes in bytes, are still here and whole.

        A journal may be somebody else's: a path that leads out of the folder is none that this batch wrote.
        """
        for path, size_bytes in files:
            if PurePath(path).is_absolute() or ".." in PurePath(path).parts:
                return False
            try:
                found = (self.root / path).lstat()
            except (OSError, ValueError):
                return False
            if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
                return False
        return True

    def refuse_as_input(self, paths: Iterable[Path]) -> None:
        """Refuse `paths` that name a file which this batch writes: it would be read while it is written over.

        Raises:
            UsageError: one of them is such a file.
        """
        for path in paths:
            for ours in (self.results, self.failed, self.summary):
                with suppress(OSError, ValueError):
                    if path.samefile(ours):
                        raise UsageError(f"{one_line(str(path))} is written by this batch itself", hint=_INPUT_HINT)

    def note_batch(self, what: str) -> str | None:
        """Note that the batch of this folder is `what`, and return what it was before; None where it is the same.

        Raises:
            UsageError: it cannot be written.
            NoSpaceLeftError: the disk is full.
        """
        file = self.state / "batch.txt"
        before = None
        with suppress(OSError, ValueError):
            before = file.read_text(encoding="utf-8")
        if before != what:
            with disk_errors(file, _HINT):
                write_whole(file, what)
        return None if before in {None, what} else before

    def write_summary(self, summary: Mapping[str, object]) -> None:
        """Write summary.json, whole or not at all.

        Raises:
            UsageError: it cannot be written.
            NoSpaceLeftError: the disk is full.
        """
        with disk_errors(self.summary, _HINT):
            write_whole(self.summary, json.dumps(summary, indent=2) + "\n")


@contextmanager
def hold_batch_folder(
    root: Path, *, command: str, fresh: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Iterator[BatchFolder]:
    """Hold the output folder `root`, which is made if it is not there, for this process.

    The lock is the kernel's, so it is free again however its holder ends. What others keep in the folder stays.

    Args:
        root: the folder.
        command: what this process does, for whoever finds the folder held; secrets do not belong there.
        fresh: begin anew: what an earlier batch left is put aside, into `previous-1` or the next that is free.
        now: the time.

    Raises:
        UsageError: another process holds it (verdict `folder_busy`); it holds results that no journal of ours speaks
            of; or it cannot be written.
        NoSpaceLeftError: the disk is full.
    """
    folder = BatchFolder(root)
    holder = folder.state / "holder.json"
    lock = FileLock(folder.state / "lock")
    with disk_errors(root, _HINT):
        folder.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise UsageError(
                f"{root} is held by {_read_holder(holder)}", hint=_HELD_HINT, verdict="folder_busy"
            ) from None
    try:
        with disk_errors(root, _HINT):
            said = {"pid": os.getpid(), "command": command, "since": now().isoformat(timespec="seconds")}
            write_whole(holder, json.dumps(said))
            if fresh:
                _put_aside(folder)
        _refuse_what_is_not_ours(folder)
        yield folder
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path`, so that nobody ever sees half of it; in place of what was there, a link included.

    Raises:
        OSError: it cannot be written; then `path` is as it was.
    """
    half = path.with_name(f".{path.name}.half")  # whoever writes here holds the folder
    try:
        half.unlink(missing_ok=True)
        with half.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    except BaseException:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise


def _read_holder(file: Path) -> str:
    try:
        said = json.loads(file.read_bytes())
        return f"process {int(said['pid'])} ({one_line(str(said['command']))}) since {one_line(str(said['since']))}"
    except (OSError, ValueError, KeyError, TypeError):  # it began or ends just now
        return "another process"


def _refuse_what_is_not_ours(folder: BatchFolder) -> None:
    if _size(folder.journal):
        return
    for path in (folder.results, folder.failed, folder.summary):
        if os.path.lexists(path):
            raise UsageError(f"{path} is there already, and no batch of ours is known to have made it", hint=_OURS_HINT)


def _put_aside(folder: BatchFolder) -> None:
    """Move what an earlier batch left into a folder of its own, where the paths in its results still hold.

    The journal goes last: whoever is killed before that has results without files, which are then done again, and
    never results without a journal, which would be refused.
    """
    going = [folder.results, folder.failed, folder.summary]
    if _size(folder.journal):
        _fold(folder.journal)
        journal = [folder.journal.with_name(f"{folder.journal.name}{suffix}") for suffix in ("-wal", "-shm", "")]
        going += [folder.files, folder.items, *journal]
    there = [path for path in going if os.path.lexists(path)]
    if there:
        target = _free_folder(folder.root)
        for path in there:
            path.rename(target / path.name)


def _free_folder(root: Path) -> Path:
    number = 1
    while True:
        target = root / f"previous-{number}"
        try:
            target.mkdir()
        except FileExistsError:
            number += 1
        else:
            return target


def _fold(journal: Path) -> None:
    """Bring the journal into one file; a damaged one is moved as it is."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(journal, timeout=1)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.lstat().st_size
    return 0

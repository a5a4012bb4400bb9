"""Keeps answers for those who ask the same again, in files that nobody trusts, up to a size and an age."""

import errno
import hashlib
import os
import secrets
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.result_cache.answer_json import read_answer, write_answer
from hf_spaces_runner.result_cache.index import Entry, Index

_ANSWER = "answer.json"
_BLOCK_BYTES = 4096
_ORPHANED_S = 3600.0
_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_NO_JSON = (TypeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedAnswer:
    """An answer from the cache; its files are copies. `kept_at` in Unix seconds."""

    answer: Answer
    kept_at: float


class ResultCache:
    """The answers in `folder`, each a folder of its own with the answer as JSON and its files by number.

    An answer is there once its row is in the index, and what is read must have the hash that was noted: whatever
    crashes, is cut off or is changed by hand is a miss. Several processes may use it at once. `find` and `keep` raise
    nothing: without a cache, Spaces are asked.

    Args:
        folder: readable by nobody else.
        max_bytes: what all answers may take on the disk.
        max_age_s: after how many seconds an answer counts no more.
        warn: called once at most, with a sentence that says why nothing is kept.
        now: the time in Unix seconds.
    """

    def __init__(
        self,
        folder: Path,
        *,
        max_bytes: int,
        max_age_s: float,
        warn: Callable[[str], object] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._folder = folder
        self._answers = folder / "answers"
        self._index = Index(folder / "index.sqlite")
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._warn = warn
        self._now = now
        self._warned = False

    def find(self, key: str, scratch: Path, *, sampled: bool = False) -> CachedAnswer | None:
        """Return the answer that is kept under `key`, with copies of its files in a new folder in `scratch`.

        Args:
            key: see `cache_key`.
            scratch: a folder of the run's.
            sampled: whether one of many answers that the endpoint could have given will do.
        """
        try:
            for _ in range(2):  # somebody else may put a new one in its place while it is read
                entry = self._index.find(key)
                if entry is None or (entry.sampling and not sampled):
                    return None
                answer = self._copied(entry, scratch) if self._is_young(entry) else None
                if answer is not None:
                    with suppress(OSError, sqlite3.Error):
                        self._index.touch(entry, self._now())
                    return CachedAnswer(answer=answer, kept_at=entry.kept_at)
                self._index.drop(entry)
                self._remove([entry])
        except (OSError, sqlite3.Error) as error:
            self._complain(error)
        return None

    def keep(self, key: str, answer: Answer, *, sampling: bool = False) -> bool:
        """Keep `answer` with copies of its files under `key`; return whether that was possible.

        Call it before the files are moved anywhere. One that is larger than the cache may be is not kept.
        """
        name = secrets.token_hex(16)
        try:
            size_bytes = _size_of(answer)
            if size_bytes > self._max_bytes:
                return False
            self._make_folders()
            written = self._write(self._answers / name, answer)
            now = self._now()
            if written is None or size_bytes + _on_disk(len(written)) > self._max_bytes:
                shutil.rmtree(self._answers / name, ignore_errors=True)
                return False
            sha256 = hashlib.sha256(written).hexdigest()
            entry = Entry(key, name, sha256, size_bytes + _on_disk(len(written)), now, now, sampling)
            self._remove(self._index.put(entry, max_bytes=self._max_bytes, kept_after=now - self._max_age_s))
            self._sweep()
        except (OSError, sqlite3.Error) as error:
            shutil.rmtree(self._answers / name, ignore_errors=True)
            self._complain(error)
            return False
        except BaseException:
            shutil.rmtree(self._answers / name, ignore_errors=True)
            raise
        return True

    def entries(self) -> tuple[Entry, ...]:
        """Return what is kept, what was not used for the longest time first.

        Raises:
            OSError, sqlite3.Error: the index cannot be read.
        """
        return tuple(self._index.all())

    def remove(self, entries: Iterable[Entry]) -> None:
        """Remove `entries`, as `entries()` returned them.

        Raises:
            OSError, sqlite3.Error: the index cannot be written.
        """
        going = list(entries)
        for entry in going:
            self._index.drop(entry)
        self._remove(going)

    def empty(self) -> None:
        """Remove everything, also what is damaged or was never finished."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _is_young(self, entry: Entry) -> bool:
        return -_ORPHANED_S <= self._now() - entry.kept_at < self._max_age_s

    def _write(self, folder: Path, answer: Answer) -> bytes | None:
        """Write `answer` into `folder`, and return it as JSON; None where it is none."""
        folder.mkdir(mode=0o700)
        hashes: list[str] = []
        for output in answer.outputs:
            for file in output.files:
                target = folder / str(len(hashes))
                hashes.append(_copy(file.path, target))
                target.chmod(0o600)
        try:
            raw = write_answer(answer, hashes)
        except _NO_JSON:
            return None
        opened = os.open(folder / _ANSWER, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with open(opened, "wb") as writer:  # noqa: PTH123 - with a mode
            writer.write(raw)
        return raw

    def _copied(self, entry: Entry, scratch: Path) -> Answer | None:
        """Return the answer of `entry`; None where it is not what was kept."""
        target = Path(tempfile.mkdtemp(prefix="cached-", dir=scratch))
        answer = None
        try:
            folder = self._answers / entry.folder
            with _opened(folder / _ANSWER, most_bytes=entry.size_bytes) as reader:
                raw = reader.read()
            if hashlib.sha256(raw).hexdigest() != entry.sha256:
                return None
            kept = read_answer(raw)
            paths: list[Path] = []
            for number, file in enumerate(file for files in kept.files for file in files):
                paths.append(target / str(number))
                if _copy(folder / str(number), paths[-1], most_bytes=entry.size_bytes) != file.sha256:
                    return None
            answer = kept.with_files(paths)
        except (*_NO_JSON, KeyError):
            return None
        except OSError as error:
            if error.errno in _DISK_FULL:  # the scratch directory's, so the answer is as good as before
                raise
            return None
        finally:
            if answer is None:
                shutil.rmtree(target, ignore_errors=True)
        return answer

    def _make_folders(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        self._answers.mkdir(mode=0o700, exist_ok=True)

    def _remove(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            shutil.rmtree(self._answers / entry.folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Once an hour, remove the folders that no row names: what killed processes left."""
        stamp = self._folder / "swept"
        now = self._now()
        with suppress(FileNotFoundError):
            if 0 <= now - stamp.stat().st_mtime < _ORPHANED_S:
                return
        stamp.touch(mode=0o600)
        os.utime(stamp, (now, now))
        known = {entry.folder for entry in self._index.all()}
        for folder in [folder for folder in self._answers.iterdir() if folder.name not in known]:
            with suppress(FileNotFoundError):
                if now - folder.stat().st_mtime > _ORPHANED_S:  # a younger one is being written
                    shutil.rmtree(folder, ignore_errors=True)

    def _complain(self, error: Exception) -> None:
        if not self._warned:
            self._warned = True
            self._warn(f"{self._folder}: answers cannot be kept there or found again: {error}")


def _size_of(answer: Answer) -> int:
    """Return what the files of `answer` and their folder take on a disk."""
    sizes = [file.path.stat().st_size for output in answer.outputs for file in output.files]
    return sum(map(_on_disk, sizes), _BLOCK_BYTES)


def _on_disk(size_bytes: int) -> int:
    return -(-size_bytes // _BLOCK_BYTES) * _BLOCK_BYTES


def _copy(source: Path, target: Path, *, most_bytes: int | None = None) -> str:
    """Copy the regular file `source`, and return the hash of the copy: `source` may change meanwhile.

    Raises `ValueError` as `_opened` does.
    """
    with _opened(source, most_bytes=most_bytes) as reader, target.open("x+b") as writer:
        shutil.copyfileobj(reader, writer, 1024**2)
        writer.seek(0)
        return hashlib.file_digest(writer, "sha256").hexdigest()


def _opened(path: Path, *, most_bytes: int | None = None) -> BinaryIO:
    """Open `path`, which is no link; a pipe in its place is read as empty, not waited for.

    Raises:
        ValueError: it is larger than `most_bytes`: it was changed, and may fill the memory or the disk.
    """
    opened = open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")  # noqa: PTH123, SIM115
    if most_bytes is not None and os.fstat(opened.fileno()).st_size > most_bytes:
        opened.close()
        raise ValueError("it is larger than it was")
    return opened

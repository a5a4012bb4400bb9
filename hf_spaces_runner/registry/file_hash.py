"""Hashes files, each once: the hash of a large one is kept with all that would change if the file did."""

import hashlib
import os
import stat
import time
from pathlib import Path

from hf_spaces_runner.domain.space_source import SourceFile
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.snapshot import Snapshots

HEAD_BYTES = 256 * 1024
_LARGE_BYTES = 4 * 1024**2
_PIECE_BYTES = 1024**2
_SETTLED_NS = 2_000_000_000
"""A file that was changed later than this long ago may be changed again within the same tick of the file system."""
_VERSION = 1


class LargeFileHashes:
    """The hashes of the large files of one folder, from one run to the next."""

    def __init__(self, root: str, snapshots: Snapshots | None) -> None:
        self._name = f"hashes of {root}"
        self._snapshots = snapshots
        self._before: dict[str, list[object]] | None = None
        self._now: dict[str, list[object]] = {}

    def find(self, path: str, status: os.stat_result) -> str | None:
        """Return the hash of the file at `path` if it was kept when the file was as `status` says."""
        if self._snapshots is None:
            return None
        if self._before is None:
            known = self._snapshots.find(self._name, _VERSION)
            self._before = known if isinstance(known, dict) else {}
        entry = self._before.get(path)
        if isinstance(entry, list) and len(entry) > 1 and entry[1:] == _marks(status) and isinstance(entry[0], str):
            self._now[path] = entry
            return entry[0]
        return None

    def note(self, path: str, status: os.stat_result, sha256: str) -> None:
        """Remember that hash, unless the file has just been written."""
        if max(status.st_ctime_ns, status.st_mtime_ns) < time.time_ns() - _SETTLED_NS:
            self._now[path] = [sha256, *_marks(status)]

    def keep(self) -> None:
        """Write down what was found if it is not what was known."""
        if self._snapshots is not None and self._now != (self._before or {}):
            self._snapshots.keep(self._name, _VERSION, self._now)


def hash_file(path: str, hashes: LargeFileHashes | None = None) -> tuple[SourceFile, bytes]:
    """Return the regular file at `path` with its hash, and what it begins with.

    Raises:
        InvalidRegistryError: it cannot be read, or is no regular file.
    """
    try:
        # A link or a pipe may stand there since the folder was listed.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise InvalidRegistryError(f"{path}: is not a regular file")
            head = os.read(descriptor, min(HEAD_BYTES, status.st_size + 1))  # all at once for most
            sha256 = _sha256(path, descriptor, status, head, hashes)
            executable = bool(status.st_mode & stat.S_IXUSR)
            return SourceFile(path=Path(path), sha256=sha256, executable=executable), head
        finally:
            os.close(descriptor)
    except OSError as error:
        raise InvalidRegistryError(f"{path}: cannot be read: {error.strerror}") from error


def hash_text(text: str) -> str:
    """Return the sha256 (hexadecimal) of a text that stands in a name, and so may hold any bytes."""
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _sha256(path: str, descriptor: int, status: os.stat_result, head: bytes, hashes: LargeFileHashes | None) -> str:
    if len(head) == status.st_size < HEAD_BYTES:
        return hashlib.sha256(head).hexdigest()
    is_large = hashes is not None and status.st_size >= _LARGE_BYTES
    known = hashes.find(path, status) if hashes is not None and is_large else None
    if known is not None:
        return known
    digest = hashlib.sha256(head)
    while piece := os.read(descriptor, _PIECE_BYTES):
        digest.update(piece)
    if hashes is not None and is_large:
        hashes.note(path, status, digest.hexdigest())
    return digest.hexdigest()


def _marks(status: os.stat_result) -> list[object]:
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]

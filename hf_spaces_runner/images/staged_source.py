"""Keeps a copy of a Space's source for containers to look at: what its image would hold, and nothing else.

A mount of the folder itself would show a Space, which may be hostile, all that lies there: `.env`, `.git`, keys, and
what a link leads to the moment after it was looked at.
"""

import errno
import hashlib
import os
import shutil
import stat
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from hf_spaces_runner.errors import BuildError, NoSpaceLeftError

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_SETTLED_NS = 100_000_000
"""A file that was written just before it was copied may be written again within the same tick of its disk's clock."""
_Mark = tuple[str, int, int, int, int]


class StagedSource:
    """A copy of a source in `folder`, which is made; its parent keeps other users out.

    Everybody may read the copies, as in an image: the user of the container is another one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "source"
        self._new = folder / "new"
        self._marks: dict[str, _Mark | None] = {}
        folder.mkdir(mode=0o700)
        self.folder.mkdir()
        self.folder.chmod(0o755)

    def sync(self, files: Mapping[str, Path]) -> None:
        """Let the copy be `files`, paths by their names inside the source; only what has changed is copied.

        A copy takes the place of the one before in one step, so nobody reads half a file.

        Raises:
            BuildError: a file cannot be read.
            NoSpaceLeftError: the disk is full.
        """
        for name in self._marks.keys() - files.keys():
            self._remove(name)
        name = ""
        try:
            for name, path in files.items():
                mark = _mark_of(path)
                if self._marks.get(name) != mark:
                    self._copy(name, path)
                    is_settled = time.time_ns() - mark[3] > _SETTLED_NS
                    self._marks[name] = mark if is_settled else None
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise NoSpaceLeftError(f"no space left for a copy of the source, in {self.folder}") from error
            raise BuildError(f"cannot read {files[name]}: {error.strerror}", hint="make the file readable") from error

    def _copy(self, name: str, path: Path) -> None:
        target = self.folder / name
        folder = self.folder
        for part in Path(name).parts[:-1]:
            folder /= part
            if not folder.is_dir():
                folder.mkdir()
                folder.chmod(0o755)
        with path.open("rb") as source, self._new.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1024**2)
            executable = os.fstat(source.fileno()).st_mode & stat.S_IXUSR
        self._new.chmod(0o755 if executable else 0o644)
        self._new.replace(target)

    def _remove(self, name: str) -> None:
        target = self.folder / name
        target.unlink(missing_ok=True)
        del self._marks[name]
        with suppress(OSError):  # the first that is not empty
            for folder in target.relative_to(self.folder).parents[:-1]:
                (self.folder / folder).rmdir()


def digests_of(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the hashes (sha256, hexadecimal) of `files`, paths by name.

    Raises:
        BuildError: one cannot be read.
    """
    path: Path | None = None
    found: dict[str, str] = {}
    try:
        for name, path in files.items():
            with path.open("rb") as file:
                found[name] = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BuildError(f"cannot read {path}: {error.strerror}", hint="make the file readable") from error
    return found


def _mark_of(path: Path) -> _Mark:
    found = path.stat()
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns, found.st_mode

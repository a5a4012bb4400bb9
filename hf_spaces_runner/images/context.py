"""Packs what the engine needs for a build into one archive: the Dockerfile and the files of the plan."""

import errno
import io
import stat
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.errors import BuildError, NoSpaceLeftError

_DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def build_context(plan: BuildPlan) -> Iterator[IO[bytes]]:
    """Yield the archive as an unnamed temporary file, which is gone afterwards.

    Owner, times and modes are always the same, so the engine's cache knows an unchanged file again.

    Raises:
        BuildError: a file of the plan cannot be read.
        NoSpaceLeftError: the disk for temporary files is full.
    """
    with _closing(tempfile.TemporaryFile(prefix="hfsr-build-")) as archive:
        path: Path | None = None
        try:
            # GNU's format keeps names that are not UTF-8 as the bytes that they are.
            with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
                _add_bytes(tar, "Dockerfile", plan.dockerfile.encode())
                for name, path in plan.files.items():
                    _add_file(tar, name, path)
                for name, target in plan.links.items():
                    _add_link(tar, name, target)
        except OSError as error:
            if error.errno in _DISK_FULL:
                raise NoSpaceLeftError("no space left for the build context, on the disk of temporary files") from error
            raise BuildError(
                f"cannot read {path} for the build of {plan.tag}: {error.strerror}", hint="make the file readable"
            ) from error
        archive.seek(0)
        yield archive


@contextmanager
def _closing(file: IO[bytes]) -> Iterator[IO[bytes]]:
    try:
        yield file
    finally:
        with suppress(OSError):  # what a full disk has not taken is tried once more
            file.close()


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    tar.addfile(entry, io.BytesIO(content))


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    with path.open("rb") as file:
        entry = tar.gettarinfo(arcname=name, fileobj=file)
        entry.name, entry.type, entry.linkname = name, tarfile.REGTYPE, ""
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        entry.mode = 0o755 if entry.mode & stat.S_IXUSR else 0o644
        tar.addfile(entry, file)


def _add_link(tar: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, target, 0o777
    tar.addfile(entry)

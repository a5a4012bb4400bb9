"""Moves the files of an answer from the scratch directory into the user's folder."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.domain.result import OutputFile
from hf_spaces_runner.domain.safe_name import safe_name, split_extension, unique_name
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError
from hf_spaces_runner.results.output_directory import HINT
from hf_spaces_runner.results.sniff import SNIFFED_EXTENSIONS, FileType, sniff

_RUNNABLE = frozenset(
    f".{extension}"
    for extension in (
        *("app", "appimage", "apk", "applescript", "bash", "bat", "class", "cmd", "com", "command", "cpl", "csh"),
        *("deb", "desktop", "dll", "dylib", "elf", "exe", "gadget", "hta", "inf", "ins", "iso", "jar", "js", "jse"),
        *("ksh", "lnk", "mjs", "msc", "msi", "msp", "pif", "pkg", "pl", "ps1", "psm1", "py", "pyc", "pyw", "rb", "reg"),
        *("rpm", "run", "scpt", "scr", "sh", "so", "sys", "terminal", "url", "vb", "vbe", "vbs", "webloc", "workflow"),
        *("ws", "wsf", "wsh", "xbap", "zsh"),
    )
)


class OutputFiles:
    """The files of one run in the user's folder, which is made when the first of them comes.

    No name is used twice, whatever its case, and nothing that was in the folder before is overwritten. The names that
    are `reserved` are left to others.
    """

    def __init__(self, directory: Path, *, reserved: Iterable[str] = ()) -> None:
        self._directory = directory
        self._reserved = frozenset(name.casefold() for name in reserved)
        self._taken: set[str] | None = None
        self.written: list[OutputFile] = []

    def take(self, file: AnswerFile, fallback: str) -> tuple[OutputFile, FileType]:
        """Move `file` into the folder under a safe name, with the extension that its content deserves.

        Raises:
            AnswerError: what lies in the scratch directory is no regular file.
            UsageError: the folder cannot be written.
            NoSpaceLeftError: its disk is full.
        """
        if not stat.S_ISREG(file.path.lstat().st_mode):
            raise AnswerError(f"the Space's file {one_line(file.original_name, limit=80)} is no regular file")
        safe = safe_name(file.original_name, fallback)
        kind = sniff(file.path, split_extension(safe)[1].lower())
        with disk_errors(self._directory, HINT):
            target = self._place(file.path, true_name(safe, kind))
            output = OutputFile(path=target, media_type=kind.media_type, size_bytes=target.stat().st_size)
        self.written.append(output)
        return output, kind

    def write(self, name: str, text: str, media_type: str) -> OutputFile:
        """Write `text` into the folder, under `name`, which is safe, or one like it; raises as `take` does."""
        with disk_errors(self._directory, HINT):
            self._directory.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._directory, prefix=".", delete=False) as half:
                half.write(text.encode())
            source = Path(half.name)
            try:
                source.chmod(0o666 & ~_umask())
                target = self._place(source, name)
            finally:
                source.unlink(missing_ok=True)
        self.written.append(OutputFile(path=target, media_type=media_type, size_bytes=len(text.encode())))
        return self.written[-1]

    def _place(self, source: Path, name: str) -> Path:
        if self._taken is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._taken = {entry.name.casefold() for entry in self._directory.iterdir()} | self._reserved
        while True:
            unique = unique_name(name, self._taken)
            self._taken.add(unique.casefold())
            target = self._directory / unique
            try:
                _move(source, target)
            except FileExistsError:  # somebody made it since we looked
                continue
            return target


def _umask() -> int:
    umask = os.umask(0o022)
    os.umask(umask)
    return umask


def true_name(name: str, kind: FileType) -> str:
    """Return the safe `name` with an extension that `kind` may carry; one that a system would run is not kept."""
    stem, extension = split_extension(name)
    lower = extension.lower()
    if lower in kind.extensions:
        return name
    if kind.extensions:
        return safe_name(f"{name if lower in _RUNNABLE else stem}{kind.extensions[0]}", "file")
    plain = ".txt" if kind.media_type == "text/plain" else ".bin"
    if lower in _RUNNABLE:
        return safe_name(f"{name}{plain}", "file")
    return f"{stem}{plain}" if not extension or lower in SNIFFED_EXTENSIONS else name


def _move(source: Path, target: Path) -> None:
    """Move `source` to `target`, which must not exist; a rename would overwrite it."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # another file system, or one without links
        _copy(source, target)
    source.unlink()


def _copy(source: Path, target: Path) -> None:
    done = False
    with source.open("rb") as reader, target.open("xb") as writer:
        try:
            shutil.copyfileobj(reader, writer, 1024**2)
            done = True
        finally:
            if not done:
                target.unlink(missing_ok=True)

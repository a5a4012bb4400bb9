"""Lists and reads the folder of a Space, which may be a stranger's: bounded, and following nothing out of it."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from hf_spaces_runner.domain.space_folder import Entry, EntryKind, LinkEnd, SourceText, SpaceFolder
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.registry.git_ignore import GitIgnore

MAX_ENTRIES = 100_000
MAX_TEXT_BYTES = 1024**2
_MAX_DEPTH = 64
_NEVER_PUSHED = frozenset({".git", ".hg", ".svn"})
_MARK = b"\xef\xbb\xbf"


def list_space_folder(path: Path) -> SpaceFolder:
    """Return what lies in `path` and a push would take; at most `MAX_ENTRIES` names, none deeper than 64 folders.

    Raises:
        UsageError: it is no folder, or cannot be looked into.
    """
    try:
        root = path.resolve(strict=True)
        with os.scandir(root):
            pass
    except (OSError, RuntimeError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UsageError(
            f"{path}: it is no folder that can be looked into: {reason}",
            hint="name the folder with the Space's README.md; hf download USER/NAME --repo-type space gets one",
        ) from error
    walk = _Walk(root)
    entries = sorted(walk.entries(), key=lambda entry: os.fsencode(entry.name))
    return SpaceFolder(
        path=path,
        entries=tuple(entries),
        ignored=walk.ignored,
        unreadable=tuple(sorted(walk.unreadable)),
        is_whole=walk.is_whole,
    )


def read_text(folder: SpaceFolder, name: str, *, limit_bytes: int = MAX_TEXT_BYTES) -> SourceText:
    """Return the text of the file `name` of `folder`; of one that is larger than `limit_bytes`, only that it is."""
    try:
        content = _content(folder.path / name, limit_bytes + 1)
    except OSError as error:
        return SourceText(name=name, text=None, problem=f"cannot be read: {error.strerror}")
    if content is None:
        return SourceText(name=name, text=None, problem="is not a regular file")
    if len(content) > limit_bytes:
        return SourceText(name=name, text=None, problem=f"is larger than {limit_bytes // 1024} KiB")
    try:
        text = content.removeprefix(_MARK).decode("utf-8")
    except UnicodeDecodeError as error:
        utf16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
        said = "is UTF-16, as PowerShell writes it" if utf16 else f"is not UTF-8 (byte {error.start})"
        return SourceText(name=name, text=None, problem=said)
    return SourceText(name=name, text=text, has_mark=content.startswith(_MARK))


def _content(path: Path, limit_bytes: int) -> bytes | None:
    """Return the first `limit_bytes` of a regular file, None where it is something else; a pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        return file.read(limit_bytes) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None


class _Walk:
    """One way through a folder, with what was passed over."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.ignored = 0
        self.unreadable: list[str] = []
        self.is_whole = True

    def entries(self) -> Iterator[Entry]:
        """Yield everything that is no folder."""
        count = 0
        waiting = [("", GitIgnore(self._root))]
        while waiting:
            folder, git = waiting.pop()
            for item in self._items(folder):
                name = f"{folder}/{item.name}" if folder else item.name
                is_folder = item.is_dir(follow_symlinks=False)
                if is_folder and item.name in _NEVER_PUSHED:
                    continue
                if git.leaves_out(item.name, is_folder=is_folder):
                    self.ignored += 1
                    continue
                count += 1
                if count > MAX_ENTRIES or name.count("/") > _MAX_DEPTH:
                    self.is_whole = False
                    if count > MAX_ENTRIES:
                        return
                elif is_folder:
                    waiting.append((name, git.enter(item.name)))
                else:
                    yield self._entry(item, name)

    def _items(self, folder: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(self._root / folder) as items:
                yield from items
        except OSError:
            self.unreadable.append(folder or ".")

    def _entry(self, item: os.DirEntry[str], name: str) -> Entry:
        try:
            if item.is_symlink():
                return Entry(
                    name=name, kind=EntryKind.LINK, target=str(Path(item.path).readlink()), end=self._end(item.path)
                )
            facts = item.stat(follow_symlinks=False)
        except OSError:
            self.unreadable.append(name)
            return Entry(name=name, kind=EntryKind.SPECIAL)
        kind = EntryKind.FILE if stat.S_ISREG(facts.st_mode) else EntryKind.SPECIAL
        return Entry(name=name, kind=kind, size_bytes=facts.st_size if kind is EntryKind.FILE else 0)

    def _end(self, path: str) -> LinkEnd:
        try:
            target = Path(os.path.realpath(path))
            if not target.is_relative_to(self._root) or ".git" in target.relative_to(self._root).parts:
                return LinkEnd.OUTSIDE
            mode = target.stat().st_mode
        except (OSError, ValueError):
            return LinkEnd.NOWHERE
        if stat.S_ISDIR(mode):
            return LinkEnd.FOLDER
        return LinkEnd.FILE if stat.S_ISREG(mode) else LinkEnd.OUTSIDE

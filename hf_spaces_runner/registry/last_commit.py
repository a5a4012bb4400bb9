"""Finds out when the last commit of a Space's source was made; git itself is not run, as its settings name programs.

Sources: gitrepository-layout(5), https://git-scm.com/docs/git-commit-tree for the date.
"""

import re
import stat
import zlib
from datetime import UTC, datetime
from pathlib import Path

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.git_index import read_small_file
from hf_spaces_runner.registry.git_objects import read_commit

_MAX_TEXT_BYTES = 4096
_MAX_PACKED_REFS_BYTES = 64 * 1024**2
_MAX_REFS = 5
"""How many names may lead to each other, as for git itself."""
_NAME = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_REF = re.compile(r"(?!.*(?:\.\.|//))refs/[^\s\x00-\x1f\\:?*\[~^]+")
_COMMITTER = re.compile(rb"^committer .*> (?P<seconds>\d{1,12}) [+-]\d{4}$", re.MULTILINE)


def last_commit_of(space: Space) -> datetime | None:
    """Return when the commit was made (UTC) that the source of `space` is; None where nobody knows."""
    if space.commit is not None:
        seconds = space.commit.committed_at
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    return None if space.source is None else read_last_commit(space.source)


def read_last_commit(folder: Path) -> datetime | None:
    """Return when the commit that is checked out in `folder` was made (UTC).

    None where `folder` is no checkout of git, has no commit yet, or keeps it where only git finds it. Of a `.git` that
    is a file (a worktree, a submodule) the folder that it names is read: all that comes of it is a date.
    """
    try:
        git = _git_folder(folder)
        common_text = _text(git / "commondir")
        common = git if common_text is None else git / common_text
        name = _head(git, common)
        commit = None if name is None else read_commit(common / "objects", name)
        found = None if commit is None else _COMMITTER.search(commit.partition(b"\n\n")[0])
        return None if found is None else datetime.fromtimestamp(int(found["seconds"]), UTC)
    except (OSError, ValueError, IndexError, OverflowError, zlib.error):
        return None


def _git_folder(folder: Path) -> Path:
    git = folder / ".git"
    if stat.S_ISDIR(git.lstat().st_mode):
        return git
    before, found, path = (_text(git) or "").partition("gitdir: ")
    if before or not found:
        raise ValueError("not a file of git's")
    return folder / path


def _head(git: Path, common: Path) -> str | None:
    """Return the name of the commit that HEAD leads to."""
    text = _text(git / "HEAD")
    for _ in range(_MAX_REFS):
        if text is None or _NAME.fullmatch(text):
            return text
        ref = text.removeprefix("ref:").strip()
        if not _REF.fullmatch(ref):
            return None
        text = _text(git / ref) or _text(common / ref) or _packed_ref(common, ref)
    return None


def _packed_ref(common: Path, ref: str) -> str | None:
    try:
        content = read_small_file(common / "packed-refs", _MAX_PACKED_REFS_BYTES) or b""
    except FileNotFoundError:
        return None
    found = re.search(rb"^([0-9a-f]{40,64}) " + re.escape(ref.encode()) + rb"\r?$", content, re.MULTILINE)
    return None if found is None else found[1].decode()


def _text(path: Path) -> str | None:
    try:
        content = read_small_file(path, _MAX_TEXT_BYTES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return None if content is None else content.decode().strip() or None

"""Matches names with the patterns of `.gitignore` and `.gitattributes`.

Source: https://git-scm.com/docs/gitignore. Written here because the folder may be a stranger's: each part of a pattern
becomes one expression of `fnmatch`, which cannot run away as an expression for the whole of it can.
"""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_MOST_PATTERNS = 500
_MOST_PARTS = 32
_MOST_LENGTH = 300
_Part = Callable[[str], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPattern:
    """One pattern. `parts` are tests for the parts of a name, None stands for `**`; `base` is the folder of its file.

    `anywhere` is the test of one without a slash, which the last part of a name at any depth passes.
    `says` is what a name that matches gets: for `.gitignore` whether it is left out, for `.gitattributes` whether LFS
    has it.
    """

    base: tuple[str, ...]
    parts: tuple[_Part | None, ...]
    anywhere: _Part | None
    folders_only: bool
    says: bool

    def matches(self, name: Sequence[str], *, is_folder: bool) -> bool:
        """Return whether it matches the name of those parts."""
        depth = len(self.base)
        if (self.folders_only and not is_folder) or len(name) <= depth or tuple(name[:depth]) != self.base:
            return False
        if self.anywhere is not None:
            return bool(self.anywhere(name[-1]))
        return _fits(self.parts, name[depth:])


def last_word(patterns: Sequence[GitPattern], name: str, *, is_folder: bool = False) -> bool:
    """Return what the last of `patterns` that matches `name` says; False where none does."""
    parts = name.split("/")
    return next((pattern.says for pattern in reversed(patterns) if pattern.matches(parts, is_folder=is_folder)), False)


def read_gitignore(text: str, folder: str = "") -> tuple[GitPattern, ...]:
    """Return the patterns of the `.gitignore` that lies in `folder`."""
    patterns = []
    for line in text.splitlines()[:_MOST_PATTERNS]:
        pattern = line.rstrip()
        if not pattern or pattern.startswith("#") or len(pattern) > _MOST_LENGTH:
            continue
        negated = pattern.startswith("!")
        patterns.append(_pattern(pattern.removeprefix("!").removeprefix("\\"), folder, says=not negated))
    return tuple(patterns)


def read_lfs_patterns(text: str, folder: str = "") -> tuple[GitPattern, ...]:
    """Return the patterns of the `.gitattributes` in `folder` that give files to LFS, or take them away again."""
    patterns = []
    for line in text.splitlines()[:_MOST_PATTERNS]:
        pattern, *attributes = line.split() or [""]
        words = [word for word in attributes if word.lstrip("-!").split("=")[0] == "filter"]
        if not pattern.startswith(("#", "[attr]")) and len(pattern) <= _MOST_LENGTH and words:
            patterns.append(_pattern(pattern.strip('"'), folder, says=words[-1] == "filter=lfs"))
    return tuple(patterns)


def _pattern(pattern: str, folder: str, *, says: bool) -> GitPattern:
    folders_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    # One with a slash in it begins at its folder, one without may match anywhere below.
    parts = pattern.lstrip("/").split("/")
    return GitPattern(
        base=tuple(folder.split("/")) if folder else (),
        parts=tuple(None if part == "**" else _part(part) for part in parts[:_MOST_PARTS]),
        anywhere=None if "/" in pattern else _part(pattern),
        folders_only=folders_only,
        says=says,
    )


def _part(part: str) -> _Part:
    plain = part.replace("\\", "")
    if not any(sign in part for sign in "*?["):
        return plain.__eq__
    return re.compile(fnmatch.translate(plain)).match


def _fits(parts: Sequence[_Part | None], name: Sequence[str]) -> bool:
    """Return whether `parts` fit all of `name`; `reached` holds how many parts of it may be behind us."""
    reached = {0}
    for number, part in enumerate(parts):
        if part is None:
            # At the end it stands for everything inside, and so for one part at least.
            first = min(reached) + (1 if number == len(parts) - 1 else 0)
            reached = set(range(first, len(name) + 1))
        else:
            reached = {place + 1 for place in reached if place < len(name) and part(name[place])}
        if not reached:
            return False
    return len(name) in reached

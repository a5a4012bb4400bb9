"""Matches the names of files with lists of patterns, each for a part of a name; no pattern can take long.

The folder may be a stranger's. A part of a pattern becomes one expression of `fnmatch`, which cannot run away as an
expression for the whole of it can: `*a*a*a*a*a*ab` keeps other libraries busy for minutes.
"""

import fnmatch
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

_SIGNS = "*?["


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a name is compared with: `text` itself, or `form` where it has wildcards."""

    text: str
    form: re.Pattern[str] | None = None

    def fits(self, word: str) -> bool:
        """Return whether `word` is meant."""
        return word == self.text if self.form is None else self.form.match(word) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class NamePattern:
    """One pattern, from the top of the folder; in `parts`, None stands for any number of them.

    `says` is what a name that matches gets. `with_inside` means everything below a folder that matches, too.
    """

    parts: tuple[Part | None, ...]
    says: bool
    folders_only: bool = False
    with_inside: bool = False


ANYTHING = Part("", re.compile(""))


def part_of(word: str) -> Part:
    """Return the part of a pattern that is written as `word`; a backslash takes the meaning from what follows."""
    pieces = re.findall(r"\\.|\[\^|.", word, re.DOTALL)
    if not any(piece[0] in _SIGNS for piece in pieces):
        return Part("".join(piece[-1] for piece in pieces))
    plain = "".join(_as_fnmatch(piece) for piece in pieces)
    return Part(plain, re.compile(fnmatch.translate(plain)))


def _as_fnmatch(piece: str) -> str:
    if piece == "[^":
        return "[!"
    if len(piece) == 1:
        return piece
    return f"[{piece[1]}]" if piece[1] in _SIGNS else piece[1]


def last_word(patterns: Sequence[NamePattern], name: str, *, is_folder: bool = False) -> bool:
    """Return what the last of `patterns` that matches `name` says; False where none does."""
    folder, _, word = name.rpartition("/")
    return PatternsInFolder(patterns, folder).says(word, is_folder=is_folder)


class PatternsInFolder:
    """The patterns as they are for the names in one folder, which most of them have nothing to do with."""

    def __init__(self, patterns: Sequence[NamePattern], folder: str) -> None:
        """Take the whole list, and the folder from the top with `/`, the top itself being empty."""
        above = folder.split("/") if folder else []
        self._otherwise = False
        self._left: list[tuple[Part, NamePattern]] = []
        for pattern in patterns:
            part = _last_part(pattern, above)
            if part is ANYTHING and not pattern.folders_only:
                self._otherwise = pattern.says
                self._left.clear()
            elif part is not None:
                self._left.append((part, pattern))
        self._left.reverse()
        self._plain = frozenset(part.text for part, _ in self._left if part.form is None)
        self._any = _any_of(tuple(part.form.pattern for part, _ in self._left if part.form is not None))

    def says(self, word: str, *, is_folder: bool = False) -> bool:
        """Return what the last pattern says that matches the name `word` in the folder; False where none does."""
        if word not in self._plain and (self._any is None or self._any.match(word) is None):
            return self._otherwise
        for part, pattern in self._left:
            if (is_folder or not pattern.folders_only) and part.fits(word):
                return pattern.says
        return self._otherwise


@lru_cache(maxsize=64)
def _any_of(forms: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(forms)) if forms else None


def _last_part(pattern: NamePattern, above: Sequence[str]) -> Part | None:
    """Return what a name in the folder `above` must fit so that `pattern` matches it; None if none can.

    `reached` holds how many parts of the folder's name may be behind us.
    """
    reached = {0}
    *first, last = pattern.parts
    for part in first:
        reached = _step(part, reached, above)
        if not reached:
            return None
    if last is None or (pattern.with_inside and _step(last, reached, above)):
        return ANYTHING
    return last if len(above) in reached else None


def _step(part: Part | None, reached: set[int], above: Sequence[str]) -> set[int]:
    if part is None:
        return set(range(min(reached), len(above) + 1))
    return {place + 1 for place in reached if place < len(above) and part.fits(above[place])}

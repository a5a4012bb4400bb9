"""Tells which files of a folder git would not push, folder by folder, without running git.

Left out is what a `.gitignore` in the folder or `.git/info/exclude` names, unless the checkout tracks it all the same.
The Hub has what was pushed, so this is what it builds from.
"""

from bisect import bisect_left
from functools import cached_property
from pathlib import Path
from typing import Self

from hf_spaces_runner.registry.git_index import read_small_file, tracked_names
from hf_spaces_runner.registry.git_patterns import read_gitignore
from hf_spaces_runner.registry.name_patterns import NamePattern, PatternsInFolder

GITIGNORE = ".gitignore"
_MAX_BYTES = 64 * 1024
_MOST_PATTERNS = 1000
"""Of all `.gitignore` above a file: each is tried on each name."""


class GitIgnore:
    """What git leaves out in one folder of `root`; others are entered from it, where it begins no later than they."""

    def __init__(self, root: Path, folder: str = "") -> None:
        """Begin at `folder`, as if no folder above had a `.gitignore`."""
        self._root = root
        self._folder = folder
        self._checkout = _Checkout(root)
        self._hidden = False
        git = root / ".git"
        self._set_patterns(self._read(".git/info/exclude") if git.is_dir() and not git.is_symlink() else ())

    def enter(self, word: str) -> Self:
        """Return the same for the folder `word` in this one."""
        inside = object.__new__(type(self))
        inside._root, inside._checkout = self._root, self._checkout
        inside._folder = self._name_of(word)
        # What lies in a folder that is left out cannot be taken back by a pattern.
        inside._hidden = self._hidden or self._names.says(word, is_folder=True)
        inside._set_patterns(self._patterns)
        return inside

    def leaves_out(self, word: str, *, is_folder: bool) -> bool:
        """Return whether git would not push `word` in this folder, and if it is a folder nothing in it."""
        if not self._hidden and not self._names.says(word, is_folder=is_folder):
            return False
        name = self._name_of(word)
        return not self._checkout.has_inside(name) if is_folder else name not in self._checkout.files

    def _set_patterns(self, above: tuple[NamePattern, ...]) -> None:
        own = () if self._hidden else self._read(f"{self._folder}/{GITIGNORE}" if self._folder else GITIGNORE)
        self._patterns = (*above, *own)[-_MOST_PATTERNS:]
        self._names = PatternsInFolder(self._patterns, self._folder)

    def _read(self, name: str) -> tuple[NamePattern, ...]:
        try:
            content = read_small_file(self._root / name, _MAX_BYTES)
        except OSError:
            return ()
        return read_gitignore((content or b"").decode("utf-8", "surrogateescape"), self._folder)

    def _name_of(self, word: str) -> str:
        return f"{self._folder}/{word}" if self._folder else word


class _Checkout:
    """What a checkout tracks; read only where something is left out."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @cached_property
    def files(self) -> frozenset[str]:
        return tracked_names(self._root)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.files)

    def has_inside(self, folder: str) -> bool:
        """Return whether a file somewhere in `folder` is tracked."""
        # A set of all folders would be far larger than the index: each name may be two thousand folders deep.
        place = bisect_left(self._sorted, f"{folder}/")
        return place < len(self._sorted) and self._sorted[place].startswith(f"{folder}/")

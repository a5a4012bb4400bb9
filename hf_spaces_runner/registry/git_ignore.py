"""Tells which files of a folder git would not push, folder by folder, without running git.

Left out is what a `.gitignore` in the folder or `.git/info/exclude` names, unless the checkout tracks it all the same.
The Hub has what was pushed, so this is what it builds from.
"""

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
        tracked = self._checkout.folders if is_folder else self._checkout.files
        return self._name_of(word) not in tracked

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
    def folders(self) -> frozenset[str]:
        found: set[str] = set()
        for name in self.files:
            folder = name.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)

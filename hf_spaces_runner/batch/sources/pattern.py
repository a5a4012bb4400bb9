"""Tells which paths a pattern such as `photos/**/*.jpg` means."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

_MAGIC = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A folder and what the paths below it must look like, part by part; `**` stands for any folders, or none."""

    folder: Path
    parts: tuple[str, ...]

    def takes(self, path: str) -> bool:
        """Return whether `path`, relative to the folder, is meant."""
        return _takes(path.split("/"), self.parts)

    def leads_on(self, folder: str) -> bool:
        """Return whether something below `folder`, relative to the pattern's own, can be meant."""
        names = folder.split("/")
        for name, part in zip(names, self.parts, strict=False):
            if part == "**":
                return True
            if not fnmatchcase(name, part):
                return False
        return len(names) < len(self.parts)


def parse_pattern(word: str) -> Pattern | None:
    """Return the pattern that `word` is, None if it has no `*`, `?` or `[`."""
    parts = Path(word).parts
    first = next((place for place, part in enumerate(parts) if _MAGIC & set(part)), None)
    return None if first is None else Pattern(Path(*parts[:first]), parts[first:])


def _takes(names: Sequence[str], parts: Sequence[str]) -> bool:
    # Row by row, so that many `**` cost no more than their number: reached[n] says whether the first n names are used.
    reached = [True] + [False] * len(names)
    for part in parts:
        if part == "**":
            first = reached.index(True) if True in reached else len(reached)
            reached = [place >= first for place in range(len(reached))]
        else:
            reached = [False] + [reached[place] and fnmatchcase(name, part) for place, name in enumerate(names)]
    return reached[-1]

"""Reads the patterns of `.gitignore` and `.gitattributes`.

Source: https://git-scm.com/docs/gitignore.
"""

from hf_spaces_runner.registry.name_patterns import NamePattern, Part, part_of

_MOST_PATTERNS = 500
_MOST_PARTS = 32
_MOST_LENGTH = 300


def read_gitignore(text: str, folder: str = "") -> tuple[NamePattern, ...]:
    """Return the patterns of the `.gitignore` that lies in `folder`; they say whether a name is left out."""
    patterns = []
    for line in text.split("\n")[:_MOST_PATTERNS]:
        pattern = _without_spaces(line.removesuffix("\r"))
        if not pattern or pattern.startswith("#") or len(pattern) > _MOST_LENGTH:
            continue
        negated = pattern.startswith("!")
        patterns.append(_pattern(pattern.removeprefix("!"), folder, says=not negated))
    return tuple(patterns)


def read_lfs_patterns(text: str, folder: str = "") -> tuple[NamePattern, ...]:
    """Return the patterns of the `.gitattributes` in `folder` that give files to LFS, or take them away again."""
    patterns = []
    for line in text.splitlines()[:_MOST_PATTERNS]:
        pattern, *attributes = line.split() or [""]
        words = [word for word in attributes if word.lstrip("-!").split("=")[0] == "filter"]
        if not pattern.startswith(("#", "[attr]")) and len(pattern) <= _MOST_LENGTH and words:
            patterns.append(_pattern(pattern.strip('"'), folder, says=words[-1] == "filter=lfs"))
    return tuple(patterns)


def _without_spaces(line: str) -> str:
    """Return `line` without the spaces at its end; one after a backslash belongs to the name."""
    stripped = line.rstrip(" \t")
    return stripped + " " if stripped.endswith("\\") and stripped != line else stripped


def _pattern(pattern: str, folder: str, *, says: bool) -> NamePattern:
    folders_only = pattern.endswith("/")
    pattern = pattern.rstrip("/")
    above = tuple(Part(name) for name in folder.split("/")) if folder else ()
    # One with a slash in it begins at its folder, one without may match anywhere below.
    parts = pattern.lstrip("/").split("/")[:_MOST_PARTS] if "/" in pattern else ["**", pattern]
    return NamePattern(
        parts=(*above, *(None if part == "**" else part_of(part) for part in parts)),
        folders_only=folders_only,
        says=says,
    )

"""Reads the patterns of `.dockerignore`.

Source: https://docs.docker.com/build/concepts/context/#dockerignore-files, and moby's `patternmatcher`, whose rules for
`**` these are. They differ from git's: each pattern begins at the top, and a folder that matches is left out whole
unless a later line with `!` takes something of it back.
"""

import posixpath
import re
from pathlib import Path

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.name_patterns import NamePattern, part_of

_MOST_PATTERNS = 1000
_MOST_LENGTH = 1000
_MOST_PARTS = 32
_MOST_FORMS = 8
_INSIDE = re.compile(r"(?<=[^/*])\*\*/?(?=[^/*])")


def read_dockerignore(text: str, path: Path) -> tuple[NamePattern, ...]:
    """Return the patterns of `text`, the content of the file at `path`; they say whether a name is left out.

    Raises:
        InvalidRegistryError: a line is no pattern for Docker, or there are too many; the message names file:line.
    """
    patterns: list[NamePattern] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        pattern = line.strip()
        if not pattern or line.startswith("#"):
            continue
        negated = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip()
        # Before anything looks at it for long.
        if len(pattern) > _MOST_LENGTH:
            raise _too_much(path, number)
        if not pattern or _is_broken(pattern):
            raise InvalidRegistryError(f"{path}:{number}:1: {line.strip()!r} is no pattern", hint="correct that line")
        pattern = posixpath.normpath(pattern).lstrip("/")
        if pattern in {"", "."}:  # "for historical reasons, the pattern . is ignored"
            continue
        patterns += (_pattern(form, says=not negated) for form in _forms(pattern))
        if len(patterns) > _MOST_PATTERNS or pattern.count("/") >= _MOST_PARTS:
            raise _too_much(path, number)
    return tuple(patterns)


def _too_much(path: Path, number: int) -> InvalidRegistryError:
    return InvalidRegistryError(
        f"{path}:{number}:1: is too much: {_MOST_PATTERNS} patterns of {_MOST_LENGTH} characters are taken",
        hint="name whole folders instead of their files",
    )


def _is_broken(pattern: str) -> bool:
    """Return whether Go's filepath.Match refuses it: a bracket without an end, or nothing after a backslash."""
    rest = re.sub(r"\\.", "", pattern, flags=re.DOTALL)
    return rest.endswith("\\") or "[" in re.sub(r"\[\^?[^\]]+\]", "", rest)


def _forms(pattern: str) -> list[str]:
    """Return `pattern` in forms where `**` stands for whole parts of a name only: `a**b` is `ab` or `a*/**/b`."""
    forms = [pattern]
    while len(forms) < _MOST_FORMS and any(_INSIDE.search(form) for form in forms):
        forms = [
            new
            for form in forms
            for new in (
                (_INSIDE.sub(other, form, count=1) for other in ("", "*/**/")) if _INSIDE.search(form) else (form,)
            )
        ]
    return forms


def _pattern(pattern: str, *, says: bool) -> NamePattern:
    words: list[str] = []
    for word in pattern.split("/"):
        # `**x` is `**/x`, and `x**` is `x*`, as all inside a folder that matches goes along.
        begins = re.match(r"\*\*+", word)
        words += ["**", word[begins.end() :]] if begins else [re.sub(r"\*\*+", "*", word)]
    parts = tuple(None if word == "**" else part_of(word) for word in words if word)
    return NamePattern(parts=parts, says=says, with_inside=True)

"""The folder that a Space's source lies in, as it was listed; and what was found in it, each with its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.finding import Finding, Health


class EntryKind(StrEnum):
    """What lies under a name. A `link` is symbolic; `special` is a pipe, a socket or a device."""

    FILE = "file"
    LINK = "link"
    SPECIAL = "special"


class LinkEnd(StrEnum):
    """Where a symbolic link ends."""

    FILE = "file"
    FOLDER = "folder"
    NOWHERE = "nowhere"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One name in the folder, with `/` between its parts; `size_bytes` is 0 for all but files.

    `target` is what a link says, and `end` where that leads.
    """

    name: str
    kind: EntryKind = EntryKind.FILE
    size_bytes: int = 0
    target: str = ""
    end: LinkEnd = LinkEnd.FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFolder:
    """The names in `path` that a push would take, without `.git` and what `.gitignore` names, in their order.

    `ignored` counts what `.gitignore` keeps out (a folder as one), `unreadable` names what could not be looked into.
    `is_whole` is False where there was too much to list all of it.
    """

    path: Path
    entries: tuple[Entry, ...]
    ignored: int = 0
    unreadable: tuple[str, ...] = ()
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """What could be read of a file. `text` is None where it is not UTF-8 or was not read; then `problem` says why."""

    name: str
    text: str | None
    problem: str = ""
    has_mark: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceFinding(Finding):
    """A finding with its place: `file` relative to the folder, `line` from 1; None where it is about no place."""

    file: str | None = None
    line: int | None = None


def fine(name: str, message: str) -> SpaceFinding:
    """Return that `name` is in order."""
    return SpaceFinding(name=name, status=Health.OK, message=message)


def doubt(name: str, message: str, fix: str, *, file: str | None = None, line: int | None = None) -> SpaceFinding:
    """Return that `name` may break on the Hub, and what to do."""
    return SpaceFinding(name=name, status=Health.WARN, message=message, fix=fix, file=file, line=line)


def wrong(name: str, message: str, fix: str, *, file: str | None = None, line: int | None = None) -> SpaceFinding:
    """Return that `name` keeps the Space from being pushed, built or run, and what to do."""
    return SpaceFinding(name=name, status=Health.FAIL, message=message, fix=fix, file=file, line=line)


def at_most(findings: Sequence[SpaceFinding], count: int = 10) -> tuple[SpaceFinding, ...]:
    """Return the first `count` of findings of one name; where there are more, the last says how many."""
    if len(findings) <= count:
        return tuple(findings)
    rest = findings[count:]
    status = Health.FAIL if any(finding.status is Health.FAIL for finding in rest) else Health.WARN
    name = findings[0].name
    more = SpaceFinding(name=name, status=status, message=f"and {len(rest)} more of this kind", fix=findings[0].fix)
    return (*findings[:count], more)

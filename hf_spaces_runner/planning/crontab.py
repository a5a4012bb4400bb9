"""Edits the text of a crontab: one entry of ours in it or none, and every other byte as it was."""

import re
import shlex
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from hf_spaces_runner.errors import UsageError

MARKER = "# hf-spaces-runner cleanup"
"""What ends a line of ours, in every version; to the shell that runs the line it is a comment."""
FIRE = ("cron", "fire")
"""The command of ours that a line runs."""

_ENTRY = re.compile(r"[ \t]*[0-9*@].*" + re.escape(MARKER) + r"[ \t\r]*\n?")
_PARTS = re.compile(r"\s*(?P<schedule>@\S+|\S+(?:[ \t]+\S+){4})[ \t]+(?P<command>.*)")
# cron reads a backslash in one way before a % and in another elsewhere, and no line can hold a control character.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a line of ours says: when it fires, and the options of its clean-up, None where those cannot be read."""

    schedule: str
    options: tuple[str, ...] | None


def entry_line(schedule: str, words: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return the line that runs the command `words` with `variables` at each `schedule`.

    env sets the variables, because the user's crontab may name any shell.

    Raises:
        UsageError: one of them cannot stand in a crontab.
    """
    for word in (*words, *(f"{name}={value}" for name, value in variables.items())):
        if found := _UNWRITABLE.search(word):
            raise UsageError(
                f"{word!r} cannot stand in a crontab: it holds {found.group()!r}",
                hint="use a path without backslashes and control characters",
            )
    setting = ["/usr/bin/env", *(f"{name}={value}" for name, value in variables.items())] if variables else []
    command = shlex.join([*setting, *words]).replace("%", r"\%")  # a bare % ends the command; crontab(5)
    return f"{schedule} {command} {MARKER}"


def find_entries(crontab: str) -> tuple[str, ...]:
    """Return the lines of `crontab` that are ours; one that the user made a comment of is the user's."""
    return tuple(line.rstrip("\n") for line in _lines(crontab) if _ENTRY.fullmatch(line))


def put_entry(crontab: str, line: str) -> str:
    """Return `crontab` with `line` as the only one of ours: where the first of them stood, else at the end.

    A last line without its newline gets one, since cron takes none without.
    """
    before: list[str] = []
    after: list[str] = []
    kept = before
    for old in _lines(crontab):
        if _ENTRY.fullmatch(old):
            kept = after
        else:
            kept.append(old)
    return _ended("".join(before)) + f"{line}\n" + _ended("".join(after))


def drop_entries(crontab: str) -> str:
    """Return `crontab` without the lines that are ours."""
    return "".join(line for line in _lines(crontab) if not _ENTRY.fullmatch(line))


def read_entry(line: str) -> Entry | None:
    """Return what a line of ours says; None where somebody made something else of it."""
    parts = _PARTS.fullmatch(line.rstrip())
    if parts is None:
        return None
    options = None
    with suppress(ValueError):  # quotes that do not close, or another command
        words = shlex.split(parts["command"].replace(r"\%", "%"), comments=True)
        options = tuple(words[words.index(FIRE[-1]) + 1 :])
    return Entry(schedule=" ".join(parts["schedule"].split()), options=options)


def _lines(crontab: str) -> list[str]:
    """Return the lines of `crontab` with their newlines; nothing but a newline ends a line for cron."""
    return [line for line in re.split(r"(?<=\n)", crontab) if line]


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"

"""Writes down what is needed to mend a bug of ours, and tells the user where it stands."""

import os
import platform
import re
import sys
import tempfile
import traceback
from collections.abc import Iterator

import click

from hf_spaces_runner import __version__

BUG = 70


def report_bug(error: Exception, *, private: bool = False) -> int:
    """Save the traceback of `error` to a file, print its path, and return the exit code for bugs.

    What an error says may hold an input or an answer: where the run was `private` only its kind is told.
    """
    lines = [
        f"hf-spaces-runner {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
        # Values may be prompts or secrets; option names are enough to see what was asked for.
        f"command: {' '.join(_option_or_dots(word) for word in sys.argv[1:])}\n\n",
        *(_without_messages(error) if private else traceback.format_exception(error)),
    ]
    descriptor, path = tempfile.mkstemp(prefix="hfsr-bug-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(lines)
    said = "" if private else f": {str(error)[:200]}"
    click.echo(f"Error: hfsr has a bug: {type(error).__name__}{said}", err=True)
    click.echo(f"Hint: the details are in {path}; please report it with that file (it names your paths)", err=True)
    return BUG


def _option_or_dots(word: str) -> str:
    # A value may be part of the word: -eNAME=VALUE, --env=NAME=VALUE.
    found = re.match(r"--[a-z][a-z-]*|-[A-Za-z]", word)
    return found[0] if found else "..."


def _without_messages(error: BaseException) -> Iterator[str]:
    """Yield where `error` and those that led to it came up, the newest first, with lines of code but no values."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield from traceback.format_tb(current.__traceback__)
        yield f"{type(current).__module__}.{type(current).__qualname__}\n\n"
        current = current.__cause__ or current.__context__

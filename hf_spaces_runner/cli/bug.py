"""Writes down what is needed to mend a bug of ours, and tells the user where it stands."""

import os
import platform
import sys
import tempfile
import traceback

import click

from hf_spaces_runner import __version__

BUG = 70


def report_bug(error: Exception) -> int:
    """Save the traceback of `error` to a file, print its path, and return the exit code for bugs."""
    lines = [
        f"hf-spaces-runner {__version__}, Python {platform.python_version()}, {platform.platform()}\n",
        # Values may be prompts or secrets; option names are enough to see what was asked for.
        f"command: {' '.join(word if word.startswith('-') else '...' for word in sys.argv[1:])}\n\n",
        *traceback.format_exception(error),
    ]
    descriptor, path = tempfile.mkstemp(prefix="hfsr-bug-", suffix=".txt")
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.writelines(lines)
    click.echo(f"Error: hfsr has a bug: {type(error).__name__}: {str(error)[:200]}", err=True)
    click.echo(f"Hint: the details are in {path}; please report it with that file (it names your paths)", err=True)
    return BUG

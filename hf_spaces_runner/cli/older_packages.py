"""Asks whether a Space whose packages do not fit together is built again with those of the day of its last commit."""

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import click

from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import RunnerError

Outcome = TypeVar("Outcome")


def trying_older_packages(presenter: Presenter, asked: Request, attempt: Callable[[Request], Outcome]) -> Outcome:
    """Return what `attempt` makes of `asked`, and of the same with older packages where the user agrees to that.

    Without a terminal, and in JSON, nobody is asked.

    Raises:
        RunnerError: the attempt failed, or the second one.
    """
    try:
        return attempt(asked)
    except RunnerError as error:
        if error.as_of is None or presenter.json or presenter.quiet or not _can_ask():
            raise
        presenter.failure(error)
        older = replace(asked, as_of=AsOf.of_day(error.as_of))
        if not click.confirm(f"Build it with packages as of {error.as_of}?", err=True):
            click.get_current_context().exit(error.exit_code)
    return attempt(older)


def _can_ask() -> bool:
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))

"""The options that say where the program's log goes, and what it says."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hf_spaces_runner.cli.presenter import Presenter

_FORMATS = ("text", "json")


def log_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options, and set the log up; without any of them nothing is logged."""

    @functools.wraps(function)
    def wrapped(
        presenter: Presenter,
        *arguments: Any,  # noqa: ANN401 - the function's own
        log_format: str | None,
        log_file: Path | None,
        log_content: bool,
        **options: Any,  # noqa: ANN401 - likewise
    ) -> None:
        if log_format is not None or log_file is not None or log_content:
            from hf_spaces_runner.logs import LogFormat, set_up  # noqa: PLC0415 - few want a log

            set_up(LogFormat(log_format or "text"), log_file, verbosity=presenter.verbosity, content=log_content)
        function(presenter, *arguments, **options)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS = (
    click.option("--log-format", type=click.Choice(_FORMATS), help="Log what happens; text unless json is asked for."),
    click.option("--log-file", type=click.Path(path_type=Path), metavar="FILE", help="Log to FILE, not to stderr."),
    click.option("--log-content", is_flag=True, help="Log inputs and outputs, too; never in privacy mode."),
)

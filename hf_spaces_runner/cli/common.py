"""What every command has: its output options, values in our units, and one place that turns errors into endings."""

import functools
from collections.abc import Callable
from typing import Any

import click

from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.domain.units import parse_duration, parse_size
from hf_spaces_runner.errors import RunnerError


def duration(text: str) -> float:
    """Read a duration of the command line as seconds."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def age(text: str) -> float:
    """Read a duration of the command line as seconds, where none at all has a meaning, too."""
    return 0.0 if text.strip().rstrip("smhd") in {"0", "0.0"} else duration(text)


def quota(text: str) -> int:
    """Read a size of the command line as bytes, where none at all has a meaning, too."""
    return 0 if text.strip() == "0" else size(text)


def size(text: str) -> int:
    """Read a size of the command line as bytes."""
    try:
        return parse_size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def command(**settings: Any) -> Callable[[Callable[..., None]], click.Command]:  # noqa: ANN401
    """Make a command of a function whose first argument is a `Presenter`.

    It gets `--format`, `--json` and `-v`, and its `RunnerError`s end in their message, hint and exit code.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        @click.pass_context
        @functools.wraps(function)
        def wrapped(
            ctx: click.Context, /, *args: object, output_format: str, as_json: bool, verbose: int, **options: object
        ) -> None:
            presenter = Presenter(Format.JSON if as_json else Format(output_format), verbose)
            try:
                function(presenter, *args, **options)
            except RunnerError as error:
                presenter.failure(error)
                if presenter.json:
                    presenter.object(failure_as_json(error))
                ctx.exit(error.exit_code)

        wrapped = click.option("-v", "--verbose", count=True, help="Say more: each step, and all of a log.")(wrapped)
        wrapped = click.option("--json", "as_json", is_flag=True, help="The same as --format json.")(wrapped)
        wrapped = click.option(
            "--format",
            "output_format",
            type=click.Choice([choice.value for choice in Format]),
            default=Format.AUTO.value,
            help="auto is human on a terminal, plain text else.",
        )(wrapped)
        made: click.Command = click.command(**settings)(wrapped)
        return made

    return decorate


def failure_as_json(error: RunnerError) -> dict[str, object]:
    """Return the object that every command prints in JSON when it fails."""
    from hf_spaces_runner.results.result_json import evidence_as_json  # noqa: PLC0415 - only where something fails

    return {
        "status": "failed",
        "error": error.message,
        "verdict": error.verdict,
        "hint": error.hint,
        "exit_code": error.exit_code,
        "evidence": evidence_as_json(error.evidence),
    }

"""The option `--from-hub USER/NAME[@REVISION]`, the same for every command that a Space is named to."""

import functools
from collections.abc import Callable
from typing import Any

import click

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError


def from_hub_option(
    *, needs_space: bool = True, argument: str = "space"
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the option, whose value arrives as its argument `argument`, as a reference to a Space.

    Where `needs_space`, the command has to be given one of the two.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @click.option(
            "--from-hub",
            metavar="USER/NAME[@REV]",
            help="Take the source of the Space from the Hub, at a branch, tag or commit.  [default: main]",
        )
        @functools.wraps(function)
        def wrapped(*arguments: Any, from_hub: str | None, **options: Any) -> None:  # noqa: ANN401 - the function's own
            named = options[argument]
            if from_hub is not None:
                options[argument] = _reference(from_hub, named)
            elif named is None and needs_space:
                raise UsageError(
                    f"Missing argument '{_spoken()}'.",
                    hint="name a Space, a folder (. is this one), or with --from-hub a source on the Hub",
                )
            function(*arguments, **options)

        return wrapped

    return decorate


def _reference(from_hub: str, named: object) -> str:
    from hf_spaces_runner.registry.hub_source import read_hub_word  # noqa: PLC0415 - few name a Space this way

    if named is not None:
        raise UsageError(
            f"--from-hub {one_line(from_hub, limit=80)} and {one_line(str(named), limit=80)}: one Space at a time",
            hint="leave one of them out",
        )
    return str(read_hub_word(from_hub))


def _spoken() -> str:
    parameters = click.get_current_context().command.params
    return next(
        (item.make_metavar(click.get_current_context()) for item in parameters if isinstance(item, click.Argument)),
        "SPACE",
    ).strip("[]")

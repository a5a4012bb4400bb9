"""The options that say who may answer in place of the Space, and for how long."""

import functools
from collections.abc import Callable
from typing import Any

import click

from hf_spaces_runner.cli.common import duration
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.errors import UsageError


def chain_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options, and hand on their values in the request `asked`."""

    @functools.wraps(function)
    def wrapped(
        *arguments: Any,  # noqa: ANN401 - the function's own
        asked: Request,
        tier: str,
        performance_first: bool,
        fallback: str | None,
        no_fallback: bool,
        max_attempts: int | None,
        deadline: float | None,
        cache: bool | None,
        yes: bool,
        **options: Any,  # noqa: ANN401 - likewise
    ) -> None:
        from dataclasses import replace  # noqa: PLC0415

        if fallback is not None and no_fallback:
            raise UsageError("--fallback and --no-fallback exclude each other", hint="leave one of them out")
        chained = replace(
            asked,
            tier=Tier(tier),
            performance_first=performance_first,
            fallback=() if no_fallback else _names(fallback),
            max_attempts=max_attempts,
            deadline_s=deadline,
            cache=cache,
            may_fetch_model=yes,
        )
        function(*arguments, asked=chained, **options)

    for option in reversed(_OPTIONS):
        wrapped = option(wrapped)
    return wrapped


_OPTIONS = (
    click.option(
        "--tier",
        type=click.Choice([tier.value for tier in Tier]),
        default=Tier.AUTO.value,
        help="Where to begin: fast is a local model, heavy a container, cloud what you configured.  [default: auto]",
    ),
    click.option("--performance-first", is_flag=True, help="Begin with a local model, which needs no start."),
    click.option(
        "--fallback",
        metavar="SPACE,...",
        help="Who answers if the Space fails, in order; local stands for local models.  [default: the next best]",
    ),
    click.option("--no-fallback", is_flag=True, help="If the Space fails, that is it."),
    click.option("--max-attempts", type=click.IntRange(min=1), metavar="N", help="Ask at most so many."),
    click.option("--deadline", type=duration, metavar="TIME", help="Longest time for all of it."),
    click.option(
        "--cache/--no-cache",
        default=None,
        help="Give the answer to the same call again if it was kept, and keep this one; --cache also those of endpoints"
        " that answer something else each time.  [default: but for those]",
    ),
    click.option("-y", "--yes", is_flag=True, help="A model that answers if the Space fails may be fetched for that."),
)


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(","))
    if not all(names):
        raise UsageError("--fallback has an empty name", hint="write --fallback first,second, or --no-fallback")
    return names

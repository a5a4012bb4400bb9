"""The options that say in what container a Space runs, the same for every command that starts one."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hf_spaces_runner.cli.common import duration, size
from hf_spaces_runner.cli.run_inputs import read_environment, read_network, read_secrets
from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.request import Builder, Limits, PullPolicy, Request

_VARIABLES = (
    click.option(
        "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="A variable for the Space; repeatable."
    ),
    click.option(
        "--env-file", type=click.Path(path_type=Path), metavar="FILE", help="Variables, one NAME=VALUE a line."
    ),
    click.option(
        "--secret", "secret_names", multiple=True, metavar="NAME", help="A variable whose value must appear nowhere."
    ),
)
_BUILDER = click.option(
    "--builder",
    type=click.Choice([builder.value for builder in Builder]),
    help="Which of the Hub's two builders of Gradio Spaces a build follows.  [default: classic]",
)
_AS_OF = click.option(
    "--as-of",
    metavar="DATE",
    help="Build with the packages of that day, such as 2024-05-01; commit: of the day of the last commit.",
)
_OPTIONS = (
    click.option("--memory", type=size, metavar="SIZE", help="Memory cap, such as 512m or 2g.  [default: 2g]"),
    click.option("--cpus", type=click.FloatRange(min=0, min_open=True), metavar="N", help="CPU cap."),
    click.option("--gpus", metavar="all|N", help="GPUs to give to the Space."),
    click.option(
        "--hardware", metavar="NAME", help="What the Hub calls so, such as cpu-basic or t4-small; local: what is there."
    ),
    *_VARIABLES,
    click.option(
        "--pull", type=click.Choice([policy.value for policy in PullPolicy]), help="When to ask the image registry."
    ),
    _BUILDER,
    _AS_OF,
    click.option("--startup-timeout", type=duration, metavar="TIME", help="Longest time until ready.  [default: 10m]"),
    click.option("--slot-timeout", type=duration, metavar="TIME", help="Longest wait for a free slot.  [default: 10m]"),
    click.option(
        "--network",
        type=click.Choice([Network.OPEN.value, Network.ISOLATED.value]),
        help="isolated lets nothing out of the container.  [default: open]",
    ),
    click.option("--warm-online", is_flag=True, help="Let it out until it is ready, then isolate it."),
    click.option(
        "--privacy-mode", is_flag=True, help="Isolate it, and keep inputs and outputs out of logs and caches."
    ),
    click.option("--read-only", is_flag=True, help="A read-only root; /tmp and the app's folder can be written to."),
    click.option("--fresh", is_flag=True, help="Start a container of its own although the Space is up."),
)


def container_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options, and what they add up to as its argument `asked`: a request for no Space yet."""

    @functools.wraps(function)
    def wrapped(*args: object, **options: object) -> None:
        function(*args, asked=_request(**{name: options.pop(name) for name in _NAMES}), **options)  # type: ignore[arg-type]

    return functools.reduce(lambda inner, option: option(inner), reversed(_OPTIONS), wrapped)


def variable_options(function: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a build alone, and a request with them as its argument `asked`."""

    @functools.wraps(function)
    def wrapped(*args: object, **options: object) -> None:
        given = {name: options.pop(name) for name in ("variables", "env_file", "secret_names")}
        builder = options.pop("builder")
        given_day = options.pop("as_of")
        asked = Request(
            space="",
            builder=None if builder is None else Builder(builder),  # type: ignore[arg-type]
            as_of=_as_of(given_day),  # type: ignore[arg-type]
            **_variables(**given),  # type: ignore[arg-type]
        )
        function(*args, asked=asked, **options)

    return functools.reduce(lambda inner, option: option(inner), reversed((_BUILDER, _AS_OF, *_VARIABLES)), wrapped)


def _variables(*, variables: tuple[str, ...], env_file: Path | None, secret_names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "environment": read_environment(variables, env_file, os.environ),
        "secrets": read_secrets(secret_names, os.environ),
    }


def _as_of(word: str | None) -> AsOf | None:
    if word is None:
        return None
    from datetime import UTC, datetime  # noqa: PLC0415 - few name a day

    from hf_spaces_runner.planning.as_of import read_as_of  # noqa: PLC0415 - likewise

    return read_as_of(word, datetime.now(UTC))


def _request(
    *,
    memory: int | None,
    cpus: float | None,
    gpus: str | None,
    hardware: str | None,
    variables: tuple[str, ...],
    env_file: Path | None,
    secret_names: tuple[str, ...],
    pull: str | None,
    builder: str | None,
    as_of: str | None,
    startup_timeout: float | None,
    slot_timeout: float | None,
    network: str | None,
    warm_online: bool,
    privacy_mode: bool,
    read_only: bool,
    fresh: bool,
) -> Request:
    return Request(
        space="",
        limits=Limits(
            memory_bytes=memory,
            cpus=cpus,
            gpus=gpus,
            hardware=hardware,
            startup_timeout_s=startup_timeout,
            slot_timeout_s=slot_timeout,
        ),
        **_variables(variables=variables, env_file=env_file, secret_names=secret_names),
        pull=None if pull is None else PullPolicy(pull),
        builder=None if builder is None else Builder(builder),
        as_of=_as_of(as_of),
        network=read_network(network, warm_online=warm_online),
        privacy=privacy_mode,
        read_only=read_only,
        fresh=fresh,
    )


_NAMES = tuple(name for name in _request.__annotations__ if name != "return")

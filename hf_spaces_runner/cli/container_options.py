"""The options that say in what container a Space runs, the same for every command that starts one."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import click

from hf_spaces_runner.cli.common import duration, size
from hf_spaces_runner.cli.run_inputs import read_environment, read_network, read_secrets
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.request import Limits, PullPolicy, Request

_OPTIONS = (
    click.option("--memory", type=size, metavar="SIZE", help="Memory cap, such as 512m or 2g.  [default: 2g]"),
    click.option("--cpus", type=click.FloatRange(min=0, min_open=True), metavar="N", help="CPU cap."),
    click.option("--gpus", metavar="all|N", help="GPUs to give to the Space."),
    click.option(
        "-e", "--env", "variables", multiple=True, metavar="NAME[=VALUE]", help="A variable for the Space; repeatable."
    ),
    click.option(
        "--env-file", type=click.Path(path_type=Path), metavar="FILE", help="Variables, one NAME=VALUE a line."
    ),
    click.option(
        "--secret", "secret_names", multiple=True, metavar="NAME", help="A variable whose value must appear nowhere."
    ),
    click.option(
        "--pull", type=click.Choice([policy.value for policy in PullPolicy]), help="When to ask the image registry."
    ),
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


def _request(
    *,
    memory: int | None,
    cpus: float | None,
    gpus: str | None,
    variables: tuple[str, ...],
    env_file: Path | None,
    secret_names: tuple[str, ...],
    pull: str | None,
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
            startup_timeout_s=startup_timeout,
            slot_timeout_s=slot_timeout,
        ),
        environment=read_environment(variables, env_file, os.environ),
        secrets=read_secrets(secret_names, os.environ),
        pull=None if pull is None else PullPolicy(pull),
        network=read_network(network, warm_online=warm_online),
        privacy=privacy_mode,
        read_only=read_only,
        fresh=fresh,
    )


_NAMES = tuple(name for name in _request.__annotations__ if name != "return")

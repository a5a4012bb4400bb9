"""Makes a request of what a library call gives: files, values with units, and secrets, each as what it is."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.request import InputValue, Limits, PullPolicy, Request
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.units import parse_duration, parse_size
from hf_spaces_runner.errors import UsageError

Number = TypeVar("Number", int, float)


def make_request(
    prompt: str | None,
    *,
    space: str | None,
    inputs: Mapping[str, object],
    files: Sequence[str | os.PathLike[str]],
    output_directory: str | os.PathLike[str] | None,
    endpoint: str | None,
    memory: str | int | None,
    cpus: float | None,
    gpus: str | None,
    timeout: str | float | None,
    startup_timeout: str | float | None,
    env: Mapping[str, str],
    secrets: Mapping[str, str],
    pull: str | None,
    network: str | None,
    privacy: bool,
    read_only: bool,
    keep: bool,
    fresh: bool,
    auth_user: str | None,
    explain: bool,
    tier: str = Tier.AUTO,
    fallback: Sequence[str] | None = None,
    max_attempts: int | None = None,
    deadline: str | float | None = None,
    cache: bool | None = None,
    fetch_model: bool = False,
    hardware: str | None = None,
) -> Request:
    """Return the request that the arguments of `Runner.run` stand for; see there.

    Raises:
        UsageError: a duration, a size, a network, a tier or a pull policy is none.
    """
    if pull is not None and pull not in set(PullPolicy):
        raise UsageError(f"pull is {pull!r}: it can be {', '.join(PullPolicy)}")
    if network is not None and network not in set(Network):
        raise UsageError(f"network is {network!r}: it can be {', '.join(Network)}")
    if tier not in set(Tier):
        raise UsageError(f"tier is {tier!r}: it can be {', '.join(Tier)}")
    if max_attempts is not None and max_attempts < 1:
        raise UsageError(f"at most {max_attempts} attempts: there must be one")
    given = [InputValue(path=Path(file)) for file in files]
    given += [
        InputValue(name=name, path=value) if isinstance(value, Path) else InputValue(name=name, value=value)
        for name, value in inputs.items()
    ]
    limits = Limits(
        memory_bytes=_converted(parse_size, memory),
        cpus=cpus,
        gpus=gpus,
        hardware=hardware,
        timeout_s=_converted(parse_duration, timeout),
        startup_timeout_s=_converted(parse_duration, startup_timeout),
    )
    return Request(
        space=space,
        prompt=prompt,
        inputs=tuple(given),
        endpoint=endpoint,
        output_directory=None if output_directory is None else Path(output_directory),
        limits=limits,
        environment=dict(env),
        secrets={name: Secret(value) for name, value in secrets.items()},
        pull=None if pull is None else PullPolicy(pull),
        network=None if network is None else Network(network),
        privacy=privacy,
        read_only=read_only,
        keep=keep,
        fresh=fresh,
        auth_user=auth_user,
        explain=explain,
        tier=Tier(tier),
        fallback=None if fallback is None else tuple(fallback),
        max_attempts=max_attempts,
        deadline_s=_converted(parse_duration, deadline),
        cache=cache,
        may_fetch_model=fetch_model,
    )


def _converted(parse: Callable[[str], Number], value: str | Number | None) -> Number | None:
    try:
        return parse(value) if isinstance(value, str) else value
    except ValueError as error:
        raise UsageError(str(error)) from error

"""Checks the limits and variables of a request, so that the engine is never asked for what cannot be."""

import math
import re
from collections.abc import Iterable

from hf_spaces_runner.domain.launch import MINIMUM_CPUS, MINIMUM_MEMORY_BYTES
from hf_spaces_runner.domain.request import Limits, Request
from hf_spaces_runner.domain.units import LONGEST_S, format_size
from hf_spaces_runner.errors import UsageError

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_limits(limits: Limits) -> None:
    """Check each limit that is set.

    Raises:
        UsageError: one has a value that the engine or a clock cannot work with.
    """
    if limits.memory_bytes is not None and limits.memory_bytes < MINIMUM_MEMORY_BYTES:
        raise UsageError(
            f"a memory cap of {limits.memory_bytes} bytes: the engine takes no less than"
            f" {format_size(MINIMUM_MEMORY_BYTES)}",
            hint="give it more with --memory",
        )
    if limits.cpus is not None and not MINIMUM_CPUS <= limits.cpus < math.inf:
        raise UsageError(f"{limits.cpus} CPUs: the engine takes no less than {MINIMUM_CPUS}")
    if limits.gpus is not None and limits.gpus != "all" and not re.fullmatch(r"[1-9][0-9]{0,3}", limits.gpus):
        raise UsageError(f"{limits.gpus!r} is no number of GPUs: write all, or 1 and more")
    timeouts = {
        "timeout": limits.timeout_s,
        "start-up timeout": limits.startup_timeout_s,
        "slot timeout": limits.slot_timeout_s,
    }
    for name, seconds in timeouts.items():
        if seconds is not None and not 0 < seconds <= LONGEST_S:
            raise UsageError(f"a {name} of {seconds} seconds: it must be more than zero, and a year at most")


def check_variables(request: Request) -> None:
    """Check the names and values of the request's variables and secrets; no message shows a value.

    Raises:
        UsageError: a name that no variable can have, or a value that no process can be given.
    """
    secrets = ((name, secret.reveal()) for name, secret in request.secrets.items())
    for kind, variables in (("variable", request.environment.items()), ("secret", secrets)):
        _check(kind, variables)


def _check(kind: str, variables: Iterable[tuple[str, str]]) -> None:
    for name, value in variables:
        if not _VARIABLE.fullmatch(name):
            raise UsageError(f"{name!r} is not the name of a {kind}")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise UsageError(f"the value of the {kind} {name} is not text in UTF-8 without NUL")

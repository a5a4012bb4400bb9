"""Checks a request by itself and against its Space, so that nothing starts for what cannot be."""

import math
import re
from collections.abc import Iterable

from hf_spaces_runner.domain.launch import MINIMUM_CPUS, MINIMUM_MEMORY_BYTES, Network
from hf_spaces_runner.domain.request import InputValue, Limits, PullPolicy, Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.domain.units import LONGEST_S, format_size
from hf_spaces_runner.errors import InvalidInputError, UsageError
from hf_spaces_runner.planning.hardware import check_hardware
from hf_spaces_runner.planning.input_kinds import kind_of_file, takes_only

MAX_PROMPT_LENGTH = 64 * 1024**2
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_request(request: Request, space: Space) -> None:
    """Check the prompt, inputs, limits and variables of `request`; no message shows a variable's value.

    Raises:
        InvalidInputError: a file is of a kind that the Space does not take.
        UsageError: the prompt is too large, an input is not one value, or a limit or variable cannot be.
    """
    _check_inputs(request, space)
    _check_limits(request.limits)
    if request.privacy and request.network not in {None, Network.ISOLATED}:
        raise UsageError(
            f"privacy mode means an isolated network, and {request.network} was asked for", hint="leave one of them out"
        )
    if request.privacy and request.pull is PullPolicy.ALWAYS:
        raise UsageError(
            "privacy mode asks nobody for an image, and --pull always wants one asked for",
            hint="leave one of them out; hfsr pull SPACE gets the image beforehand",
        )
    _check_variables(request)


def _check_limits(limits: Limits) -> None:
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
    if limits.hardware is not None:
        check_hardware(limits.hardware)
    timeouts = {
        "timeout": limits.timeout_s,
        "start-up timeout": limits.startup_timeout_s,
        "slot timeout": limits.slot_timeout_s,
    }
    for name, seconds in timeouts.items():
        if seconds is not None and not 0 < seconds <= LONGEST_S:
            raise UsageError(f"a {name} of {seconds} seconds: it must be more than zero, and a year at most")


def _check_variables(request: Request) -> None:
    secrets = ((name, secret.reveal()) for name, secret in request.secrets.items())
    for kind, variables in (("variable", request.environment.items()), ("secret", secrets)):
        _check(kind, variables)


def _check(kind: str, variables: Iterable[tuple[str, str]]) -> None:
    for name, value in variables:
        if not _VARIABLE.fullmatch(name):
            raise UsageError(f"{name!r} is not the name of a {kind}")
        if "\0" in value or not _is_utf8(value):
            raise UsageError(f"the value of the {kind} {name} is not text in UTF-8 without NUL")


def _check_inputs(request: Request, space: Space) -> None:
    if request.prompt is not None and len(request.prompt) > MAX_PROMPT_LENGTH:
        raise UsageError(
            f"the prompt has {len(request.prompt)} characters; at most {MAX_PROMPT_LENGTH} are sent",
            hint="a Space that takes a text file can have it with -i @FILE",
        )
    if not _is_utf8(request.prompt):
        raise UsageError("the prompt is not UTF-8", hint="give it on stdin (-) in UTF-8")
    for given in request.inputs:
        name = printable(given.name or "") or "without a name"
        if not _is_utf8(given.value) or not _is_utf8(given.name):
            raise UsageError(f"input {name} is not UTF-8", hint="write it in UTF-8")
        if (given.value is None) == (given.path is None):
            raise UsageError(f"input {name}: give a value or a file, one of them")
        _check_kind(given, space)


def _check_kind(given: InputValue, space: Space) -> None:
    if given.path is None or given.name is not None:
        return
    expected = takes_only(space.input_type)
    kind = kind_of_file(given.path.name)
    if expected is not None and kind is not None and kind not in expected:
        raise InvalidInputError(
            f"{printable(given.path.name)} is {kind}, and {space.id} takes {space.input_type}",
            hint=f"hfsr info {space.id} shows what it takes; -i NAME=@FILE sends a file whatever its name says",
        )


def _is_utf8(value: object) -> bool:
    # Words of a command line that are not UTF-8 come in as lone surrogates, which no JSON can carry.
    return not isinstance(value, str) or not any("\ud800" <= character <= "\udfff" for character in value)

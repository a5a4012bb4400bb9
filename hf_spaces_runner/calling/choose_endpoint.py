"""Picks the endpoint that a call is meant for."""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from hf_spaces_runner.calling.bind_inputs import bind_inputs
from hf_spaces_runner.calling.coerce_value import media_of
from hf_spaces_runner.calling.endpoint import Endpoint, ParameterKind
from hf_spaces_runner.calling.user_file import UserFile
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.errors import InvalidInputError, NoEndpointError

_INTERNAL = re.compile(r"/(?:_.*|lambda|load|like|undo|retry|delete|(?:clear|reset|flag)(?:_[a-z].*)?)(?:_\d+)?")
SomeEndpoint = TypeVar("SomeEndpoint", bound=Endpoint)

_COPY = re.compile(r"_\d+$")
_MAX_LISTED = 30


def choose_endpoint(endpoints: Sequence[SomeEndpoint], call: Call) -> tuple[SomeEndpoint, tuple[object, ...]]:
    """Return the endpoint for `call`, and the value of each of its parameters (see `bind_inputs`).

    A name decides. Without one it is the endpoint that takes exactly what is given and needs nothing else; among
    several, one that takes files of just their kind, then the one with the fewest parameters. Endpoints that return
    nothing, or that serve the app's own page, must be named.

    Raises:
        NoEndpointError: none of that name, none that fits, or several that fit equally; the message lists them.
        InvalidInputError: there is one endpoint, and what is given does not fit it.
    """
    if call.endpoint is not None:
        named = _named(endpoints, call.endpoint)
        return named, bind_inputs(named, call)
    candidates = [endpoint for endpoint in endpoints if _is_useful(endpoint)]
    if len(candidates) == 1 or (not candidates and len(endpoints) == 1):
        only = candidates[0] if candidates else endpoints[0]
        return only, bind_inputs(only, call)
    fitting = []
    why_not: dict[str, str] = {}
    for endpoint in candidates:
        try:
            fitting.append((endpoint, bind_inputs(endpoint, call)))
        except InvalidInputError as error:
            why_not[endpoint.name] = _first_line(error)
    if not fitting:
        shown = candidates or endpoints
        raise NoEndpointError(f"no endpoint of the Space takes {_given(call)}:{_signatures(shown, why_not)}")
    least = min(_looseness(*one) for one in fitting)
    best = [one for one in fitting if _looseness(*one) == least]
    if any(not _is_copy(best[0][0], endpoint) for endpoint, _ in best[1:]):
        raise NoEndpointError(
            f"{len(best)} endpoints of the Space take {_given(call)}:{_signatures([endpoint for endpoint, _ in best])}"
        )
    return best[0]


def _named(endpoints: Sequence[SomeEndpoint], name: str) -> SomeEndpoint:
    wanted = f"/{name.lstrip('/')}"
    for endpoint in endpoints:
        if endpoint.name == wanted:
            return endpoint
    names = ", ".join(endpoint.name for endpoint in endpoints[:_MAX_LISTED]) or "none"
    raise NoEndpointError(
        f"the Space has no endpoint {wanted}; it has: {names}", hint="name one of them with --endpoint"
    )


def _is_useful(endpoint: Endpoint) -> bool:
    returns = any(not output.hidden for output in endpoint.returns)
    return endpoint.public and returns and not _INTERNAL.fullmatch(endpoint.name)


def _looseness(endpoint: Endpoint, values: Sequence[object]) -> tuple[int, int]:
    """Return how loosely `values` fit: media files in parameters for any file, then parameters nobody asked for."""
    loose = sum(
        parameter.kind is ParameterKind.FILE
        and any(
            isinstance(file, UserFile) and media_of(file.path) in ("image", "audio", "video")
            for file in (value if isinstance(value, list) else [value])
        )
        for parameter, value in zip(endpoint.parameters, values, strict=True)
    )
    return loose, len(endpoint.parameters)


def _is_copy(first: Endpoint, other: Endpoint) -> bool:
    """Return whether `other` is the same function on a second trigger: a button and the Enter key, most often."""
    return (
        _COPY.sub("", first.name) == _COPY.sub("", other.name)
        and first.parameters == other.parameters
        and first.returns == other.returns
    )


def _given(call: Call) -> str:
    files = sum(given.path is not None for given in call.inputs)
    values = len(call.inputs) - files
    parts = [
        "a prompt" if call.prompt is not None else "",
        f"{files} file{'s' if files > 1 else ''}" if files else "",
        f"{values} value{'s' if values > 1 else ''}" if values else "",
    ]
    return " and ".join(part for part in parts if part) or "nothing at all"


def _signatures(endpoints: Sequence[Endpoint], why_not: Mapping[str, str] = MappingProxyType({})) -> str:
    more = f"\n  and {len(endpoints) - _MAX_LISTED} more" if len(endpoints) > _MAX_LISTED else ""
    lines = []
    for endpoint in endpoints[:_MAX_LISTED]:
        reason = why_not.get(endpoint.name)
        lines.append(f"\n  {endpoint.signature}" + (f"\n    {reason}" if reason else ""))
    return "".join(lines) + more


def explain_choice(endpoints: Sequence[Endpoint], call: Call, chosen: Endpoint) -> tuple[str, ...]:
    """Return, a line each, why `chosen` is the endpoint for `call`, and why each other one is not."""
    if call.endpoint is not None:
        return (f"endpoint {chosen.name}: it was named",)
    lines = [f"endpoint {chosen.signature}: takes {_given(call)}"]
    others = [endpoint for endpoint in endpoints[:_MAX_LISTED] if endpoint.name != chosen.name]
    lines += [f"not {endpoint.name}: {_why_not(endpoint, call, chosen)}" for endpoint in others]
    if len(endpoints) > _MAX_LISTED:
        lines.append(f"and {len(endpoints) - _MAX_LISTED} endpoints more")
    return tuple(lines)


def _why_not(endpoint: Endpoint, call: Call, chosen: Endpoint) -> str:
    if not endpoint.public or _INTERNAL.fullmatch(endpoint.name):
        return "it serves the app's own page, so it must be named"
    if not _is_useful(endpoint):
        return "it returns nothing, so it must be named"
    try:
        bind_inputs(endpoint, call)
    except InvalidInputError as error:
        return _first_line(error)
    return "it is the same function again" if _is_copy(chosen, endpoint) else "it fits less closely"


def _first_line(error: InvalidInputError) -> str:
    return error.message.partition("\n")[0]

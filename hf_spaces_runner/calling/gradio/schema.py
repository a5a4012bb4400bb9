"""Reads what a Gradio app says of itself (`/config` and `/info`) into typed endpoints."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, Returned
from hf_spaces_runner.calling.parameter_type import read_type
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, NoEndpointError

PROTOCOLS = frozenset({"sse_v1", "sse_v2", "sse_v2.1", "sse_v3"})
"""The queue protocols that are spoken: Gradio 4.9 to 6."""

_PREFIX = re.compile(r"(?:/[A-Za-z0-9_-]+)*")
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})")
_MAX_ID = 2**31
_FILLER = re.compile(r"(?:parameter|value)_\d+", re.IGNORECASE)
_FILE_META_SINCE = frozenset({"sse_v2.1", "sse_v3"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GradioApp:
    """A running app. `prefix` goes before each path but `/config`; `version` is (0, 0) where it names none.

    `marks_files`: whether each file of an answer carries the mark `gradio.FileData`, as since Gradio 4.21.
    """

    version: tuple[int, int]
    prefix: str
    marks_files: bool = True
    max_file_bytes: int | None = None
    endpoints: tuple[Endpoint, ...] = ()


def read_config(config: object) -> GradioApp:
    """Return the app that `/config` describes, without its endpoints.

    Raises:
        AnswerError: `config` is not what Gradio answers.
        NoEndpointError: the app speaks a protocol that we do not.
    """
    described = _mapping(config)
    if not isinstance(described.get("dependencies"), list) or not isinstance(described.get("components"), list):
        raise AnswerError("GET /config answered JSON that is not a Gradio app's: no components and dependencies")
    version = one_line(str(described.get("version", "")), limit=20)
    protocol = one_line(str(described.get("protocol") or "ws"), limit=20)
    if protocol not in PROTOCOLS:
        raise NoEndpointError(
            f"protocol {protocol} of Gradio {version or '(no version)'} is not supported yet",
            hint="take a version of the Space that uses Gradio 4.9 or later",
        )
    prefix = described.get("api_prefix") or ""
    if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
        raise AnswerError("GET /config answered an api_prefix that is not a path")
    match = _VERSION.match(version)
    max_file_size = described.get("max_file_size")
    return GradioApp(
        version=(int(match[1]), int(match[2])) if match else (0, 0),
        prefix=prefix,
        marks_files=protocol in _FILE_META_SINCE,
        max_file_bytes=max_file_size if type(max_file_size) is int else None,
    )


def read_endpoints(config: object, info: object) -> tuple[Endpoint, ...]:
    """Return the named endpoints, in the order of `/config`.

    What makes no sense is read as little as possible: a parameter of an unknown type takes any JSON.

    Raises:
        AnswerError: `info` is not what Gradio answers.
    """
    named = _mapping(info).get("named_endpoints")
    if not isinstance(named, dict):
        raise AnswerError("the Space's API description names no endpoints object")
    described = _mapping(config)
    components: dict[int | None, Mapping[str, object]] = {
        _id(component.get("id")): component for component in _mappings(described.get("components"))
    }
    components[None] = {}
    descriptions = dict(named)
    endpoints = []
    for index, dependency in enumerate(_mappings(described.get("dependencies"))):
        api_name = dependency.get("api_name")
        # Taken out: an app that names one large schema again and again would make as many copies of it.
        description = descriptions.pop(f"/{api_name}", None) if isinstance(api_name, str) else None
        if isinstance(description, dict) and dependency.get("api_visibility") != "private":
            endpoints.append(_read_endpoint(index, dependency, description, components))
    return tuple(endpoints)


def _read_endpoint(
    index: int,
    dependency: Mapping[str, object],
    description: Mapping[str, object],
    components: Mapping[int | None, Mapping[str, object]],
) -> Endpoint:
    inputs = [components.get(_id(id_), {}) for id_ in _sequence(dependency.get("inputs"))]
    outputs = [components.get(_id(id_), {}) for id_ in _sequence(dependency.get("outputs"))]
    visible = [component for component in inputs if component.get("skip_api") is not True]
    described = _mappings(description.get("parameters"))
    if len(visible) == len(described):
        parameters = tuple(
            _read_parameter(position, parameter, component)
            for position, (parameter, component) in enumerate(zip(described, _once(visible), strict=True))
        )
        positions = iter(range(len(parameters)))
        slots = tuple(None if component.get("skip_api") is True else next(positions) for component in inputs)
    else:
        parameters = tuple(_read_parameter(position, parameter, {}) for position, parameter in enumerate(described))
        slots = tuple(range(len(parameters)))
    fn_index = dependency.get("id")
    return Endpoint(
        name=f"/{one_line(str(dependency['api_name']))}",
        fn_index=fn_index if isinstance(fn_index, int) else index,
        parameters=parameters,
        returns=_read_returns(outputs, _mappings(description.get("returns"))),
        slots=slots,
        queued=dependency.get("queue") is not False,
        public=description.get("show_api") is not False and description.get("api_visibility", "public") == "public",
    )


def _once(components: Sequence[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    """Yield each component, and an empty one where it comes again: its default must not be sent a thousand times."""
    seen: set[int] = set()
    for component in components:
        yield {} if id(component) in seen else component
        seen.add(id(component))


def _read_parameter(position: int, parameter: Mapping[str, object], component: Mapping[str, object]) -> Parameter:
    properties = _mapping(component.get("props"))
    if "parameter_has_default" in parameter:
        has_default = parameter["parameter_has_default"] is True
        default = parameter.get("parameter_default")
    else:  # the first releases of Gradio 4 (4.16 and 4.20 were seen)
        default = properties.get("value")
        has_default = default not in (None, "")
    kind = _label(parameter.get("component"))
    type_ = read_type(_mapping(parameter.get("type")), kind, properties)
    return Parameter(
        name=_label(parameter.get("parameter_name")) or f"param_{position}",
        label=_label(parameter.get("label")),
        component=kind,
        kind=type_.kind,
        many=type_.many,
        has_default=has_default,
        default=default if has_default else None,
        choices=type_.choices,
        minimum=type_.minimum,
        maximum=type_.maximum,
        wrapper=type_.wrapper,
    )


def _read_returns(
    outputs: Sequence[Mapping[str, object]], described: Sequence[Mapping[str, object]]
) -> tuple[Returned, ...]:
    visible = iter(described)
    returns = []
    for component in outputs:
        properties = _mapping(component.get("props"))
        hidden = component.get("skip_api") is True
        returned: Mapping[str, object] = {} if hidden else next(visible, {})
        returns.append(
            Returned(
                label=_label(returned.get("label")) or _label(properties.get("label")),
                component=_label(returned.get("component")) or _label(component.get("type")).capitalize(),
                hidden=hidden,
            )
        )
    return tuple(returns)


def _label(value: object) -> str:
    """Return `value` in one line; empty for what Gradio fills in where the app gives no label."""
    # One component may be named as a hundred thousand outputs: their labels are one text, not as many.
    return sys.intern(one_line(value)) if isinstance(value, str) and not _FILLER.fullmatch(value) else ""


def _id(value: object) -> int | None:
    # Larger integers can be chosen so that all have the same hash, and a dictionary of them takes hours.
    return value if isinstance(value, int) and 0 <= value < _MAX_ID else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [_mapping(item) for item in _sequence(value)]

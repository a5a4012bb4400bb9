"""Reads what a Gradio app says of itself (`/config` and `/info`) into typed endpoints."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hf_spaces_runner.calling.endpoint import Returned
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.components import HIDDEN
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.parameter import KnownTypes, label_of, read_parameter
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError

_MAX_ID = 2**31
_MAX_CONVERSED = 100


def read_endpoints(config: object, info: object, app: GradioApp) -> tuple[GradioEndpoint, ...]:
    """Return the endpoints, in the order of `/config`: named ones, then those that are called by their number alone.

    What makes no sense is read as little as possible: a parameter of an unknown type takes any JSON. One that `/info`
    does not describe is read from its components, and is not public.

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
    # Taken out one by one: an app that names one large schema again and again would make as many copies of it.
    descriptions = {**_mapping(_mapping(info).get("unnamed_endpoints")), **named}
    endpoints: dict[str, GradioEndpoint] = {}
    types: KnownTypes = {}
    for index, dependency in enumerate(_mappings(described.get("dependencies"))):
        if not _answers_calls(dependency):
            continue
        api_name = dependency.get("api_name")
        fn_index = dependency.get("id")
        number = fn_index if isinstance(fn_index, int) else index
        has_name = isinstance(api_name, str) and bool(api_name)
        name = f"/{one_line(str(api_name))}" if has_name else f"/{number}"
        if name not in endpoints:
            description = descriptions.pop(f"/{api_name}" if has_name else str(number), None)
            endpoints[name] = _read_endpoint(name, number, dependency, description, components, _Reading(app, types))
    return tuple(sorted(endpoints.values(), key=lambda endpoint: endpoint.name == f"/{endpoint.fn_index}"))


@dataclass(frozen=True, slots=True)
class _Reading:
    """What all endpoints of one app are read with."""

    app: GradioApp
    types: KnownTypes


def _answers_calls(dependency: Mapping[str, object]) -> bool:
    """Return whether Python code answers it, and the app does not forbid to call it."""
    types = _mapping(dependency.get("types"))
    return (
        dependency.get("backend_fn") is not False
        and dependency.get("api_visibility") != "private"
        and types.get("cancel") is not True
        and not dependency.get("cancels")
    )


def _read_endpoint(
    name: str,
    number: int,
    dependency: Mapping[str, object],
    description: object,
    components: Mapping[int | None, Mapping[str, object]],
    reading: "_Reading",
) -> GradioEndpoint:
    app = reading.app
    input_ids, output_ids = _sequence(dependency.get("inputs")), _sequence(dependency.get("outputs"))
    inputs = [components.get(_id(id_), {}) for id_ in input_ids]
    outputs = [components.get(_id(id_), {}) for id_ in output_ids]
    known = _mapping(description)
    visible = [component for component in inputs if not _is_hidden(component)]
    described: Sequence[Mapping[str, object]] = _mappings(known.get("parameters"))
    known_types = None
    if not isinstance(description, dict):
        described = [_described_by_itself(component) for component in visible]
        known_types = reading.types
    if len(visible) == len(described):
        parameters = tuple(
            read_parameter(position, parameter, component, app, known_types)
            for position, (parameter, component) in enumerate(zip(described, _once(visible), strict=True))
        )
        positions = iter(range(len(parameters)))
        slots = tuple(None if _is_hidden(component) else next(positions) for component in inputs)
    else:
        parameters = tuple(
            read_parameter(position, parameter, {}, app, None) for position, parameter in enumerate(described)
        )
        slots = tuple(range(len(parameters)))
    queue = dependency.get("queue")
    types = _mapping(dependency.get("types"))
    return GradioEndpoint(
        name=name,
        fn_index=number,
        parameters=parameters,
        returns=_read_returns(outputs, _mappings(known.get("returns"))),
        slots=slots,
        queued=app.queues_all if queue is None else queue is not False,
        generator=types.get("generator") is True or types.get("continuous") is True,
        public=isinstance(description, dict)
        and known.get("show_api") is not False
        and known.get("api_visibility", "public") == "public",
        conversations=_conversations(input_ids, output_ids, slots, components),
    )


def _described_by_itself(component: Mapping[str, object]) -> Mapping[str, object]:
    """Return the part of `/info` that would describe `component`, as far as `/config` tells."""
    schema = component.get("api_info_as_input", component.get("api_info"))
    properties = _mapping(component.get("props"))
    kind = component.get("type")
    return {
        "type": schema if isinstance(schema, dict) else {},
        "label": properties.get("label"),
        "component": kind.capitalize() if isinstance(kind, str) else "",
    }


def _conversations(
    inputs: Sequence[object],
    outputs: Sequence[object],
    slots: Sequence[int | None],
    components: Mapping[int | None, Mapping[str, object]],
) -> tuple[tuple[int, int], ...]:
    found = []
    for position, id_ in enumerate(outputs[:_MAX_CONVERSED]):
        if components.get(_id(id_), {}).get("type") == "chatbot" and id_ in inputs[: len(slots)]:
            slot = slots[inputs.index(id_)]
            if slot is not None:
                found.append((position, slot))
    return tuple(found)


def _is_hidden(component: Mapping[str, object]) -> bool:
    return component.get("skip_api") is True or component.get("type") in HIDDEN


def _once(components: Sequence[Mapping[str, object]]) -> Iterator[Mapping[str, object]]:
    """Yield each component, and an empty one where it comes again: its default must not be sent a thousand times."""
    seen: set[int] = set()
    for component in components:
        yield {} if id(component) in seen else component
        seen.add(id(component))


def _read_returns(
    outputs: Sequence[Mapping[str, object]], described: Sequence[Mapping[str, object]]
) -> tuple[Returned, ...]:
    visible = iter(described)
    returns = []
    for component in outputs:
        properties = _mapping(component.get("props"))
        hidden = _is_hidden(component)
        returned: Mapping[str, object] = {} if hidden else next(visible, {})
        returns.append(
            Returned(
                label=label_of(returned.get("label")) or label_of(properties.get("label")),
                component=label_of(returned.get("component")) or label_of(component.get("type")).capitalize(),
                hidden=hidden,
            )
        )
    return tuple(returns)


def _id(value: object) -> int | None:
    # Larger integers can be chosen so that all have the same hash, and a dictionary of them takes hours.
    return value if isinstance(value, int) and 0 <= value < _MAX_ID else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else []


def _mappings(value: object) -> list[Mapping[str, object]]:
    return [_mapping(item) for item in _sequence(value)]

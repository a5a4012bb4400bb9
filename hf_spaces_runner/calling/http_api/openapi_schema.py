"""Reads an OpenAPI description (3.0 and 3.1) into endpoints; what makes no sense is read as little as possible."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from hf_spaces_runner.calling.endpoint import Parameter, Returned
from hf_spaces_runner.calling.http_api.media_type import is_json, is_text, plain_type
from hf_spaces_runner.calling.http_api.openapi_parameters import Read, read_body, read_parameters
from hf_spaces_runner.calling.http_api.operation import OperationEndpoint, Place
from hf_spaces_runner.calling.http_api.references import References
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, NoEndpointError

_METHODS = ("get", "post", "put", "patch", "delete")
_VERSION = re.compile(r"3\.\d")
_SERVER = re.compile(r"(?:/[A-Za-z0-9_.~-]+)+")
_MAX_PATH = 1000
_MAX_LABELS = 200
_ANSWER = "answer"


def read_openapi(document: object) -> tuple[OperationEndpoint, ...]:
    """Return an endpoint for each operation, named after its path, and its method where a path has several.

    Not public, so that they must be named: what takes no input and only gives, what deletes, and what concerns one
    thing that the Space keeps (`/jobs/{id}`), unless it has nothing else to call.

    Raises:
        AnswerError: it is no description, or too large a one.
        NoEndpointError: it is one of an older version.
    """
    described = document if isinstance(document, dict) else {}
    version = described.get("openapi")
    if "swagger" in described:
        raise NoEndpointError(
            f"the Space describes its API in Swagger {one_line(str(described['swagger']), limit=20)}, "
            "which is not supported: OpenAPI 3 is",
            hint="describe the endpoint in the Space's registry entry (api: kind: http)",
        )
    paths = described.get("paths")
    if not isinstance(version, str) or not _VERSION.match(version) or not isinstance(paths, dict):
        raise AnswerError("the Space's OpenAPI description has no version 3 and no paths")
    references = References(described)
    prefix = _prefix(described.get("servers"))
    read = [operation for path, item in paths.items() for operation in _read_path(prefix, path, item, references)]
    endpoints: dict[str, OperationEndpoint] = {}
    for operation in _with_some_public(read):
        endpoints.setdefault(operation.name, operation)
    return tuple(endpoints.values())


def _prefix(servers: object) -> str:
    """Return the path that goes before all others; a server elsewhere is never spoken to."""
    first = servers[0] if isinstance(servers, list) and servers else None
    url = first.get("url") if isinstance(first, dict) else None
    url = url.rstrip("/") if isinstance(url, str) else ""
    return url if len(url) < _MAX_PATH and _SERVER.fullmatch(url) else ""


def _read_path(prefix: str, path: str, item: object, references: References) -> list[OperationEndpoint]:
    if not path.startswith("/") or len(path) > _MAX_PATH:
        return []
    described = references.resolve(item)
    operations = [
        _read_operation(f"{prefix}{path}", method, operation, described.get("parameters"), references)
        for method in _METHODS
        if isinstance(operation := described.get(method), dict)
    ]
    useful = [operation for operation in operations if _takes_input(operation)]
    plain = useful[0] if len(useful) == 1 else operations[0] if len(operations) == 1 else None
    name = one_line(path)
    return [
        replace(operation, name=name if operation is plain else f"{name}:{operation.method.lower()}")
        for operation in operations
    ]


def _read_operation(
    path: str, method: str, operation: Mapping[str, object], shared: object, references: References
) -> OperationEndpoint:
    references.spend(3)
    read = read_parameters(shared, operation.get("parameters"), path, references)
    body = read_body(operation.get("requestBody"), references) if method != "get" else Read()
    returns, labels = _read_returns(operation.get("responses"), references)
    parameters: tuple[Parameter, ...] = (*read.parameters, *body.parameters)
    return OperationEndpoint(
        name=path,
        method=method.upper(),
        path=path,
        parameters=parameters,
        slots=(*read.slots, *body.slots),
        body_type=body.type,
        body_required=body.required,
        returns=returns,
        labels=labels,
    )


def _takes_input(operation: OperationEndpoint) -> bool:
    return operation.method != "DELETE" and (operation.method != "GET" or bool(operation.parameters))


def _with_some_public(operations: list[OperationEndpoint]) -> Iterator[OperationEndpoint]:
    taking = [operation for operation in operations if _takes_input(operation)]
    free = [one for one in taking if all(slot.place is not Place.PATH for slot in one.slots)]
    public = {id(operation) for operation in free or taking}
    return (replace(operation, public=id(operation) in public) for operation in operations)


@dataclass(frozen=True, slots=True)
class _Response:
    type: str
    schema: object


def _read_returns(responses: object, references: References) -> tuple[tuple[Returned, ...], tuple[str, ...]]:
    """Return the outputs, and the properties that they are made of, if they are."""
    response = _best_response(responses, references)
    if response is None or not response.type or is_json(response.type):
        schema = references.schema(response.schema) if response is not None else {}
        properties = schema.get("properties")
        if isinstance(properties, dict) and 0 < len(properties) <= _MAX_LABELS:
            references.spend(len(properties))
            return (
                tuple(
                    Returned(label=one_line(name, limit=80), component=_component(references.schema(property_)))
                    for name, property_ in properties.items()
                ),
                tuple(properties),
            )
        return (Returned(label=_ANSWER, component=_component(schema)),), ()
    return (Returned(label=_ANSWER, component="Textbox" if is_text(response.type) else "File"),), ()


def _best_response(responses: object, references: References) -> _Response | None:
    if not isinstance(responses, dict):
        return None
    for status in ("200", "201", "202", "203", "2XX", "default"):
        if status not in responses:
            continue
        content = references.resolve(responses[status]).get("content")
        if not isinstance(content, dict) or not content:
            return None
        header = next((key for key in content if is_json(plain_type(key))), next(iter(content)))
        media = content[header]
        return _Response(plain_type(header), media.get("schema") if isinstance(media, dict) else None)
    return None


def _component(schema: Mapping[str, object]) -> str:
    return "Textbox" if schema.get("type") == "string" else "JSON"

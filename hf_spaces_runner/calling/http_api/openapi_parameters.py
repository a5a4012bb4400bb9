"""Reads the parameters of an operation, and the properties of its body, from an OpenAPI description."""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.calling.endpoint import TAKE_FILES, Parameter, ParameterKind
from hf_spaces_runner.calling.http_api.media_type import is_json, is_text, plain_type
from hf_spaces_runner.calling.http_api.operation import Place, Slot
from hf_spaces_runner.calling.http_api.references import References
from hf_spaces_runner.calling.parameter_type import ParameterType, read_type
from hf_spaces_runner.domain.terminal import one_line

FORM, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
_TOKEN = re.compile(r"[\w!#$%&'*+.^`|~-]{1,100}", re.ASCII)
_NOT_TO_SET = frozenset({
    "accept", "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
    "cookie", "expect", "host", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    "user-agent",
})  # fmt: skip
"""Headers that are part of how a request is sent, or that OpenAPI itself says to ignore."""
_ENCODED = ("byte", "binary", "base64", "base64url")
_MEDIA = {"image": ParameterKind.IMAGE, "audio": ParameterKind.AUDIO, "video": ParameterKind.VIDEO}
_COST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Parameters, each with its slot; `type` and `required` are those of a body."""

    parameters: tuple[Parameter, ...] = ()
    slots: tuple[Slot, ...] = ()
    type: str = ""
    required: bool = False


def read_parameters(shared: object, own: object, path: str, references: References) -> Read:
    """Return what goes into path, query and headers: `own` of an operation, and those `shared` on its path.

    A name in `path` that nothing describes is a text; cookies and what is part of HTTP itself are left out.
    """
    described: dict[tuple[Place, str], Mapping[str, object]] = {}
    for value in [*_list(shared), *_list(own)]:
        parameter = references.resolve(value)
        place, name = parameter.get("in"), parameter.get("name")
        if isinstance(name, str) and place in (Place.PATH, Place.QUERY, Place.HEADER):
            described[Place(str(place)), name] = parameter
    wanted = re.findall(r"\{([^{}/]+)\}", path)
    for name in wanted:
        described.setdefault((Place.PATH, name), {"schema": {"type": "string"}})
    read = [
        _read_parameter(place, name, parameter, references)
        for (place, name), parameter in described.items()
        if (place is not Place.PATH or name in wanted) and (place is not Place.HEADER or _may_be_set(name))
    ]
    return Read(parameters=tuple(parameter for parameter, _ in read), slots=tuple(slot for _, slot in read))


def read_body(value: object, references: References) -> Read:
    """Return what goes into the body: its properties, or all of it as one parameter `body`."""
    body = references.resolve(value)
    content = body.get("content")
    if not isinstance(content, dict) or not content:
        return Read()
    header = _best_type(content)
    type_ = plain_type(header) if plain_type(header) != "*/*" else "application/json"
    media = content[header] if isinstance(content[header], dict) else {}
    schema = references.schema(media.get("schema"))
    properties = schema.get("properties")
    required = body.get("required") is True
    if isinstance(properties, dict) and properties and (is_json(type_) or type_ in (FORM, MULTIPART)):
        named = {name for name in _list(schema.get("required")) if isinstance(name, str)}
        encoding = media.get("encoding")
        read = [
            _make(
                Place.FIELD,
                name,
                references.schema(property_),
                references,
                required=name in named,
                media_type=_encoding_of(encoding, name),
            )
            for name, property_ in properties.items()
        ]
    elif type_ in (FORM, MULTIPART):
        read = []  # a form without fields
    else:
        whole = schema if is_json(type_) or is_text(type_) else {"type": "string", "contentMediaType": type_}
        read = [_make(Place.BODY, "body", whole or {}, references, required=required)]
    return Read(
        parameters=tuple(parameter for parameter, _ in read),
        slots=tuple(slot for _, slot in read),
        type=type_,
        required=required,
    )


def _read_parameter(
    place: Place, name: str, parameter: Mapping[str, object], references: References
) -> tuple[Parameter, Slot]:
    schema = parameter.get("schema")
    if schema is None:  # {"content": {"application/json": {"schema": ...}}}
        content = parameter.get("content")
        media = next(iter(content.values()), None) if isinstance(content, dict) else None
        schema = media.get("schema") if isinstance(media, dict) else None
    return _make(
        place,
        name,
        references.schema(schema),
        references,
        required=place is Place.PATH or parameter.get("required") is True,
        joined=place is not Place.QUERY or parameter.get("explode") is False,
    )


def _make(
    place: Place,
    name: str,
    schema: Mapping[str, object],
    references: References,
    *,
    required: bool,
    joined: bool = False,
    media_type: str = "",
) -> tuple[Parameter, Slot]:
    references.spend(_COST)
    type_ = _read_type(schema, references, media_type)
    default = schema.get("default")
    title = schema.get("title")
    parameter = Parameter(
        name=sys.intern(one_line(name, limit=80)),
        label=sys.intern(one_line(title, limit=80)) if isinstance(title, str) else "",
        component="",
        kind=type_.kind,
        many=type_.many,
        has_default=not required or "default" in schema,
        default=default if type_.kind not in TAKE_FILES else None,
        choices=type_.choices,
        minimum=type_.minimum,
        maximum=type_.maximum,
    )
    return parameter, Slot(place=place, wire_name=name, required=required, joined=joined)


def _read_type(schema: Mapping[str, object], references: References, media_type: str) -> ParameterType:
    file = _file_kind(schema, media_type)
    if file is not None:
        return ParameterType(kind=file)
    items = schema.get("items")
    if isinstance(items, dict):
        item = references.schema(items)
        file = _file_kind(item, media_type)
        if file is not None:
            return ParameterType(kind=file, many=True)
        schema = {"type": "array", "items": item}
    for part in (schema, schema.get("items")):
        choices = part.get("enum") if isinstance(part, dict) else None
        references.spend(len(choices) if isinstance(choices, list) else 0)
    read = read_type({key: schema[key] for key in _READ if key in schema}, "", {})
    return read if read.kind not in TAKE_FILES else ParameterType(kind=ParameterKind.JSON)


_READ = ("type", "enum", "const", "minimum", "maximum", "items")


def _file_kind(schema: Mapping[str, object], media_type: str) -> ParameterKind | None:
    """Return the kind of file that a text of `schema` is, None where it is plain text."""
    if schema.get("type") not in ("string", None):
        return None
    declared = schema.get("contentMediaType")
    content = media_type or (plain_type(declared) if isinstance(declared, str) else "")
    is_encoded = any(schema.get("format") == one for one in _ENCODED) or "contentEncoding" in schema
    if not is_encoded and (not content or is_text(content) or is_json(content)):
        return None
    return _MEDIA.get(content.partition("/")[0], ParameterKind.FILE)


def _best_type(content: Mapping[str, object]) -> str:
    def rank(header: str) -> int:
        type_ = plain_type(header)
        if is_json(type_) or type_ == "*/*":
            return 0
        return {MULTIPART: 1, FORM: 2}.get(type_, 3)

    return min(content, key=rank)


def _encoding_of(encoding: object, name: str) -> str:
    """Return the media type that a part of a form shall have, if one is named."""
    own = encoding.get(name) if isinstance(encoding, dict) else None
    wanted = own.get("contentType") if isinstance(own, dict) else None
    return plain_type(wanted.partition(",")[0]) if isinstance(wanted, str) else ""


def _may_be_set(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None and name.casefold() not in _NOT_TO_SET


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []

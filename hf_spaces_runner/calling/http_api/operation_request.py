"""Makes the request of an operation out of the values of its parameters."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import PurePath
from typing import Any
from urllib.parse import urlencode

from hf_spaces_runner.calling.endpoint import FILE_KINDS, Parameter
from hf_spaces_runner.calling.http_api.exchange import Request
from hf_spaces_runner.calling.http_api.given_files import in_base64, opened
from hf_spaces_runner.calling.http_api.media_type import is_json, type_of
from hf_spaces_runner.calling.http_api.openapi_parameters import FORM, MULTIPART
from hf_spaces_runner.calling.http_api.operation import OperationEndpoint, Place, Slot
from hf_spaces_runner.calling.http_api.wire import as_text, json_body, path_segment, query_of, url_path, well_formed
from hf_spaces_runner.errors import InvalidInputError

Given = tuple[Parameter, Slot, object]


def build_request(operation: OperationEndpoint, values: tuple[object, ...], stack: ExitStack) -> Request:
    """Return the request that brings `values`; the files that it sends stay open until `stack` ends.

    What is None and not required was not given, and is left out.

    Raises:
        InvalidInputError: a value cannot be sent so, or a file cannot be read.
    """
    given: list[Given] = [
        (parameter, slot, value if _carries_files(operation, slot) else _in_text(parameter, value))
        for parameter, slot, value in zip(operation.parameters, operation.slots, values, strict=True)
        if slot.required or value is not None
    ]
    path = _path(operation.path, {slot.wire_name: (parameter, value) for parameter, slot, value in given
                                  if slot.place is Place.PATH})  # fmt: skip
    query = {
        slot.wire_name: _joined(value) if slot.joined else value
        for _, slot, value in given
        if slot.place is Place.QUERY
    }
    body = _body(operation, [one for one in given if one[1].place in (Place.FIELD, Place.BODY)], stack)
    headers = {
        slot.wire_name: _header(parameter.name, value)
        for parameter, slot, value in given
        if slot.place is Place.HEADER and value is not None
    }
    return Request(
        method=operation.method,
        path=path,
        query=query_of(query),
        body={**body, "headers": {**headers, **body.get("headers", {})}},
    )


def _path(template: str, given: Mapping[str, tuple[Parameter, object]]) -> str:
    pieces = []
    rest = template
    while True:
        before, brace, after = rest.partition("{")
        pieces.append(url_path(before))
        name, end, rest = after.partition("}")
        if not brace:
            return "".join(pieces)
        if not end or name not in given:
            pieces.append(url_path("%7B" + name + ("%7D" if end else "")))
            continue
        parameter, value = given[name]
        text = path_segment(_joined(value))
        if not text or value is None:
            raise InvalidInputError(f"{parameter.name} is part of the address, and cannot be empty")
        pieces.append(text)


def _body(operation: OperationEndpoint, given: list[Given], stack: ExitStack) -> dict[str, Any]:
    type_ = operation.body_type
    if not type_ or (not given and not operation.body_required):
        return {}
    if type_ == MULTIPART:
        return {"files": list(_parts(given, stack))}
    if type_ == FORM:
        fields = [(well_formed(slot.wire_name), item) for _, slot, value in given for item in _texts(value)]
        return {"content": urlencode(fields).encode(), "headers": {"Content-Type": FORM}}
    if len(given) == 1 and given[0][1].place is Place.BODY:
        return _whole_body(type_, given[0], stack)
    if not is_json(type_):
        return {}
    return _json(type_, {slot.wire_name: value for _, slot, value in given})


def _whole_body(type_: str, given: Given, stack: ExitStack) -> dict[str, Any]:
    parameter, _, value = given
    if is_json(type_):
        return _json(type_, value)
    headers = {"Content-Type": type_}
    if parameter.kind in FILE_KINDS:
        name, file = stack.enter_context(opened(value, parameter.name))
        return {"content": file, "headers": {"Content-Type": type_ if "*" not in type_ else type_of(PurePath(name))}}
    return {"content": as_text(value).encode(), "headers": headers}


def _json(type_: str, value: object) -> dict[str, Any]:
    return {**json_body(value), "headers": {"Content-Type": type_}}


def _carries_files(operation: OperationEndpoint, slot: Slot) -> bool:
    """Return whether a file can be at the place of `slot` as it is; anywhere else it goes as text."""
    type_ = operation.body_type
    return slot.place in (Place.FIELD, Place.BODY) and type_ != FORM and not is_json(type_)


def _in_text(parameter: Parameter, value: object) -> object:
    if parameter.kind not in FILE_KINDS or value is None:
        return value
    if parameter.many:
        return [in_base64(item, parameter.name) for item in _as_list(value)]
    return in_base64(value, parameter.name)


def _parts(given: list[Given], stack: ExitStack) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Yield the parts of a form with files, as httpx takes them."""
    for parameter, slot, value in given:
        name = well_formed(slot.wire_name)
        if value is not None and parameter.kind in FILE_KINDS:
            for item in _as_list(value):
                file_name, file = stack.enter_context(opened(item, parameter.name))
                yield name, (file_name, file, type_of(PurePath(file_name)))
        else:
            for text in _texts(value):
                yield name, (None, text.encode())


def _texts(value: object) -> list[str]:
    """Return `value` as the fields of a form: a list is several."""
    return [as_text(item) for item in _as_list(value)] if value is not None else []


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _joined(value: object) -> object:
    return ",".join(as_text(item) for item in value) if isinstance(value, list) else value


def _header(name: str, value: object) -> bytes:
    text = as_text(_joined(value))
    if not text.isprintable():
        raise InvalidInputError(f"{name} goes into a header, and takes one line of text")
    return text.strip().encode()

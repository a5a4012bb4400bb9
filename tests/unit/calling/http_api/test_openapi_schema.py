"""OpenAPI descriptions read into endpoints: as FastAPI writes them, as others do, and as nobody should."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.choose_endpoint import choose_endpoint
from hf_spaces_runner.calling.endpoint import ParameterKind
from hf_spaces_runner.calling.http_api.openapi_schema import read_openapi
from hf_spaces_runner.calling.http_api.operation import OperationEndpoint, Place
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.errors import AnswerError, NoEndpointError, RunnerError

TEXT = {"type": "string"}


def document(paths: Any, **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


def json_of(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def post(schema: Any, *, kind: str = "application/json", required: bool = True, answers: Any = None) -> dict[str, Any]:
    return {
        "requestBody": {"content": {kind: {"schema": schema}}, "required": required},
        "responses": {"200": {"description": "", **(json_of(answers) if answers else {})}},
    }


def only(paths: Any, **more: Any) -> OperationEndpoint:
    (endpoint,) = read_openapi(document(paths, **more))
    return endpoint


def signature(properties: Any, *required: str, **components: Any) -> str:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return only({"/x": {"post": post(schema)}}, components={"schemas": components}).signature


def test_what_fastapi_writes() -> None:
    components = {
        "schemas": {
            "Request": {
                "properties": {
                    "prompt": {"type": "string", "minLength": 1, "title": "Prompt"},
                    "session_id": {"anyOf": [TEXT, {"type": "null"}], "title": "Session Id"},
                    "level": {"$ref": "#/components/schemas/Level", "default": "low"},
                    "steps": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "title": "Steps"},
                },
                "type": "object",
                "required": ["prompt"],
            },
            "Level": {"type": "string", "enum": ["low", "high"], "title": "Level"},
            "Answer": {"properties": {"text": TEXT, "score": {"type": "number"}}, "type": "object"},
        }
    }
    request, answer = ({"$ref": f"#/components/schemas/{name}"} for name in ("Request", "Answer"))
    endpoint = only({"/optimize": {"post": post(request, answers=answer)}}, components=components)
    assert endpoint.signature == (
        "/optimize(prompt: text, session_id (Session Id): text = null, "
        'level: "low"|"high" = "low", steps: integer = 3) -> text, score'
    )
    assert (endpoint.method, endpoint.path, endpoint.body_type) == ("POST", "/optimize", "application/json")
    assert [slot.required for slot in endpoint.slots] == [True, False, False, False]
    assert (endpoint.parameters[3].minimum, endpoint.parameters[3].maximum) == (1, 9)
    assert [one.component for one in endpoint.returns] == ["Textbox", "JSON"]


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": ["string", "null"]}, "text"),
        ({"allOf": [{"$ref": "#/components/schemas/S"}], "title": "a"}, '"x"|"y"'),
        ({"oneOf": [{"type": "array", "items": TEXT}, TEXT]}, "text"),
        ({"anyOf": [{"type": "integer"}, {"type": "number"}]}, "json"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/S"}}, 'list of "x"|"y"'),
        ({"type": "object"}, "json"),
        ({"const": 5}, "5"),
        ({}, "json"),
        ("garbage", "json"),
        ({"$ref": "#/components/schemas/Loop"}, "json"),
        ({"$ref": "https://example.org/schema.json"}, "json"),
        ({"$ref": "#/components/schemas/with~1slash%20"}, "true|false"),
        ({"type": "string", "format": "binary"}, "file"),
        ({"type": "string", "contentMediaType": "image/png"}, "image file"),
        ({"type": "string", "contentMediaType": "application/octet-stream"}, "file"),
        ({"type": "string", "contentMediaType": "text/html"}, "text"),
        ({"type": "string", "format": []}, "text"),
        ({"type": "array", "items": {"type": "string", "format": "binary"}}, "list of files"),
        ({"type": "object", "properties": {"path": TEXT, "meta": {}}}, "json"),
        ({"type": "object", "properties": {"text": TEXT, "files": {}}}, "json"),
    ],
)
def test_types(schema: Any, shown: str) -> None:
    components = {
        "S": {"type": "string", "enum": ["x", "y"]},
        "Loop": {"$ref": "#/components/schemas/Loop"},
        "with/slash ": {"type": "boolean"},
    }
    assert signature({"a": schema}, "a", **components) == f"/x(a: {shown}) -> answer"


def test_all_of_puts_objects_together() -> None:
    schema = {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "properties": {"b": TEXT}, "required": ["b"]},
        ]
    }
    base = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
    endpoint = only({"/x": {"post": post(schema)}}, components={"schemas": {"Base": base}})
    assert endpoint.signature == "/x(a: integer, b: text) -> answer"


def test_path_query_and_headers() -> None:
    operation = {
        "parameters": [
            {"name": "q", "in": "query", "required": True, "schema": TEXT},
            {"name": "tags", "in": "query", "explode": False, "schema": {"type": "array", "items": TEXT}},
            {"name": "X-Key", "in": "header", "schema": TEXT},
            {"name": "Host", "in": "header", "schema": TEXT},
            {"name": "a: b\r\n", "in": "header", "schema": TEXT},
            {"name": "c", "in": "cookie", "schema": TEXT},
            {"name": "gone", "in": "path", "schema": TEXT},
            {"$ref": "#/components/parameters/N"},
        ],
    }
    shared = [{"name": "q", "in": "query", "schema": {"type": "integer"}}]
    number = {"name": "n", "in": "query", "schema": {"type": "integer", "default": 5}}
    endpoint = only(
        {"/a/{id}/b/{rest}": {"get": operation, "parameters": shared}}, components={"parameters": {"N": number}}
    )
    assert [(slot.place, slot.wire_name, slot.required) for slot in endpoint.slots] == [
        (Place.QUERY, "q", True),
        (Place.QUERY, "tags", False),
        (Place.HEADER, "X-Key", False),
        (Place.QUERY, "n", False),
        (Place.PATH, "id", True),
        (Place.PATH, "rest", True),
    ]
    assert endpoint.parameters[0].kind is ParameterKind.TEXT


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (post(TEXT), "body: text"),
        (post({"type": "array", "items": TEXT}), "body: list of lists"),
        (post({"type": "object"}, required=False), "body: json = null"),
        (post({}, kind="image/png"), "body: image file"),
        (post({}, kind="application/octet-stream"), "body: file"),
        (post(TEXT, kind="text/plain"), "body: text"),
        (post({"properties": {"f": {"type": "string", "format": "binary"}}}, kind="multipart/form-data"), "f: file"),
        (post({"properties": {"t": TEXT}}, kind="application/x-www-form-urlencoded"), "t: text"),
        ({"requestBody": {"content": {}}}, ""),
        ({}, ""),
    ],
)
def test_bodies(body: Any, shown: str) -> None:
    assert only({"/x": {"post": body}}).signature.removesuffix(" = null) -> answer").removesuffix(") -> answer") == (
        f"/x({shown}".removesuffix(" = null")
    )


def test_a_part_of_a_form_may_say_what_kind_of_file_it_is() -> None:
    operation = post({"properties": {"f": {"type": "string", "format": "binary"}}}, kind="multipart/form-data")
    operation["requestBody"]["content"]["multipart/form-data"]["encoding"] = {
        "f": {"contentType": "audio/wav, audio/x"}
    }
    assert only({"/x": {"post": operation}}).parameters[0].kind is ParameterKind.AUDIO


def test_names_and_what_must_be_named() -> None:
    body = post({"properties": {"t": TEXT}})
    query = {"parameters": [{"name": "q", "in": "query", "schema": TEXT}]}
    endpoints = read_openapi(
        document(
            {
                "/health": {"get": {}},
                "/generate": {"get": {}, "post": body},
                "/items": {"get": query, "post": body},
                "/jobs/{id}": {"get": {}, "delete": {}},
                "nonsense": {"get": {}},
                "/bad": "garbage",
            }
        )
    )
    assert [(endpoint.name, endpoint.public) for endpoint in endpoints] == [
        ("/health", False),
        ("/generate:get", False),
        ("/generate", True),
        ("/items:get", True),
        ("/items:post", True),
        ("/jobs/{id}", False),
        ("/jobs/{id}:delete", False),
    ]


def test_a_path_with_a_parameter_is_chosen_where_there_is_nothing_else() -> None:
    endpoints = read_openapi(
        document({"/": {"get": {}}, "/models/{name}": {"post": post({"properties": {"t": TEXT}})}})
    )
    assert [endpoint.public for endpoint in endpoints] == [False, True]


def test_a_prompt_goes_to_what_takes_input() -> None:
    paths = {
        "/": {"get": {}},
        "/health": {"get": {}},
        "/jobs/{id}": {"get": {}},
        "/generate": {"post": post({"properties": {"prompt": TEXT, "n": {"type": "integer"}}, "required": ["prompt"]})},
    }
    assert choose_endpoint(read_openapi(document(paths)), Call(prompt="x"))[0].name == "/generate"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/api/v1", "/api/v1/x"),
        ("/", "/x"),
        ("https://example.org/v1", "/x"),
        ("//example.org", "/x"),
        ("@example.org", "/x"),
    ],
)
def test_a_server_is_a_path_and_never_another_host(url: str, path: str) -> None:
    assert only({"/x": {"get": {}}}, servers=[{"url": url}]).path == path


@pytest.mark.parametrize("value", [None, [], {}, {"openapi": "3.0.0"}, {"openapi": 3, "paths": {}}, {"paths": {}}])
def test_what_is_no_description_is_refused(value: object) -> None:
    with pytest.raises(AnswerError, match="no version 3"):
        read_openapi(value)


def test_swagger_is_too_old() -> None:
    with pytest.raises(NoEndpointError, match=r"Swagger 2\.0"):
        read_openapi({"swagger": "2.0", "paths": {}})


def test_a_description_that_grows_when_it_is_read_is_refused() -> None:
    many = {"type": "object", "properties": {f"p{number}": TEXT for number in range(2000)}}
    paths = {f"/{number}": {"post": post({"$ref": "#/components/schemas/Many"})} for number in range(2000)}
    started = time.process_time()
    with pytest.raises(AnswerError, match="too large"):
        read_openapi(document(paths, components={"schemas": {"Many": many}}))
    doubled: dict[str, Any] = {
        f"S{number}": {"allOf": [{"$ref": f"#/components/schemas/S{number + 1}"}] * 10} for number in range(20)
    }
    with pytest.raises(AnswerError, match="too large"):
        read_openapi(
            document({"/x": {"post": post({"$ref": "#/components/schemas/S0"})}}, components={"schemas": doubled})
        )
    assert time.process_time() - started < 60


KEYS = st.sampled_from(
    [
        *("$ref", "type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "allOf", "default"),
        *("title", "format", "minimum", "maximum", "name", "in", "schema", "content", "parameters", "requestBody"),
        *("responses", "200", "get", "post", "application/json", "multipart/form-data", "encoding", "explode"),
        *("contentMediaType", "contentEncoding", "contentType"),
    ]
) | st.text(max_size=4)
WORDS = st.sampled_from(
    ["string", "null", "object", "array", "binary", "query", "path", "header", "#/components/schemas/A", "a", "\ud800"]
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=400, deadline=None)
@given(ANY_JSON, ANY_JSON, ANY_JSON, ANY_JSON)
def test_any_json_is_read_or_refused(whole: Any, item: Any, operation: Any, schema: Any) -> None:
    components = {"schemas": {"A": schema}, "B": item}
    paths = {"/{a}": item, "/b": {"post": operation, "get": {"parameters": [operation]}}, "/c": {"put": post(schema)}}
    for described in (whole, document(whole), document(paths, components=components, servers=whole)):
        try:
            endpoints = read_openapi(described)
        except RunnerError:
            continue
        for endpoint in endpoints:
            assert len(endpoint.slots) == len(endpoint.parameters)
            assert endpoint.returns
            assert json.dumps(endpoint.signature).encode().isascii()

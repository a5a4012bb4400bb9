"""OpenApiCaller against a real server: each way in which an operation takes its input, and what comes back."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.http_api.openapi import OpenApiCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    InvalidInputError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
)
from tests.unit.calling.fake_space import Answerer, FakeSpace, answer_json, answer_raw
from tests.unit.calling.http_api.web_app import HOSTILE, SMALL, ask, endless, named, soon, values_of, web_app

pytestmark = pytest.mark.network

TEXT = {"type": "string"}
FILE = {"type": "string", "format": "binary"}
ANSWER = {"type": "object", "properties": {"text": TEXT, "score": {"type": "number"}, "absent": TEXT}}


def described(path: str = "/x", method: str = "post", answers: Any = None, **operation: Any) -> Answerer:
    responses = {"200": {"content": {"application/json": {"schema": answers or {}}}}}
    return answer_json({"openapi": "3.1.0", "paths": {path: {method: {"responses": responses, **operation}}}})


def takes(properties: Any, kind: str = "application/json", *required: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"requestBody": {"content": {kind: {"schema": schema}}, "required": True}}


def call(
    scratch: Path, description: Answerer, wanted: Call | None = None, answer: Answerer | None = None
) -> tuple[FakeSpace, Answer]:
    answers = dict.fromkeys(("GET", "POST", "PUT", "DELETE"), answer or answer_json({"text": "hi"}))
    with web_app({**answers, "GET /openapi.json": description}) as space:
        return space, ask(OpenApiCaller(SMALL), space, scratch, wanted)


def test_a_json_body_and_an_output_for_each_property(tmp_path: Path) -> None:
    properties = {"prompt": TEXT, "n": {"type": "integer", "default": 3}, "left": TEXT, "on": {"type": "boolean"}}
    space, answer = call(
        tmp_path,
        described(answers=ANSWER, **takes(properties, "application/json", "prompt")),
        Call(prompt="h\ud800i", inputs=named(on="yes")),
        answer_json({"score": 0.5, "text": "hi", "more": [1]}),
    )
    assert space.requests == ["GET /openapi.json", "POST /x"]
    assert json.loads(space.bodies[1]) == {"prompt": "h\ud800i", "n": 3, "on": True}
    assert [(one.label, one.component, one.value) for one in answer.outputs] == [
        ("text", "Textbox", "hi"),
        ("score", "JSON", 0.5),
        ("more", "JSON", [1]),
    ]


def test_the_description_need_not_be_asked_for_again(tmp_path: Path) -> None:
    description = {"openapi": "3.0.0", "paths": {"/x": {"post": takes({"t": TEXT})}}}
    with web_app({"POST /x": answer_json("hi")}) as space:
        opened = OpenApiCaller(SMALL).open(space.base_url, soon(), description=json.dumps(description).encode())
        with opened as session:
            answer = session.call(Call(prompt="x"), tmp_path, soon())
    assert values_of(answer) == {"answer": "hi"}
    assert space.requests == ["POST /x"]


def test_path_query_and_headers(tmp_path: Path) -> None:
    parameters = [
        {"name": "id", "in": "path", "required": True, "schema": TEXT},
        {"name": "q", "in": "query", "schema": {"type": "array", "items": TEXT}},
        {"name": "one", "in": "query", "explode": False, "schema": {"type": "array", "items": TEXT}},
        {"name": "on", "in": "query", "schema": {"type": "boolean"}},
        {"name": "X-Key", "in": "header", "schema": TEXT},
    ]
    given_values = named(id="../ä?", q="a,b", one="c,d", on="true", **{"X-Key": "ä"})
    space, _ = call(tmp_path, described("/a b/{id}", "get", parameters=parameters), Call(inputs=given_values))
    assert space.requests[1] == "GET /a%20b/..%2F%C3%A4%3F?q=a&q=b&one=c%2Cd&on=true"
    assert space.headers[1]["X-Key"].encode("latin-1").decode() == "ä"


@pytest.mark.parametrize(("name", "value"), [("id", ""), ("X-Key", "a\r\nHost: b")])
def test_what_cannot_be_sent_is_an_input_error(tmp_path: Path, name: str, value: str) -> None:
    parameters = [{"name": "id", "in": "path", "schema": TEXT}, {"name": "X-Key", "in": "header", "schema": TEXT}]
    inputs = named(**{"id": "1", name: value})
    with pytest.raises(InvalidInputError, match=name):
        call(tmp_path, described("/{id}", "get", parameters=parameters), Call(inputs=inputs))


def test_dots_stay_one_segment(tmp_path: Path) -> None:
    parameters = [{"name": "id", "in": "path", "schema": TEXT}]
    space, _ = call(tmp_path, described("/a/{id}", "get", parameters=parameters), Call(inputs=named(id="..")))
    assert space.requests[1] == "GET /a/%2E%2E"


def test_a_form(tmp_path: Path) -> None:
    properties = {"t": TEXT, "n": {"type": "integer"}, "many": {"type": "array", "items": TEXT}, "left": TEXT}
    space, _ = call(
        tmp_path,
        described(**takes(properties, "application/x-www-form-urlencoded")),
        Call(inputs=named(t="ä&", n="5", many="a,b")),
    )
    assert parse_qsl(space.bodies[1].decode()) == [("t", "ä&"), ("n", "5"), ("many", "a"), ("many", "b")]
    assert space.headers[1]["Content-Type"] == "application/x-www-form-urlencoded"


def part(name: str, file: str, kind: str, content: bytes) -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"; filename="{file}"\r\nContent-Type: {kind}\r\n\r\n'
    return head.encode() + content


def test_files_in_a_form(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ('a"b.png', "b.png", "c.wav")]
    for number, path in enumerate(paths):
        path.write_bytes(b"content %d" % number)
    properties = {"images": {"type": "array", "items": FILE}, "sound": FILE, "t": TEXT, "left": FILE}
    inputs = (*named(images=paths[0]), *named(images=paths[1]), *named(sound=paths[2], t="ä"))
    space, _ = call(tmp_path, described(**takes(properties, "multipart/form-data")), Call(inputs=inputs))
    parts = space.bodies[1].split(b"--" + space.headers[1]["Content-Type"].partition("boundary=")[2].encode())
    assert [one.strip(b"\r\n") for one in parts[1:-1]] == [
        part("images", "a_b.png", "image/png", b"content 0"),
        part("images", "b.png", "image/png", b"content 1"),
        part("sound", "c.wav", "audio/x-wav", b"content 2"),
        'Content-Disposition: form-data; name="t"\r\n\r\nä'.encode(),
    ]


def test_a_file_in_json_is_base64_and_as_the_body_it_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"PNG")
    space, _ = call(tmp_path, described(**takes({"f": FILE})), Call(inputs=named(f=path)))
    assert json.loads(space.bodies[1]) == {"f": "UE5H"}
    whole: dict[str, Any] = {"requestBody": {"content": {"image/*": {}}, "required": True}}
    space, _ = call(tmp_path, described(**whole), Call(inputs=named(body=path)))
    assert (space.bodies[1], space.headers[1]["Content-Type"]) == (b"PNG", "image/png")


def test_a_body_that_is_no_object(tmp_path: Path) -> None:
    body: dict[str, Any] = {"requestBody": {"content": {"application/json": {"schema": TEXT}}, "required": True}}
    space, _ = call(tmp_path, described(**body))
    assert json.loads(space.bodies[1]) == "hello"


def test_a_binary_answer_is_a_file(tmp_path: Path) -> None:
    image = answer_raw(b"\x89PNG", headers={"Content-Type": "image/png"})
    _, answer = call(tmp_path, described(**takes({"t": TEXT})), answer=image)
    assert values_of(answer) == {"answer": {"file": "answer.png"}}
    assert answer.outputs[0].files[0].path.read_bytes() == b"\x89PNG"


def test_no_content_is_null(tmp_path: Path) -> None:
    _, answer = call(tmp_path, described(**takes({"t": TEXT})), answer=answer_raw(b"", 204))
    assert values_of(answer) == {"answer": None}


@pytest.mark.parametrize(
    ("description", "error", "says"),
    [
        (answer_json({}, 404), NoEndpointError, "does not describe its API"),
        (answer_json({}, 401), CallError, "wants a login"),
        (answer_json({"openapi": "3.1.0", "paths": {}}), NoEndpointError, "no operation"),
        (answer_json({"detail": "x"}), AnswerError, "no version 3"),
        (answer_raw(b"<html>"), AnswerError, "not JSON"),
        (endless(b"[" * 1000, "application/json"), AnswerError, "more than"),
    ],
)
def test_a_description_may_be_missing_or_wrong(
    tmp_path: Path, description: Answerer, error: type[RunnerError], says: str
) -> None:
    with pytest.raises(error, match=says):
        call(tmp_path, description)


def test_errors_have_the_words_of_the_server(tmp_path: Path) -> None:
    description = described(**takes({"t": TEXT}))
    wrong = answer_json({"detail": [{"loc": ["body", "t"], "msg": "Field required", "type": "missing"}]}, 422)
    with pytest.raises(CallError, match=r"calling /x failed: POST /x answered 422: t: Field required"):
        call(tmp_path, description, answer=wrong)
    with pytest.raises(SpaceFailedError, match="answered 500: no GPU"):
        call(tmp_path, description, answer=answer_json({"detail": "no GPU"}, 500))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_answer_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises((AnswerError, CallError)):
        call(tmp_path, described(**takes({"t": TEXT})), answer=HOSTILE[kind])


SCHEMAS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["string", "integer", "array", "object", "boolean", 5, None]),
        "format": st.sampled_from(["binary", "byte", "x", []]),
        "default": st.sampled_from([None, 1, "a\r\nb", "\ud800", [1], {"a": 1}, ""]),
        "enum": st.sampled_from([["a", 1], [], "x"]),
    },
)
NAMES = st.text(max_size=5) | st.sampled_from(["a\r\nb", 'x"', "\ud800", "Host", "id", "{"])
PLACES = st.sampled_from(["query", "path", "header", "cookie", None])
KINDS = st.sampled_from(
    [
        "application/json",
        "multipart/form-data",
        "application/x-www-form-urlencoded",
        "text/plain",
        "image/*",
        "*/*",
        "x",
    ]
)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_description_is_called_or_refused(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    parameters = [
        {"name": data.draw(NAMES), "in": data.draw(PLACES), "required": data.draw(st.booleans()),
         "schema": data.draw(SCHEMAS)}
        for _ in range(data.draw(st.integers(0, 3)))
    ]  # fmt: skip
    body = takes(data.draw(st.dictionaries(NAMES, SCHEMAS, max_size=3)), data.draw(KINDS))
    path = "/" + data.draw(st.text(max_size=8) | st.sampled_from(["{id}", "{id", "a{}b", "../x", "/host", "a?b#c"]))
    description = described(path, data.draw(st.sampled_from(["get", "post"])), parameters=parameters, **body)
    file = tmp_path_factory.getbasetemp() / "given.png"
    file.write_bytes(b"PNG")
    wanted = data.draw(
        st.sampled_from([Call(prompt="hello"), Call(inputs=named(body=file)), Call(inputs=named(id="a/b")), Call()])
    )
    requests = 2
    try:
        requests = len(call(tmp_path_factory.mktemp("scratch"), description, wanted)[0].requests)
    except RunnerError as error:
        verdict = error.verdict
    else:
        verdict = ""
    assert requests == 2
    assert verdict != "connection_lost"

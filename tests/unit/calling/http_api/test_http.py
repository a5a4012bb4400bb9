"""HttpCaller against a real server: three contracts by configuration alone, errors, and hostile answers."""

import base64
import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.http_api.http import HttpCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.api import Api, ApiParameter, DeclaredType
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, InvalidInputError, SpaceFailedError
from tests.unit.calling.fake_space import Answerer, FakeSpace, answer_json, answer_raw, files_in
from tests.unit.calling.http_api.web_app import HOSTILE, SMALL, ask, named, silent, soon, values_of, web_app

pytestmark = pytest.mark.network

GENERATE = "POST /api/generate"
OPTIMIZE = Api(
    path="/api/v1/optimize",
    request={"prompt": "$prompt", "session_id": "$session"},
    parameters={},
    results={name: name for name in ("optimized_prompt", "improvements", "quality_score", "processing_time")},
)


def sent(space: FakeSpace, number: int = -1) -> Any:
    return json.loads(space.bodies[number])


def answer_to(answer: Answerer, scratch: Path, api: Api | None = None, call: Call | None = None) -> Answer:
    api = api if api is not None else Api()
    with web_app({f"{api.method} {api.path}": answer}) as space:
        return ask(HttpCaller(api, SMALL), space, scratch, call)


def test_the_default_contract(tmp_path: Path) -> None:
    with web_app({GENERATE: answer_json({"generated_text": "hi"})}) as space:
        answer = ask(HttpCaller(Api(), SMALL), space, tmp_path)
    assert [(output.label, output.component, output.value) for output in answer.outputs] == [
        ("generated_text", "Textbox", "hi")
    ]
    assert sent(space) == {"inputs": "hello", "parameters": {"max_new_tokens": 100, "temperature": 0.7}}
    assert space.requests == ["POST /api/generate"]
    assert answer.endpoint == "/api/generate"


def test_parameters_are_checked_before_anything_is_sent(tmp_path: Path) -> None:
    call = Call(prompt="x", inputs=named(max_new_tokens="0"))
    with web_app({}) as space, pytest.raises(InvalidInputError, match="takes a number from 1"):
        ask(HttpCaller(Api(), SMALL), space, tmp_path, call)
    assert space.requests == []


def test_the_answer_may_be_a_list(tmp_path: Path) -> None:
    api = Api(results={"generated_text": "[0].generated_text"})
    assert values_of(answer_to(answer_json([{"generated_text": "hi"}]), tmp_path, api)) == {"generated_text": "hi"}


def test_a_session_has_one_name_and_the_next_another(tmp_path: Path) -> None:
    good = {"optimized_prompt": "better", "improvements": ["a"], "quality_score": 0.5, "processing_time": 1}
    caller = HttpCaller(OPTIMIZE, SMALL)
    with web_app({"POST /api/v1/optimize": answer_json({**good, "more": 1})}) as space:
        with caller.open(space.base_url, soon()) as session:
            first, second = (session.call(Call(prompt="x"), tmp_path, soon()) for _ in range(2))
        ask(caller, space, tmp_path)
    assert values_of(first) == values_of(second) == good
    assert [output.component for output in first.outputs] == ["Textbox", "JSON", "JSON", "JSON"]
    names = [sent(space, number)["session_id"] for number in range(3)]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) >= 16


def test_get_asks_by_the_query(tmp_path: Path) -> None:
    request = {"q": "$prompt", "n": "$n", "on": True, "many": ["a", "b"]}
    api = Api(
        path="/api/ask it", method="GET", results={"x": ""}, request=request, parameters={"n": ApiParameter(default=1)}
    )
    with web_app({"GET /api/ask%20it?": answer_json(7)}) as space:
        answer = ask(HttpCaller(api, SMALL), space, tmp_path, Call(prompt="ä&b=\ud800"))
    assert values_of(answer) == {"x": 7}
    assert space.requests == ["GET /api/ask%20it?q=%C3%A4%26b%3D%3F&n=1&on=true&many=a&many=b"]
    assert space.bodies == [b""]
    with web_app({}) as space, pytest.raises(InvalidInputError, match="too long"):
        ask(HttpCaller(api, SMALL), space, tmp_path, Call(prompt="x" * 100_000))


def test_a_file_goes_in_as_base64(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG")
    api = Api(
        request={"image": "$image", "url": "data:image/png;base64,$image"},
        parameters={"image": ApiParameter(type=DeclaredType.FILE)},
    )
    with web_app({GENERATE: answer_json({"generated_text": "a cat"})}) as space:
        ask(HttpCaller(api, SMALL), space, tmp_path, Call(inputs=named(image=path)))
        with pytest.raises(InvalidInputError, match="fetches no address"):
            ask(HttpCaller(api, SMALL), space, tmp_path, Call(inputs=named(image="https://example.org/a.png")))
        with pytest.raises(InvalidInputError, match="cannot read"):
            ask(HttpCaller(api, SMALL), space, tmp_path, Call(inputs=named(image=tmp_path / "b.png")))
    encoded = base64.b64encode(b"\x89PNG").decode()
    assert [json.loads(body) for body in space.bodies] == [
        {"image": encoded, "url": f"data:image/png;base64,{encoded}"}
    ]


def test_a_login_is_http_basic(tmp_path: Path) -> None:
    login = Login(user="me", password=Secret("hunter2"))
    with web_app({GENERATE: answer_json({"generated_text": "hi"})}) as space:
        caller = HttpCaller(Api(), SMALL)
        with caller.open(space.base_url, soon(), login=login) as session:
            session.call(Call(prompt="x"), tmp_path, soon())
        ask(caller, space, tmp_path)
    assert space.headers[0]["Authorization"] == f"Basic {base64.b64encode(b'me:hunter2').decode()}"
    assert "Authorization" not in space.headers[1]


# What is not JSON


def test_text_is_a_text(tmp_path: Path) -> None:
    answer = answer_to(answer_raw(b"[hi \xff", headers={"Content-Type": "text/plain; charset=utf-8"}), tmp_path)
    assert [(one.label, one.component, one.value) for one in answer.outputs] == [
        ("generated_text", "Textbox", "[hi \ufffd")
    ]


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "text/plain", "", "not a type"])
def test_json_may_be_called_a_text(tmp_path: Path, kind: str) -> None:
    body = answer_raw(b' {"generated_text": "hi"}', headers={"Content-Type": kind})
    assert values_of(answer_to(body, tmp_path)) == {"generated_text": "hi"}


def test_a_page_is_no_answer_where_json_is_expected(tmp_path: Path) -> None:
    page = answer_raw(b"<html>Welcome", headers={"Content-Type": "text/html"})
    with pytest.raises(AnswerError, match="web page where JSON was expected: <html>Welcome"):
        answer_to(page, tmp_path)
    assert values_of(answer_to(page, tmp_path, Api(results={"page": ""}))) == {"page": "<html>Welcome"}


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ("", "answer.png"),
        ('attachment; filename="../../a b.png"', "../../a b.png"),
        ("attachment; filename=x.png", "x.png"),
        ("attachment; filename=\"x.png\"; filename*=UTF-8''%C3%A4.png", "ä.png"),
        ('attachment; filename="', "answer.png"),
    ],
)
def test_anything_else_is_a_file_whose_name_is_only_remembered(tmp_path: Path, disposition: str, name: str) -> None:
    headers = {"Content-Type": "image/png", "Content-Disposition": disposition}
    (output,) = answer_to(answer_raw(b"\x89PNG", headers=headers), tmp_path).outputs
    assert (output.component, output.value) == ("File", {"file": name})
    assert [(file.path, file.original_name) for file in output.files] == [(tmp_path / "1", name)]
    assert (tmp_path / "1").read_bytes() == b"\x89PNG"


def test_a_data_url_is_a_file(tmp_path: Path) -> None:
    url = f"data:image/png;base64,{base64.b64encode(b'PNG').decode()}"
    (output,) = answer_to(answer_json({"generated_text": url}), tmp_path).outputs
    assert output.value == {"file": "generated_text.png"}
    assert (tmp_path / "1").read_bytes() == b"PNG"


# Failures


def test_a_missing_place_names_what_is_there(tmp_path: Path) -> None:
    with pytest.raises(AnswerError, match="nothing at generated_text: it has the keys text, n"):
        answer_to(answer_json({"text": "hi", "n": 1}), tmp_path)


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (
            422,
            {"detail": [{"loc": ["body", "prompt"], "msg": "Field required"}, {"loc": ["body", "a", 0], "msg": "no"}]},
            CallError,
            r"answered 422: prompt: Field required; a\.0: no",
        ),
        (400, {"error": "too long"}, CallError, "answered 400: too long"),
        (404, {"detail": "Not Found"}, CallError, "answered 404: Not Found"),
        (401, {}, CallError, "wants a login"),
        (503, {}, CallError, "queue is full"),
        (500, {"error": {"message": "no GPU"}}, SpaceFailedError, "answered 500: no GPU"),
        (500, {"detail": "Internal Server Error"}, SpaceFailedError, "hides why"),
        (502, [], SpaceFailedError, "hides why"),
    ],
)
def test_an_error_has_the_words_of_the_server(
    tmp_path: Path, status: int, body: object, error: type[CallError], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        answer_to(answer_json(body, status), tmp_path)
    assert type(raised.value) is error


def test_an_error_may_be_text_or_a_page(tmp_path: Path) -> None:
    with pytest.raises(SpaceFailedError, match=r"500: out of memory$"):
        answer_to(answer_raw(b"out of \x1b[1mmemory\n", 500, {"Content-Type": "text/plain"}), tmp_path)
    with pytest.raises(SpaceFailedError, match="hides why"):
        answer_to(answer_raw(b"<html>500</html>", 500, {"Content-Type": "text/html"}), tmp_path)


def test_the_deadline_ends_a_call(tmp_path: Path) -> None:
    with web_app({GENERATE: silent}) as space, pytest.raises(CallTimeoutError, match="not answered within"):
        ask(HttpCaller(Api(), SMALL), space, tmp_path, limit_s=0.3)


def test_a_call_never_goes_over_a_connection_that_may_have_ended(tmp_path: Path) -> None:
    callers: list[object] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        callers.append(handler.client_address)
        answer_json({"generated_text": "hi"})(handler)

    with web_app({GENERATE: answer}) as space, HttpCaller(Api(), SMALL).open(space.base_url, soon()) as session:
        for _ in range(2):
            session.call(Call(prompt="x"), tmp_path, soon())
    assert len(set(callers)) == 2


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_answer_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises((AnswerError, CallError)) as raised:
        answer_to(HOSTILE[kind], tmp_path)
    assert not isinstance(raised.value, CallTimeoutError)
    assert len(raised.value.message) < 1000
    assert all((tmp_path / name).stat().st_size <= SMALL.max_file_bytes for name in files_in(tmp_path))

"""OpenAiCaller against a real server: streams, whole answers, chats, and what a server may do wrong."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.http_api.chat_history import ChatHistory
from hf_spaces_runner.calling.http_api.openai import OpenAiCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    CallTimeoutError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
)
from tests.unit.calling.fake_space import Answerer, FakeSpace, answer_json, answer_raw, start_events
from tests.unit.calling.http_api.web_app import HOSTILE, SMALL, ask, endless, named, silent, soon, values_of, web_app

pytestmark = pytest.mark.network

CHAT = "POST /v1/chat/completions"
MODELS = {"GET /v1/models": answer_json({"object": "list", "data": [{"id": "small"}, {"id": "large"}]})}


def piece(text: str | None = None, finish: str | None = None) -> dict[str, Any]:
    delta = {} if text is None else {"content": text}
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def streamed(*events: object, done: bool = True, stay: bool = False) -> Answerer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        for event in events:
            data = event if isinstance(event, bytes) else json.dumps(event).encode()
            handler.wfile.write(b"data: " + data + b"\n\n")
        if done:
            handler.wfile.write(b"data: [DONE]\n\n")
        if stay:
            silent(handler)

    return answer


def whole(text: object) -> Answerer:
    return answer_json({"choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})


def answer_to(answer: Answerer, scratch: Path, call: Call | None = None, **more: Any) -> tuple[FakeSpace, Answer]:
    with web_app({**MODELS, CHAT: answer}) as space:
        return space, ask(OpenAiCaller(SMALL), space, scratch, call, **more)


def partial_of(told: list[Progress]) -> list[str]:
    return [progress.partial for progress in told if progress.partial is not None]


def test_a_chat_is_streamed(tmp_path: Path) -> None:
    told: list[Progress] = []
    events: tuple[object, ...] = (
        piece(""),
        piece("Hel"),
        piece("lo\x1b[1m"),
        piece(None, "stop"),
        {"choices": [], "usage": {}},
    )
    space, answer = answer_to(streamed(*events), tmp_path, on_progress=told.append)
    assert values_of(answer) == {"text": "Hello\x1b[1m"}
    assert answer.outputs[0].component == "Textbox"
    assert partial_of(told) == ["Hel", "Hello"]
    assert told[-1].done
    assert space.requests == ["GET /v1/models", CHAT]
    assert json.loads(space.bodies[1]) == {
        "model": "small",
        "messages": [{"role": "user", "content": "hello"}],
        "stream": True,
    }


def test_what_is_given_is_sent(tmp_path: Path) -> None:
    inputs = named(
        system="Be brief.", model="large", max_tokens="5", temperature="0.5", top_p="1", stop="a,b", seed="7"
    )
    space, _ = answer_to(whole("hi"), tmp_path, Call(prompt="x", inputs=inputs))
    assert space.requests == [CHAT]
    assert json.loads(space.bodies[0]) == {
        "model": "large",
        "max_tokens": 5,
        "temperature": 0.5,
        "top_p": 1,
        "stop": ["a", "b"],
        "seed": 7,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "x"}],
        "stream": True,
    }


def test_images_go_along(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"PNG")
    inputs = (*named(images=path), *named(images="https://example.org/b.png"))
    space, _ = answer_to(whole("a cat"), tmp_path, Call(prompt="what?", inputs=inputs))
    assert json.loads(space.bodies[1])["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,UE5H"}},
                {"type": "image_url", "image_url": {"url": "https://example.org/b.png"}},
            ],
        }
    ]


@pytest.mark.parametrize(
    ("content", "text"), [("hi", "hi"), ([{"type": "text", "text": "a"}, {"text": "b"}, 5], "ab"), (None, "")]
)
def test_a_server_need_not_stream(tmp_path: Path, content: object, text: str) -> None:
    assert values_of(answer_to(whole(content), tmp_path)[1]) == {"text": text}


def test_a_session_remembers_the_chat(tmp_path: Path) -> None:
    with (
        web_app({**MODELS, CHAT: whole("answer")}) as space,
        OpenAiCaller(SMALL).open(space.base_url, soon()) as session,
    ):
        session.call(Call(prompt="one", inputs=named(system="Be brief.")), tmp_path, soon())
        space.answers[CHAT] = answer_json({}, 500)
        with pytest.raises(SpaceFailedError):
            session.call(Call(prompt="lost"), tmp_path, soon())
        space.answers[CHAT] = whole("answer")
        session.call(Call(prompt="two"), tmp_path, soon())
    assert space.requests == ["GET /v1/models", CHAT, CHAT, CHAT]
    assert json.loads(space.bodies[3])["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "answer"},
        {"role": "user", "content": "two"},
    ]


def test_another_visitor_knows_nothing_of_the_chat(tmp_path: Path) -> None:
    with (
        web_app({**MODELS, CHAT: whole("answer")}) as space,
        OpenAiCaller(SMALL).open(space.base_url, soon()) as session,
    ):
        session.call(Call(prompt="one", inputs=named(system="Be brief.")), tmp_path, soon())
        session.start_over()
        session.call(Call(prompt="two"), tmp_path, soon())
    assert json.loads(space.bodies[2])["messages"] == [{"role": "user", "content": "two"}]


def test_a_long_chat_forgets_its_beginning() -> None:
    history = ChatHistory(25)
    for number in range(3):
        history.remember({"content": f"question {number}"}, "answer")
    assert [message["content"] for message in history.messages({"content": "new"}, None)] == [
        "question 2", "answer", "new",
    ]  # fmt: skip


def test_completions_must_be_named(tmp_path: Path) -> None:
    events = ({"choices": [{"text": "Once", "finish_reason": None}]}, {"choices": [{"text": " upon"}]})
    with web_app({**MODELS, "POST /v1/completions": streamed(*events)}) as space:
        answer = ask(OpenAiCaller(SMALL), space, tmp_path, Call(prompt="x", endpoint="v1/completions"))
        assert values_of(answer) == {"text": "Once upon"}
        assert json.loads(space.bodies[1]) == {"model": "small", "prompt": "x", "stream": True}
        with pytest.raises(NoEndpointError, match="has no /v1/chat/completions") as raised:
            ask(OpenAiCaller(SMALL), space, tmp_path)
    assert raised.value.hint == "name another one: --endpoint /v1/completions or /v1/embeddings"


def test_embeddings(tmp_path: Path) -> None:
    call = Call(prompt="x", endpoint="/v1/embeddings")
    with web_app({**MODELS, "POST /v1/embeddings": answer_json({"data": [{"embedding": [0.5, 1]}]})}) as space:
        answer = ask(OpenAiCaller(SMALL), space, tmp_path, call)
        space.answers["POST /v1/embeddings"] = answer_json({"data": []})
        with pytest.raises(AnswerError, match="no embedding"):
            ask(OpenAiCaller(SMALL), space, tmp_path, call)
    assert values_of(answer) == {"embedding": [0.5, 1]}
    assert json.loads(space.bodies[1]) == {"model": "small", "input": "x"}


def test_a_model_that_is_unknown_is_no_missing_endpoint(tmp_path: Path) -> None:
    unknown = answer_json({"error": {"message": "The model `x` does not exist."}}, 404)
    with pytest.raises(CallError, match="answered 404: The model `x` does not exist") as raised:
        answer_to(unknown, tmp_path)
    assert not isinstance(raised.value, NoEndpointError)


@pytest.mark.parametrize("models", [answer_json({}, 404), answer_raw(b"<html>"), answer_json({"data": [{"id": 5}]})])
def test_a_server_need_not_name_models(tmp_path: Path, models: Answerer) -> None:
    with web_app({"GET /v1/models": models, CHAT: whole("hi")}) as space:
        ask(OpenAiCaller(SMALL), space, tmp_path)
    assert "model" not in json.loads(space.bodies[1])


def test_a_password_is_the_key(tmp_path: Path) -> None:
    login = Login(user="any", password=Secret("hunter2"))
    with web_app({**MODELS, CHAT: whole("hi")}) as space:
        with OpenAiCaller(SMALL).open(space.base_url, soon(), login=login) as session:
            session.call(Call(prompt="x"), tmp_path, soon())
        space.answers["GET /v1/models"] = answer_json({}, 401)
        with pytest.raises(CallError, match="wants a login"):
            ask(OpenAiCaller(SMALL), space, tmp_path)
    assert {headers["Authorization"] for headers in space.headers[:2]} == {"Bearer hunter2"}


# Failures


@pytest.mark.parametrize(
    "answer",
    [
        streamed(piece("Hel"), {"error": {"message": "out of memory", "code": 500}}),
        streamed({"object": "error", "message": "out of memory"}),
        answer_json({"error": "out of memory"}),
        answer_json({"error": {"message": "out of memory"}}, 500),
    ],
)
def test_the_server_says_that_it_failed(tmp_path: Path, answer: Answerer) -> None:
    with pytest.raises(SpaceFailedError, match="out of memory"):
        answer_to(answer, tmp_path)


def test_a_stream_that_ends_early_is_a_lost_connection(tmp_path: Path) -> None:
    with pytest.raises(CallError, match="before /v1/chat/completions was done: it had written 3 char") as raised:
        answer_to(streamed(piece("Hel"), done=False), tmp_path)
    assert raised.value.verdict == "connection_lost"
    _, answer = answer_to(streamed(piece("Hello", "length"), done=False), tmp_path)
    assert values_of(answer) == {"text": "Hello"}


def test_the_deadline_says_how_far_it_came(tmp_path: Path) -> None:
    with pytest.raises(CallTimeoutError, match=r"not answered within .*: it had written 3 characters"):
        answer_to(streamed(piece("Hel"), done=False, stay=True), tmp_path, limit_s=0.5)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (streamed([]), "no list of choices"),
        (streamed({"choices": [5]}), "no list of choices"),
        (streamed(b"{"), "not JSON"),
        (streamed(b"[" * 5000), "deeper"),
        (answer_json({"choices": []}), "empty list"),
        (answer_json(["hi"]), "no list of choices"),
        (answer_raw(b"<html>", headers={"Content-Type": "text/html"}), "not JSON"),
        (endless(b"data: " + json.dumps(piece("")).encode() + b"\n\n", "text/event-stream"), "more than"),
        (endless(b"data: " + json.dumps(piece("x" * 5000)).encode() + b"\n\n", "text/event-stream"), "of text"),
        (endless(b": ping\n\n", "text/event-stream"), "more than"),
        (endless(b"x" * 1000, "text/event-stream"), "event larger"),
    ],
)
def test_what_is_not_openais_is_refused(tmp_path: Path, answer: Answerer, says: str) -> None:
    with pytest.raises(AnswerError, match=says):
        answer_to(answer, tmp_path)


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_answer_is_refused(tmp_path: Path, kind: str) -> None:
    with pytest.raises((AnswerError, CallError)):
        answer_to(HOSTILE[kind], tmp_path)


def test_a_long_text_is_told_of_in_steps(tmp_path: Path) -> None:
    told: list[Progress] = []
    answer_to(streamed(*[piece("x" * 50)] * 800), tmp_path, on_progress=told.append)
    partial = [len(text) for text in partial_of(told)]
    assert partial[:200] == list(range(50, 10_001, 50))
    assert 100 < len(partial[200:]) < 400


KEYS = st.sampled_from(["choices", "delta", "message", "content", "text", "finish_reason", "error", "object", "data"])
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("error"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
CHOICES = st.fixed_dictionaries({"choices": st.lists(st.dictionaries(KEYS, ANY_JSON, max_size=3), max_size=2)})


@settings(max_examples=100, deadline=None)
@given(st.lists(ANY_JSON | CHOICES, max_size=4), st.booleans(), ANY_JSON)
def test_any_json_is_an_answer_or_refused(events: list[Any], stream: bool, models: Any) -> None:
    answer = streamed(*events) if stream else answer_json(events[0] if events else None)
    with web_app({"GET /v1/models": answer_json(models), CHAT: answer}) as space:
        ended: object
        try:
            ended = values_of(ask(OpenAiCaller(SMALL), space, Path()))["text"]
        except RunnerError as error:
            ended = error
    assert isinstance(ended, str | AnswerError | SpaceFailedError)

"""The real InferenceClient asks a server that speaks the router's API, over TLS, and whatever goes wrong there."""

import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.cloud.provider import ProviderCaller
from hf_spaces_runner.cloud.trust import trusted
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.cloud import ROUTER, CloudModel
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError, TryNext
from tests.fakes.cloud import Answerer, Sky, answer, answer_events, leading_to, sky, start_events
from tests.one_call import call_once

pytestmark = pytest.mark.network

HOST = "router.huggingface.co"
PATH = "POST /v1/chat/completions"
TOKEN = "hf_TheOneThatWasGiven"  # noqa: S105 - made up
SAVED = "hf_SavedOnThisMachine"
PNG = bytes.fromhex("89504e470d0a1a0a")


def chunk(text: str | None, finish: str | None = None) -> bytes:
    delta = {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps(
        {"id": "1", "created": 1, "model": "m", "system_fingerprint": "", "object": "x", "choices": [choice]}
    ).encode()


GOOD = answer_events(chunk("Good "), chunk("morning"), chunk(None, "stop"), b"[DONE]")


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"):
        monkeypatch.setenv(name, SAVED)
    with sky(tmp_path, monkeypatch, HOST) as found:
        found.answers[PATH] = GOOD
        yield found


def ask(
    router: Sky,
    tmp_path: Path,
    *inputs: InputValue,
    prompt: str = "hello",
    timeout_s: float = 30.0,
    model: CloudModel = CloudModel(name="org/model"),  # noqa: B008 - it is frozen
    heard: list[Progress] | None = None,
    limits: AnswerLimits | None = None,
) -> object:
    caller = ProviderCaller(model, token=Secret(TOKEN), trust=lambda: trusted(router.ca), limits=limits)
    deadline = Deadline.after(timeout_s, time.monotonic)
    call = Call(prompt=prompt, inputs=inputs)
    told = heard if heard is not None else []
    return call_once(caller, ROUTER, call, tmp_path, deadline, told.append).outputs[0].value


def failure(router: Sky, tmp_path: Path, answerer: Answerer, **more: Any) -> RunnerError:
    router.answers[PATH] = answerer
    with pytest.raises(RunnerError) as caught:
        ask(router, tmp_path, **more)
    assert TOKEN not in caught.value.message
    assert caught.value.try_next is TryNext.YES
    assert caught.value.message.isprintable()
    return caught.value


def test_a_model_answers_piece_by_piece(router: Sky, tmp_path: Path) -> None:
    heard: list[Progress] = []
    system = InputValue(name="system", value="Be kind.")
    assert ask(router, tmp_path, system, InputValue(name="max_tokens", value="7"), heard=heard) == "Good morning"
    assert [step.partial for step in heard if step.partial] == ["Good ", "Good morning"]
    (asked,) = router.asked
    assert json.loads(asked.body) == {
        "model": "org/model",
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "hello"}],
        "max_tokens": 7,
        "stream": True,
    }


def test_the_provider_stands_in_the_models_name_and_nobody_else_is_asked(router: Sky, tmp_path: Path) -> None:
    ask(router, tmp_path, model=CloudModel(name="org/model", provider="groq"))
    assert json.loads(router.asked[0].body)["model"] == "org/model:groq"
    assert router.names == [HOST]


def test_it_sends_the_token_that_was_given_and_nothing_else_of_the_users(
    router: Sky, tmp_path: Path, private_home: Path
) -> None:
    (private_home / ".netrc").write_text(f"machine {HOST} login user password NetrcPassword\n")
    saved = private_home / ".cache" / "huggingface" / "token"
    saved.parent.mkdir(parents=True)
    saved.write_text(SAVED)
    ask(router, tmp_path)
    headers = router.asked[0].headers
    assert headers["authorization"] == f"Bearer {TOKEN}"
    assert SAVED not in str(headers)
    assert set(headers) == {
        *("host", "connection", "accept", "accept-encoding"),
        *("authorization", "content-type", "content-length", "user-agent"),
    }
    assert headers["user-agent"].startswith("hf-spaces-runner/")


def test_a_picture_goes_along(router: Sky, tmp_path: Path) -> None:
    picture = tmp_path / "scan.png"
    picture.write_bytes(PNG)
    ask(router, tmp_path, InputValue(path=picture))
    said = json.loads(router.asked[0].body)["messages"][0]["content"]
    assert said[0] == {"type": "text", "text": "hello"}
    assert said[1]["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    ("status", "verdict", "hint"),
    [
        (400, "refused", "cloud_model"),
        (401, "token_refused", "settings/tokens"),
        (402, "no_credits", "settings/billing"),
        (403, "forbidden", "permission"),
        (404, "no_model", "cloud_model"),
        (413, "too_large", "shorter"),
        (418, "refused", "no more"),
        (422, "refused", "too long"),
        (429, "rate_limited", "wait"),
        (500, "remote_failed", "later"),
        (503, "overloaded", "again"),
        (504, "call_timeout", "again"),
    ],
)
def test_a_refusal_says_what_it_means(router: Sky, tmp_path: Path, status: int, verdict: str, hint: str) -> None:
    error = failure(router, tmp_path, answer(status, b'{"error": {"message": "so \\u001b[31mit is"}}'))
    assert error.verdict == verdict
    assert f"({status}: so it is)" in error.message
    assert hint in (error.hint or "")
    assert len(router.asked) == 1


@pytest.mark.parametrize("body", [b"", b"<html>busy</html>", b"\xff\xfe", b"[" * 100_000, b'{"error": null}'])
def test_a_refusal_may_say_nothing(router: Sky, tmp_path: Path, body: bytes) -> None:
    assert failure(router, tmp_path, answer(402, body)).verdict == "no_credits"


def test_a_redirect_is_not_followed(router: Sky, tmp_path: Path) -> None:
    error = failure(router, tmp_path, answer(307, b"", Location="https://router.huggingface.co/elsewhere"))
    assert error.verdict == "redirect"
    assert len(router.asked) == 1


@pytest.mark.parametrize(
    "event",
    [
        b"no json",
        b"[]",
        b'"text"',
        b"7",
        b"{}",
        b'{"choices": 7}',
        b'{"choices": [7]}',
        b'{"choices": [{}]}{',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_events_that_are_nonsense(router: Sky, tmp_path: Path, event: bytes) -> None:
    assert failure(router, tmp_path, answer_events(event)).verdict == "unusable_answer"


@pytest.mark.parametrize(
    "answerer",
    [
        answer(200, b'{"choices": []}'),
        answer(200, b"<html>hello</html>", "text/html"),
        answer(200, b"x", "text/event-stream", Content_Encoding="gzip"),
    ],
)
def test_what_is_no_stream_of_events(router: Sky, tmp_path: Path, answerer: Answerer) -> None:
    error = failure(router, tmp_path, answerer)
    assert isinstance(error, AnswerError)


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [("overloaded", "overloaded"), ("generation", "model_error"), ("validation", "model_error"), (None, "model_error")],
)
def test_a_failure_in_the_middle_of_the_stream(router: Sky, tmp_path: Path, kind: str | None, verdict: str) -> None:
    event = json.dumps({"error": "no \x1b[31mroom", "error_type": kind}).encode()
    error = failure(router, tmp_path, answer_events(chunk("Good "), event))
    assert error.verdict == verdict
    assert "no room" in error.message


def test_a_stream_that_is_cut(router: Sky, tmp_path: Path) -> None:
    error = failure(router, tmp_path, answer_events(chunk("Good "), chunk("mor")))
    assert error.verdict == "connection_lost"
    assert "it had written 8 characters" in error.message


def test_a_connection_that_is_cut(router: Sky, tmp_path: Path) -> None:
    def hang_up(handler: BaseHTTPRequestHandler) -> None:
        socket.socket.shutdown(handler.request, socket.SHUT_RDWR)

    assert failure(router, tmp_path, hang_up).verdict == "connection_lost"


def endless(handler: BaseHTTPRequestHandler) -> None:
    start_events(handler)
    while True:
        handler.wfile.write(b"x" * 65536)


def test_an_event_without_an_end(router: Sky, tmp_path: Path) -> None:
    tracemalloc.start()
    error = failure(router, tmp_path, endless)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(error, AnswerError)
    assert "1 MiB" in error.message
    assert peak < 64 * 1024**2


def test_an_answer_without_an_end(router: Sky, tmp_path: Path) -> None:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        while True:
            handler.wfile.write(b"data: " + chunk("word " * 100) + b"\n\n")

    error = failure(router, tmp_path, talk, limits=AnswerLimits(max_json_bytes=100_000))
    assert isinstance(error, AnswerError)


def test_a_failure_without_an_end(router: Sky, tmp_path: Path) -> None:
    def talk(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(503)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x" * 65536)

    assert failure(router, tmp_path, talk).verdict == "overloaded"


@pytest.mark.parametrize("begins", [False, True])
def test_it_ends_at_the_deadline(router: Sky, tmp_path: Path, begins: bool) -> None:
    ended = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        if begins:
            start_events(handler)
            handler.wfile.write(b"data: " + chunk("Good ") + b"\n\n")
        while not ended.wait(0.02):
            handler.wfile.write(b":\n")

    def wait(_: BaseHTTPRequestHandler) -> None:
        ended.wait(20)

    error = failure(router, tmp_path, drip if begins else wait, timeout_s=0.5)
    ended.set()
    assert isinstance(error, CallTimeoutError)
    assert "500 ms" in error.message or "0.5 s" in error.message
    assert ("it had written 5 characters" in error.message) is begins


def test_nobody_answers_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with sky(tmp_path, monkeypatch, HOST) as router:
        pass
    with leading_to(router.port, (HOST,), monkeypatch), pytest.raises(CallError) as caught:
        ask(router, tmp_path)
    assert caught.value.verdict == "unreachable"


def test_a_certificate_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sky(tmp_path, monkeypatch, HOST, certificate_for=("router.huggingface.co.evil.example",)) as router:
        error = failure(router, tmp_path, GOOD)
    assert error.verdict == "untrusted"
    assert "ca_bundle" in (error.hint or "")
    assert router.asked == []


def test_a_certificate_that_nobody_vouches_for(router: Sky, tmp_path: Path) -> None:
    caller = ProviderCaller(CloudModel(name="org/model"), token=Secret(TOKEN), trust=lambda: trusted(None))
    with pytest.raises(CallError) as caught:
        call_once(caller, ROUTER, Call(prompt="x"), tmp_path, Deadline.after(30, time.monotonic))
    assert caught.value.verdict == "untrusted"
    assert router.asked == []


def test_the_library_keeps_its_client_for_all_else(router: Sky, tmp_path: Path) -> None:
    from huggingface_hub import get_session  # noqa: PLC0415

    ask(router, tmp_path)
    first = get_session()
    ask(router, tmp_path)
    assert get_session() is first
    assert first.follow_redirects

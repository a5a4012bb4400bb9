"""Whatever bytes come as the queue's events, cut wherever: the right outputs or one of our errors, and never more."""

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError
from tests.one_call import call_once
from tests.unit.calling.fake_space import EVENT_ID, Answerer, completed, event, fake_space, send

pytestmark = pytest.mark.network

LIMITS = AnswerLimits(max_json_bytes=20_000, max_stream_bytes=100_000, max_stream_events=500)
LIMIT_S = 20.0
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3),
    max_leaves=8,
)
KINDS = ("estimation", "process_starts", "progress", "process_generating", "log", "heartbeat", "nonsense")
NOISE = st.builds(
    lambda kind, more: event({**more, "msg": kind}),
    st.sampled_from(KINDS),
    st.fixed_dictionaries(
        {}, optional={"rank": JSON, "output": JSON, "progress_data": JSON, "log": JSON, "level": JSON}
    ),
)
COMMENTS = st.sampled_from([b": a comment\n\n", b"\n\n", b"retry: 5\n\n", b"event: x\nid: 7\n", b"\r\n\r\n"])


def ask(data: Answerer) -> Answer | RunnerError:
    """Return what comes of a call whose events are sent by `data`."""
    with fake_space(data=data) as space, TemporaryDirectory() as folder:
        try:
            deadline = Deadline.after(LIMIT_S, time.monotonic)
            return call_once(GradioCaller(LIMITS), space.base_url, Call(prompt="x"), Path(folder), deadline)
        except RunnerError as error:
            return error


def streamed(pieces: list[bytes]) -> Answerer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        for piece in pieces:
            handler.wfile.write(piece)
            handler.wfile.flush()

    return answer


@st.composite
def cut(draw: Callable[..., bytes], whole: st.SearchStrategy[bytes]) -> list[bytes]:
    """Return the bytes in pieces that were cut anywhere."""
    text = draw(whole)
    places: list[int] = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@SLOW
@given(cut(st.lists(NOISE | COMMENTS, max_size=6).map(lambda noise: b"".join([*noise, event(completed("said"))]))))
def test_noise_before_the_answer_changes_nothing(pieces: list[bytes]) -> None:
    answer = ask(streamed(pieces))
    assert isinstance(answer, Answer), answer
    assert [output.value for output in answer.outputs] == ["said"]


@SLOW
@given(cut(st.binary(max_size=400)))
def test_random_bytes_are_an_error_of_ours(pieces: list[bytes]) -> None:
    error = ask(streamed(pieces))
    assert isinstance(error, CallError | AnswerError)
    assert error.message.isprintable()


@SLOW
@given(st.data(), st.lists(NOISE, max_size=4))
def test_a_stream_that_ends_early_is_a_lost_connection_or_no_json(data: st.DataObject, noise: list[bytes]) -> None:
    whole = b"".join([*noise, event(completed("said"))])
    end = data.draw(st.integers(0, len(whole) - 2))  # without the empty line that ends the event
    ended = ask(streamed([whole[:end]]))
    assert isinstance(ended, CallError)
    assert not isinstance(ended, CallTimeoutError)
    assert ended.verdict == "connection_lost"


@SLOW
@given(JSON)
def test_any_json_in_place_of_a_message_is_an_error_or_ignored(value: object) -> None:
    pieces = [b"data: " + json.dumps(value).encode() + b"\n\n", event(completed("said"))]
    ended = ask(streamed(pieces))
    if isinstance(ended, Answer):
        assert isinstance(value, dict)
        assert [output.value for output in ended.outputs] == ["said"]
    else:
        assert isinstance(ended, AnswerError | CallError)


@SLOW
@given(JSON)
def test_any_output_of_the_last_message_is_an_answer_or_an_error(output: object) -> None:
    last = {"msg": "process_completed", "success": True, "event_id": EVENT_ID, "output": output}
    ended = ask(streamed([b"data: " + json.dumps(last).encode() + b"\n\n"]))
    data = output.get("data") if isinstance(output, dict) else None
    fits = isinstance(data, list) and len(data) == 1 and isinstance(output, dict) and "error" not in output
    assert isinstance(ended, Answer) is fits


@SLOW
@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=40), st.integers(100, 999))
def test_another_content_type_or_status_is_an_error(content_type: str, status: int) -> None:
    body = event(completed("said"))
    ended = ask(lambda handler: send(handler, body, status, {"Content-Type": content_type}))
    if status == 200 and content_type.strip().lower().startswith("text/event-stream"):
        return
    assert isinstance(ended, AnswerError | CallError)

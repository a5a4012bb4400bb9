"""GradioCaller against a server that breaks off or garbles any answer anywhere, or answers any JSON at all."""

import json
import socket
import struct
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError
from hf_spaces_runner.results.process import ProcessedAnswer, process_result
from tests.one_call import call_once
from tests.unit.calling.fake_space import (
    EVENT_ID,
    Answerer,
    FakeSpace,
    answer_events,
    completed,
    config,
    event,
    fake_space,
    file_data,
    info,
)

pytestmark = pytest.mark.network

LIMITS = AnswerLimits(max_file_bytes=100_000, max_total_bytes=100_000, max_files=20, max_json_bytes=100_000)
COMPONENTS = ("textbox", "file")
EVENTS = event({"msg": "process_starts"}) + event(completed("said", [file_data("/x/a.png")]))
BODIES = {
    "get_config": json.dumps(config(COMPONENTS)).encode(),
    "get_info": json.dumps(info(COMPONENTS)).encode(),
    "post_join": json.dumps({"event_id": EVENT_ID}).encode(),
    "data": EVENTS,
    "get_file": b"\x89PNG\r\n\x1a\n" + bytes(200),
}
STEPS = st.sampled_from(sorted(BODIES))


def whole(step: str) -> bytes:
    """Return a good answer to a step of a call, its head included."""
    kind = "text/event-stream" if step == "data" else "application/json"
    head = (
        f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {len(BODIES[step])}\r\n\r\n"
    )
    return head.encode() + BODIES[step]


def reply(value: object) -> Answerer:
    """Return what answers `value` as JSON, in one piece: that is quicker than `answer_json`."""
    body = json.dumps(value).encode()
    return answer_bytes(f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def answer_bytes(raw: bytes, *, reset: bool = False) -> Answerer:
    """Return what sends `raw` and hangs up, with a reset of the connection if that is wanted."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.close_connection = True
        handler.wfile.write(raw)
        if reset:
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return answer


def ask(space: FakeSpace) -> ProcessedAnswer | RunnerError:
    """Return what comes of a call, which is told to people as it would be."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            answer = call_once(
                GradioCaller(LIMITS),
                space.base_url,
                Call(prompt="hello"),
                Path(folder),
                Deadline.after(20, time.monotonic),
            )
            processed = process_result(answer, category="", output_type="", output_directory=Path(folder, "out"))
        except RunnerError as error:
            _check_message(error.message)
            return error
        texts = [json.dumps(output.value, ensure_ascii=False) for output in processed.outputs]
        assert texts == [printable(text) for text in texts]
        assert all(file.path.parent == Path(folder, "out") for file in processed.files)
        return processed


def _check_message(message: str) -> None:
    assert message == printable(message)
    assert len(message) < 5000


def server(answers: Mapping[str, Answerer]) -> AbstractContextManager[FakeSpace]:
    """Run an app that answers well where `answers` does not say otherwise."""
    steps = {**{name: answer_bytes(whole(name)) for name in BODIES}, **answers}
    return fake_space(steps, data=steps["data"])


@settings(max_examples=80, deadline=None)
@given(STEPS, st.floats(0, 1), st.booleans())
def test_a_connection_may_break_anywhere(step: str, part: float, reset: bool) -> None:
    raw = whole(step)
    cut = round(len(raw) * part)
    with server({step: answer_bytes(raw[:cut], reset=reset)}) as space:
        ended = ask(space)
    if isinstance(ended, ProcessedAnswer):
        assert cut == len(raw) or step == "data"
        assert ended.text == "said"
    else:
        assert isinstance(ended, CallError | AnswerError)
        assert not isinstance(ended, CallTimeoutError)


GARBLED = st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=6)), min_size=1, max_size=5)


@settings(max_examples=120, deadline=None)
@given(STEPS, GARBLED)
def test_bytes_may_be_anything(step: str, changes: Sequence[tuple[float, bytes]]) -> None:
    raw = bytearray(whole(step))
    for part, piece in changes:
        place = round((len(raw) - 1) * part)
        raw[place : place + len(piece)] = piece
    with server({step: answer_bytes(bytes(raw))}) as space:
        assert isinstance(ask(space), ProcessedAnswer | RunnerError)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**4000), 1e308])
    | st.floats()
    | st.text(st.characters(), max_size=30)
    | st.text("\x1b[]0;m\x07\x9b\u202e", max_size=10)
)
FILES = st.builds(file_data, SCALARS, url=SCALARS, orig_name=SCALARS, is_stream=SCALARS)
KEYS = st.text(st.characters(), max_size=10) | st.sampled_from(
    ["path", "url", "value", "plot", "label", "file", "__type__"]
)
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | FILES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=15
)
KINDS = st.sampled_from(["textbox", "json", "label", "file", "gallery", "dataframe", "plot", "homemade"])


@settings(max_examples=120, deadline=None)
@given(KINDS, ANY_JSON)
def test_an_answer_may_be_any_json(kind: str, value: Any) -> None:
    described = {"get_config": reply(config([kind])), "get_info": reply(info([kind]))}
    with server({**described, "data": answer_events(completed(value))}) as space:
        assert isinstance(ask(space), ProcessedAnswer | AnswerError)


PARAMETERS = st.lists(
    st.fixed_dictionaries(
        {"parameter_has_default": st.booleans(), "parameter_default": ANY_JSON},
        optional={"parameter_name": ANY_JSON, "label": ANY_JSON, "type": ANY_JSON, "component": ANY_JSON},
    ),
    max_size=3,
)
UNITS = st.dictionaries(st.sampled_from(["index", "length", "progress", "desc"]), SCALARS)
MESSAGES = st.one_of(
    [
        st.fixed_dictionaries({"msg": st.just(kind), **dict.fromkeys(names, ANY_JSON)})
        for kind, names in {
            "estimation": ["rank"],
            "log": ["log", "level"],
            "process_completed": ["success", "output"],
            "unexpected_error": ["message"],
        }.items()
    ]
) | st.fixed_dictionaries({"msg": st.just("progress"), "progress_data": st.lists(UNITS, max_size=2)})


@settings(max_examples=120, deadline=None)
@given(PARAMETERS, st.lists(MESSAGES, max_size=4), ANY_JSON)
def test_a_schema_and_its_events_may_be_any_json(
    parameters: list[dict[str, object]], messages: list[dict[str, object]], event_id: object
) -> None:
    described = info()
    described["named_endpoints"]["/predict"]["parameters"] += parameters
    steps = {
        "get_config": reply(config()),
        "get_info": reply(described),
        "post_join": reply({"event_id": event_id}),
        "data": answer_events(*({**message, "event_id": None} for message in messages)),
    }
    with server(steps) as space:
        assert isinstance(ask(space), ProcessedAnswer | RunnerError)

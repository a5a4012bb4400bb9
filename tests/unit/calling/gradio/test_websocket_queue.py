"""The queue of Gradio 3 against a real websocket server on loopback, friendly and hostile."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.server import ServerConnection, serve

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.gradio.app import GradioApp, Protocol
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.queue_call import QueueCall
from hf_spaces_runner.calling.gradio.websocket_queue import WebsocketQueue
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError, SpaceFailedError

pytestmark = pytest.mark.network

Talk = Callable[[ServerConnection], None]
ENDPOINT = GradioEndpoint(name="/predict", fn_index=3)
DONE = {"msg": "process_completed", "success": True, "output": {"data": ["said"]}}
LIMITS = AnswerLimits(max_json_bytes=10_000, max_stream_events=50)


@contextmanager
def server(talk: Talk) -> Iterator[str]:
    def handle(connection: ServerConnection) -> None:
        with suppress(WebSocketException, OSError):
            talk(connection)

    with serve(handle, "127.0.0.1", 0, compression=None) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.socket.getsockname()[1]}"
        running.shutdown()
        thread.join()


def ask(url: str, limit_s: float = 20, told: list[Progress] | None = None) -> list[object]:
    on_progress = (told if told is not None else []).append
    with Connection(url, Deadline.after(limit_s, time.monotonic), LIMITS) as connection:
        call = QueueCall(GradioApp(version=(3, 50), protocol=Protocol.WS), ENDPOINT, LIMITS, on_progress)
        return WebsocketQueue(connection, "s1").run(ENDPOINT, ["hello"], call)


def says(*messages: object) -> Talk:
    def talk(connection: ServerConnection) -> None:
        for message in messages:
            connection.send(message if isinstance(message, str | bytes) else json.dumps(message))

    return talk


def test_a_call_goes_through_the_queue_as_gradio_3_has_it() -> None:
    heard: list[Any] = []

    def talk(connection: ServerConnection) -> None:
        connection.send('{"msg": "send_hash"}')
        heard.append(json.loads(connection.recv()))
        connection.send('{"msg": "estimation", "rank": 1}')
        connection.send('{"msg": "send_data"}')
        heard.append(json.loads(connection.recv()))
        connection.send('{"msg": "process_starts"}')
        connection.send('{"msg": "process_generating", "output": {"data": ["sa"]}}')
        connection.send(json.dumps(DONE))

    told: list[Progress] = []
    with server(talk) as url:
        assert ask(url, told=told) == ["said"]
    assert heard == [
        {"fn_index": 3, "session_hash": "s1"},
        {"data": ["hello"], "event_data": None, "fn_index": 3, "session_hash": "s1"},
    ]
    assert [progress.message for progress in told] == [
        "number 2 in the Space's queue", "/predict runs", "/predict gave partial output 1"
    ]  # fmt: skip
    assert told[-1].partial == "sa"


def test_headers_are_ours_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    seen: dict[str, str] = {}

    def talk(connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.update(connection.request.headers.raw_items())
        connection.send(json.dumps(DONE))

    with server(talk) as url:
        ask(url)
    assert {name.lower() for name in seen} == {
        "host", "upgrade", "connection", "sec-websocket-key", "sec-websocket-version", "user-agent"
    }  # fmt: skip
    assert seen["User-Agent"].startswith("hf-spaces-runner/")


@pytest.mark.parametrize(
    ("talk", "error", "message"),
    [
        (says({"msg": "process_completed", "success": False, "output": {"error": "'no'"}}), SpaceFailedError, "no"),
        (says({"msg": "queue_full"}), CallError, "queue is full"),
        (says(), CallError, "ended its stream before /predict was done"),
        (says("nonsense"), AnswerError, "not JSON"),
        (says("[]"), AnswerError, "not an object"),
        (says(b"\xff\xfe"), AnswerError, "not JSON"),
        (says({"msg": "x" * 20_000}), AnswerError, "more than"),
        (says(*[{"msg": "heartbeat"}] * 60), AnswerError, "more than 50 events"),
        (says({"msg": "process_completed", "output": {}}), AnswerError, "without a list of outputs"),
        (lambda connection: connection.close(1008), CallError, "wants a login"),
        (lambda connection: connection.close(4000, "\x1b[31m"), CallError, "ended its stream"),
    ],
)
def test_a_bad_end_is_told(talk: Talk, error: type[RunnerError], message: str) -> None:
    with server(talk) as url, pytest.raises(error, match=message) as caught:
        ask(url)
    assert caught.value.message.isprintable()


def test_a_space_that_says_nothing_ends_with_the_deadline() -> None:
    gone = threading.Event()

    def talk(connection: ServerConnection) -> None:
        connection.send('{"msg": "process_starts"}')
        with suppress(WebSocketException):
            connection.recv()
        gone.set()

    with server(talk) as url, pytest.raises(CallTimeoutError, match=r"within 0\.5 s: the function was running"):
        ask(url, limit_s=0.5)
    assert gone.wait(10)


def test_what_is_no_websocket_is_told() -> None:
    def refuse(connection: ServerConnection, _: object) -> Any:
        return connection.respond(HTTPStatus.NOT_FOUND, "no")

    with serve(lambda _: None, "127.0.0.1", 0, process_request=refuse) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        with pytest.raises(CallError, match="answered 404"):
            ask(f"http://127.0.0.1:{running.socket.getsockname()[1]}")
        running.shutdown()
        thread.join()

"""A real HTTP server on loopback with any paths, and ways to call it."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hf_spaces_runner.calling.caller import AnswerLimits, Caller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.domain.request import InputValue
from tests.one_call import call_once
from tests.unit.calling.fake_space import Answerer, FakeSpace, answer_raw, start_events

SMALL = AnswerLimits(
    max_file_bytes=10_000,
    max_total_bytes=25_000,
    max_files=5,
    max_json_bytes=50_000,
    max_json_weight=20_000,
    max_stream_bytes=200_000,
    max_stream_events=1000,
)


@contextmanager
def web_app(answers: Mapping[str, Answerer]) -> Iterator[FakeSpace]:
    """Run a server; `answers` maps the start of `METHOD path` to what answers it."""
    space = FakeSpace(answers=dict(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):  # the caller hangs up on what it does not want
                space.handle(self)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    space.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield space
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def named(**values: object) -> tuple[InputValue, ...]:
    """Return `values` as inputs; a path is a file."""
    return tuple(
        InputValue(name=name, path=value) if isinstance(value, Path) else InputValue(name=name, value=value)
        for name, value in values.items()
    )


def soon(limit_s: float = 20) -> Deadline:
    """Return a deadline."""
    return Deadline.after(limit_s, time.monotonic)


def ask(
    caller: Caller,
    space: FakeSpace,
    scratch: Path,
    call: Call | None = None,
    *,
    limit_s: float = 20,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> Answer:
    """Return what `space` answers to `call`, or to the prompt `hello`."""
    return call_once(caller, space.base_url, call or Call(prompt="hello"), scratch, soon(limit_s), on_progress)


def values_of(answer: Answer) -> dict[str, object]:
    """Return the outputs of `answer` by their labels."""
    return {output.label: output.value for output in answer.outputs}


def endless(piece: bytes, content_type: str) -> Answerer:
    """Return what sends `piece` again and again until nobody listens."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler) if content_type == "text/event-stream" else _start(handler, content_type)
        while True:
            handler.wfile.write(piece)

    return answer


def _start(handler: BaseHTTPRequestHandler, content_type: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Answer nothing, until the caller hangs up."""
    handler.close_connection = True
    handler.connection.settimeout(20)
    with suppress(OSError):
        handler.connection.recv(1)


HOSTILE: dict[str, Answerer] = {
    "a redirect": answer_raw(b"", 302, {"Location": "http://127.0.0.1:1/"}),
    "compressed": answer_raw(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "half of JSON": answer_raw(b'{"generated_text": "he'),
    "deep JSON": answer_raw(b"[" * 5000 + b"]" * 5000),
    "heavy JSON": answer_raw(b"[" + b"[]," * 15_000 + b"[]]"),
    "not UTF-8": answer_raw(b'{"generated_text": "\xff"}'),
    "large": answer_raw(b'{"generated_text": "' + b"x" * 60_000 + b'"}'),
    "a large announcement": answer_raw(b"{}", headers={"Content-Length": "9" * 30}),
    "endless JSON": endless(b"[" * 1000, "application/json"),
    "endless text": endless(b"x" * 1000, "text/plain"),
    "an endless file": endless(b"x" * 1000, "image/png"),
    "closed early": answer_raw(b"{", headers={"Content-Length": "10", "Connection": "close"}),
}
"""Answers that none may take for one, whatever is asked. Each is refused as an answer or as a lost connection."""

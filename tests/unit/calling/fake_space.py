"""A real HTTP server on loopback that answers as a Gradio app would, or as a hostile one could."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

Answerer = Callable[[BaseHTTPRequestHandler], None]

EVENT_ID = "the-event"
TEXT = {"type": "string"}
FILE = {"properties": {"path": TEXT, "meta": {}, "orig_name": TEXT}, "type": "object"}


def send(
    handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with `body`; its length is announced unless `headers` says another."""
    handler.send_response(status)
    for name, value in {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def answer_json(value: object, status: int = 200) -> Answerer:
    """Return what answers with `value` as JSON."""
    return lambda handler: send(handler, json.dumps(value).encode(), status)


def answer_raw(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Answerer:
    """Return what answers with `body` as it is."""
    return lambda handler: send(handler, body, status, headers)


def start_events(handler: BaseHTTPRequestHandler) -> None:
    """Begin a stream of events that ends with the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True


def event(message: Mapping[str, object]) -> bytes:
    """Return `message` as the queue sends it."""
    return b"data: " + json.dumps({"event_id": EVENT_ID, **message}).encode() + b"\n\n"


def answer_events(*messages: Mapping[str, object]) -> Answerer:
    """Return what streams `messages`, then closes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        for message in messages:
            handler.wfile.write(event(message))

    return answer


def completed(*data: object) -> dict[str, object]:
    """Return the queue's last message of a call that returned `data`."""
    return {"msg": "process_completed", "success": True, "output": {"data": list(data), "is_generating": False}}


def file_data(path: object, **more: object) -> dict[str, object]:
    """Return a FileData of an answer."""
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **more}


def config(outputs: Sequence[str] = ("textbox",), **more: Any) -> dict[str, Any]:
    """Return the `/config` of an app with one endpoint, `/predict`, that takes a text."""
    components = [{"id": 0, "type": "textbox", "props": {"label": "Text"}, "skip_api": False}]
    components += [
        {"id": number, "type": kind, "props": {"label": kind.title()}, "skip_api": False}
        for number, kind in enumerate(outputs, start=1)
    ]
    dependency = {
        "id": 0,
        "inputs": [0],
        "outputs": [component["id"] for component in components[1:]],
        "api_name": "predict",
        "queue": True,
    }
    return {
        "version": "5.49.1",
        "protocol": "sse_v3",
        "api_prefix": "/gradio_api",
        "is_space": True,
        "components": components,
        "dependencies": [dependency],
        **more,
    }


def info(outputs: Sequence[str] = ("textbox",)) -> dict[str, Any]:
    """Return the `/info` of the same app."""
    parameter = {
        "label": "Text",
        "parameter_name": "text",
        "parameter_has_default": False,
        "type": TEXT,
        "component": "Textbox",
    }
    returns = [{"label": kind.title(), "type": TEXT, "component": kind.title()} for kind in outputs]
    return {"named_endpoints": {"/predict": {"parameters": [parameter], "returns": returns}}, "unnamed_endpoints": {}}


@dataclass
class FakeSpace:
    """The server; `answers` maps the start of `METHOD path` to what answers it, the longest match first."""

    answers: dict[str, Answerer]
    base_url: str = ""
    requests: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        asked = f"{handler.command} {handler.path}"
        self.requests.append(asked)
        self.headers.append(dict(handler.headers))
        self.bodies.append(handler.rfile.read(int(handler.headers.get("Content-Length") or 0)))
        for start in sorted(self.answers, key=len, reverse=True):
            if asked.startswith(start):
                self.answers[start](handler)
                return
        send(handler, b'{"detail": "Not Found"}', 404)


@contextmanager
def fake_space(
    answers: Mapping[str, Answerer] | None = None,
    *,
    outputs: Sequence[str] = ("textbox",),
    data: Answerer | None = None,
    **more: Answerer,
) -> Iterator[FakeSpace]:
    """Run an app with one endpoint that answers `data`; `answers` and `more` are named `get_config`, `post_join`..."""
    answers = {**(answers or {}), **more}
    paths = {
        "get_config": ("GET /config", answer_json(config(outputs))),
        "get_info": ("GET /gradio_api/info", answer_json(info(outputs))),
        "post_join": ("POST /gradio_api/queue/join", answer_json({"event_id": EVENT_ID})),
        "post_upload": ("POST /gradio_api/upload", answer_json(["/tmp/gradio/x"])),  # noqa: S108 - in the fake Space
        "post_cancel": ("POST /gradio_api/cancel", answer_json({"success": True})),
        "post_run": ("POST /gradio_api/run/predict", answer_json({"data": ["direct"]})),
        "get_file": ("GET /gradio_api/file=", answer_raw(b"content")),
    }
    space = FakeSpace(answers={path: answers.get(name, default) for name, (path, default) in paths.items()})
    space.answers["GET /gradio_api/queue/data"] = data or answer_events(completed("said"))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            with suppress(OSError):  # the caller hangs up on what it does not want
                space.handle(self)

        do_POST = do_GET  # noqa: N815 - likewise

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


def files_in(folder: Path) -> list[str]:
    """Return the names of all files below `folder`."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))

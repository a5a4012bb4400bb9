"""The cloud on loopback: names of the Hub lead here, over TLS with certificates of a CA made on the spot.

with sky(tmp_path, monkeypatch, "router.huggingface.co") as found:
    found.answers["POST /v1/chat/completions"] = answer_events(...)
with gate(tmp_path, monkeypatch, space.port, "user-mood.hf.space") as ca:
    ...  # a Space on loopback answers at https://user-mood.hf.space to those who trust `ca`
"""

import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

Answerer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Asked:
    """One request as it came: the name in the certificate that was asked for, path, headers, body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Sky:
    """A server over TLS. `answers` maps `METHOD path` to what answers it; `ca` is the file to trust."""

    port: int
    ca: Path
    answers: dict[str, Answerer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@contextmanager
def leading_to(port: int, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Have connections to port 443 of `names` made to `port` of loopback; yield the names that were asked for."""
    own = socket.create_connection
    seen: list[str] = []

    def connect(address: tuple[str, int], *arguments: Any, **more: Any) -> socket.socket:
        seen.append(address[0])
        if address[0] in names and address[1] == 443:
            return own(("127.0.0.1", port), *arguments, **more)
        return own(address, *arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(socket, "create_connection", connect)
        yield seen


def _certified(folder: Path, names: tuple[str, ...]) -> tuple[Path, ssl.SSLContext]:
    authority = trustme.CA()
    ca = folder / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return ca, context


@contextmanager
def gate(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    target_port: int,
    *names: str,
    certificate_for: tuple[str, ...] | None = None,
) -> Iterator[Path]:
    """Have what listens on `target_port` of loopback answer as `names`; yield the file with the CA to trust."""
    ca, context = _certified(folder, certificate_for or names)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_let_in, args=(server, context, target_port), daemon=True)
        thread.start()
        with leading_to(server.getsockname()[1], names, monkeypatch):
            yield ca
        socket.socket.shutdown(server, socket.SHUT_RDWR)
        thread.join()


def _let_in(server: socket.socket, context: ssl.SSLContext, target_port: int) -> None:
    with suppress(OSError):
        while True:
            caller, _ = server.accept()
            threading.Thread(target=_pass_on, args=(caller, context, target_port), daemon=True).start()


def _pass_on(caller: socket.socket, context: ssl.SSLContext, target_port: int) -> None:
    with (
        suppress(OSError),
        context.wrap_socket(caller, server_side=True) as outer,
        socket.create_connection(("127.0.0.1", target_port)) as inner,
    ):
        while True:
            ready = [outer] if outer.pending() else select.select([outer, inner], [], [])[0]
            for source, target in ((outer, inner), (inner, outer)):
                if source in ready:
                    piece = source.recv(65536)
                    if not piece:
                        return
                    target.sendall(piece)


@contextmanager
def sky(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *names: str, certificate_for: tuple[str, ...] | None = None
) -> Iterator[Sky]:
    """Serve as `names`; `certificate_for` are the names in the certificate where they are others."""
    ca, context = _certified(folder, certificate_for or names)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            # Here, in the thread of the connection: a handshake that fails, or never ends, keeps nobody else waiting.
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()
            with suppress(OSError):
                self.request.close()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            found.asked.append(Asked(self.command, self.path, headers, body))
            answer = found.answers.get(f"{self.command} {self.path.partition('?')[0]}")
            with suppress(OSError):
                if answer is None:
                    send(self, 404, b"<html>404</html>", "text/html")
                else:
                    answer(self)

        do_GET = do_POST = _answer  # noqa: N815 - names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing: a caller who does not trust us hangs up in the middle of a handshake."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        found = Sky(port=server.server_port, ca=ca)
        try:
            with leading_to(found.port, names, monkeypatch) as seen:
                found.names = seen
                yield found
        finally:
            server.shutdown()
            thread.join()


def send(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, type_: str = "application/json", **more: str
) -> None:
    """Answer with `body`."""
    handler.send_response(status)
    handler.send_header("Content-Type", type_)
    handler.send_header("Content-Length", str(len(body)))
    for name, value in more.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def answer(status: int, body: bytes, type_: str = "application/json", **more: str) -> Answerer:
    """Return what answers with `body`."""
    return lambda handler: send(handler, status, body, type_, **more)


def start_events(handler: BaseHTTPRequestHandler) -> None:
    """Begin a stream of events that ends with the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Connection", "close")
    handler.end_headers()
    handler.close_connection = True


def answer_events(*events: bytes) -> Answerer:
    """Return what streams `events`, then closes."""

    def stream(handler: BaseHTTPRequestHandler) -> None:
        start_events(handler)
        for event in events:
            handler.wfile.write(b"data: " + event + b"\n\n")

    return stream

"""A Space that means harm: speaks just enough of Gradio 5 to be called, then does the evil that EVIL names.

It runs in a container, on the standard library alone. ANSWER, the JSON of what its one endpoint returns to the
components OUTPUTS, PARAMETERS, the JSON of what it takes, and LABEL are enough for an answer that is evil in itself.
"""

import itertools
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

EVIL = os.environ.get("EVIL", "")
ANSWER = os.environ.get("ANSWER", '["said"]')
OUTPUTS = os.environ.get("OUTPUTS", "textbox").split(",")
LABEL = os.environ.get("LABEL", '"It"')
PARAMETERS = os.environ.get("PARAMETERS", '[{"parameter_name": "text", "type": {"type": "string"}}]')

MIB = 1024**2
ESCAPES = "\x1b[31m\x1b]0;title\x07\x9b31m\u202e\x7f\r"
STEPS = {
    "/config": "config",
    "/gradio_api/info": "info",
    "/gradio_api/queue/join": "join",
    "/gradio_api/queue/data": "stream",
    "/gradio_api/file=": "file",
}

Piece = str | bytes
Act = Callable[["Space"], None]
EVILS: dict[str, dict[str, Act]] = {}


def evil(*steps: str, name: str = "") -> Callable[[Act], Act]:
    """Make a function the evil called `name`, or like itself: it is done in place of these `steps` of the call."""

    def register(act: Act) -> Act:
        EVILS.setdefault(name or act.__name__, {}).update(dict.fromkeys(steps, act))
        return act

    return register


def many(text: str, size_bytes: int = 0) -> Iterable[bytes]:
    """Yield `text` again and again, for ever or until it is as long as that."""
    block = text.encode()
    block *= max(1, 65536 // len(block))
    yield from itertools.repeat(block, size_bytes // len(block)) if size_bytes else itertools.repeat(block)


def config() -> str:
    """Return what the app says of itself."""
    components = ", ".join(
        f'{{"id": {number}, "type": "{kind}", "props": {{"label": {LABEL}}}}}' for number, kind in enumerate(OUTPUTS)
    )
    dependency = json.dumps({"id": 0, "inputs": [], "outputs": list(range(len(OUTPUTS))), "api_name": "predict"})
    app = '"version": "5.49.1", "protocol": "sse_v3", "api_prefix": "/gradio_api", "is_space": true'
    return f'{{{app}, "components": [{components}], "dependencies": [{dependency}]}}'


def info(parameters: str = PARAMETERS) -> str:
    """Return the schema of its endpoint."""
    returns = ", ".join(f'{{"label": {LABEL}, "component": "{kind.title()}"}}' for kind in OUTPUTS)
    return f'{{"named_endpoints": {{"/predict": {{"parameters": {parameters}, "returns": [{returns}]}}}}}}'


def completed(data: str = ANSWER) -> str:
    """Return the last event of a call that returned `data`, a JSON list."""
    return f'data: {{"msg": "process_completed", "success": true, "output": {{"data": {data}}}}}\n\n'


def failed(error: str) -> str:
    """Return the last event of a call that failed with `error`, which is JSON."""
    return f'data: {{"msg": "process_completed", "success": false, "output": {{"error": {error}}}}}\n\n'


class Space(BaseHTTPRequestHandler):
    """Answers one request after the other, well where no evil is meant."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        step = next((step for start, step in STEPS.items() if self.path.startswith(start)), "")
        with suppress(OSError):  # the caller hangs up on what it does not want
            if step in EVILS.get(EVIL, {}):
                EVILS[EVIL][step](self)
            elif step == "stream":
                self.stream([completed()])
            else:
                self.body([self._well(step)])

    do_POST = do_GET  # noqa: N815 - http.server's name

    def _well(self, step: str) -> Piece:
        if step == "file":  # its path may hold what is in it: /hex/68656c6c6f/name
            words = self.path.split("/")
            return bytes.fromhex(words[words.index("hex") + 1]) if "hex" in words else "content"
        return {"config": config(), "info": info(), "join": '{"event_id": "e"}'}.get(step, "{}")

    def head(self, *lines: str) -> None:
        """Send the head of an answer whose body ends with the connection."""
        self.close_connection = True
        self.raw(["\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""])])

    def raw(self, pieces: Iterable[Piece]) -> None:
        """Send `pieces` as they come."""
        for piece in pieces:
            self.wfile.write(piece if isinstance(piece, bytes) else piece.encode())

    def body(self, pieces: Iterable[Piece]) -> None:
        """Answer with JSON, or with what is no JSON."""
        self.head("Content-Type: application/json")
        self.raw(pieces)

    def stream(self, pieces: Iterable[Piece]) -> None:
        """Answer with events."""
        self.head("Content-Type: text/event-stream")
        self.raw(pieces)

    def log_message(self, *_: object) -> None:
        """Say nothing."""

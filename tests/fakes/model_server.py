"""Model servers on loopback: what each kind says of its models, chats, and what may go wrong with them.

The shapes are those of the servers' own documentation and source; see hf_spaces_runner/local_models/kinds.py.

    with ModelServer.running(ollama("llama3.2:latest")) as server:
        find_servers([server.url], ...)
        server.fail("hang", at="/v1/chat/completions")
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

Fault = Literal["hang", "drip", "break", "nonsense", "refuse", "fail", "redirect", "endless", "half"]
"""Says nothing; a byte now and then; hangs up; no JSON; 401; 500; elsewhere; without end; a stream that is cut."""

CHAT = "/v1/chat/completions"
Routes = dict[str, Any]


def _openai_list(*entries: Mapping[str, Any]) -> dict[str, Any]:
    return {"object": "list", "data": list(entries)}


def _entry(name: str, owner: object, **more: object) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": owner, **more}


def plain(*names: str) -> Routes:
    """Return what a server of no special kind says."""
    return {"/v1/models": _openai_list(*(_entry(name, "somebody") for name in names))}


def vllm(*names: str, max_model_len: int = 4096) -> Routes:
    """Return what vLLM says."""
    entries = (_entry(name, "vllm", root=name, parent=None, max_model_len=max_model_len) for name in names)
    return {"/v1/models": _openai_list(*entries)}


def llama_cpp(name: str, *, vision: bool = False, n_ctx: int = 2048) -> Routes:
    """Return what llama.cpp says with one model; it answers at Ollama's path as well."""
    abilities = ["completion", "multimodal"] if vision else ["completion"]
    listed = {
        "models": [{"name": name, "model": name, "capabilities": abilities, "details": {"format": "gguf"}}],
        **_openai_list(_entry(name, "llamacpp", meta={"n_ctx_train": 131_072})),
    }
    properties = {
        "default_generation_settings": {"n_ctx": n_ctx},
        "total_slots": 1,
        "modalities": {"vision": vision, "audio": False},
    }
    return {"/v1/models": listed, "/api/tags": listed, "/props": properties}


def llama_cpp_router(**states: str) -> Routes:
    """Return what llama.cpp says with many models, each with its state."""
    entries = (_entry(name, "llamacpp", status={"value": state}) for name, state in states.items())
    return {"/v1/models": _openai_list(*entries)}


def lm_studio(**types: str) -> Routes:
    """Return what LM Studio says; the last of the models is loaded."""
    entries = [
        {
            "id": name,
            "object": "model",
            "type": kind,
            "compatibility_type": "gguf",
            "state": "not-loaded",
            "max_context_length": 32_768,
        }
        for name, kind in types.items()
    ]
    entries[-1] |= {"state": "loaded", "loaded_context_length": 8192}
    listed = _openai_list(*(_entry(name, "organization_owner") for name in types))
    return {"/v1/models": listed, "/api/v0/models": _openai_list(*entries)}


def transformers(*names: str, listed_owner: bool = True) -> Routes:
    """Return what `transformers serve` says; it knows the parts of an id for its owner."""
    entries = (_entry(name, name.split("/") if listed_owner else "") for name in names)
    paths: dict[str, object] = {path: {} for path in (CHAT, "/v1/models", "/v1/responses", "/load_model", "/health")}
    return {"/v1/models": _openai_list(*entries), "/openapi.json": {"info": {"title": "FastAPI"}, "paths": paths}}


def ollama(*names: str, loaded: str = "", remote: str = "", **abilities: list[str]) -> Routes:
    """Return what Ollama says. `abilities` are named after models up to the colon; `remote` runs on its maker's."""
    tags = [
        {
            "name": name,
            "model": name,
            "details": {"format": "gguf", "family": "llama", "families": ["llama"]},
            **({"remote_host": "https://ollama.com:443", "remote_model": name} if name == remote else {}),
        }
        for name in names
    ]
    shown = {
        name: {
            "capabilities": abilities.get(name.partition(":")[0], ["completion"]),
            "model_info": {"general.architecture": "llama", "llama.context_length": 131_072},
        }
        for name in names
    }
    running = [{"name": loaded, "model": loaded, "context_length": 4096}] if loaded else []
    listed = {"object": "list", "data": [_entry(name, "library") for name in names] or None}
    return {"/v1/models": listed, "/api/tags": {"models": tags}, "/api/ps": {"models": running}, "/api/show": shown}


class ModelServer:
    """A server that says what `routes` says, path by path, and chats: it repeats what it is asked, word by word."""

    def __init__(self, routes: Routes, address: str = "127.0.0.1") -> None:
        self.routes = routes
        self.requests: list[tuple[str, Mapping[str, str], Any]] = []
        self.over = threading.Event()
        self.hung_up = threading.Event()
        self._faults: dict[str, Fault] = {}
        self._server = _Server((address, 0), _Handler)
        self._server.models = self

    @classmethod
    @contextmanager
    def running(cls, routes: Routes | None = None) -> Iterator[Self]:
        """Answer requests until the block ends."""
        server = cls(routes if routes is not None else plain("small"))
        thread = threading.Thread(target=server._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server._server.shutdown()
            server._server.server_close()
            thread.join()

    @property
    def address(self) -> str:
        """Where it listens, as users write it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """Where it listens, as we write it."""
        return f"http://{self.address}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [path for path, _, _ in self.requests]

    @property
    def asked(self) -> Any:
        """The body of the last chat."""
        return next(body for path, _, body in reversed(self.requests) if path == CHAT)

    def fail(self, fault: Fault, *, at: str) -> None:
        """Let every answer at the path `at` go wrong from now on."""
        self._faults[at] = fault

    def fault_at(self, path: str) -> Fault | None:
        """Return what goes wrong at `path`."""
        return self._faults.get(path)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    models: ModelServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        models = self.server.models
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        models.requests.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
        fault = models.fault_at(self.path)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            if fault is not None and fault != "half":
                self._go_wrong(fault)
            elif self.path == CHAT:
                self._chat(body, is_cut=fault == "half")
            elif self.path == "/api/show" and "/api/show" in models.routes:
                self._answer(models.routes["/api/show"].get(body["model"]))
            else:
                self._answer(models.routes.get(self.path))

    do_POST = do_GET  # noqa: N815 - the library's name

    def _answer(self, value: object, status: int = 200) -> None:
        if value is None:
            value, status = {"error": {"message": f"no route {self.path}"}}, 404
        self._send(value if isinstance(value, bytes) else json.dumps(value).encode(), status)

    def _send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def _chat(self, asked: Any, *, is_cut: bool) -> None:
        known = [entry["id"] for entry in self.server.models.routes["/v1/models"]["data"] or ()]
        if asked.get("model") not in known:
            self._answer({"error": {"message": f"model {asked.get('model')!r} not found"}}, 404)
            return
        said = asked["messages"][-1]["content"]
        text = said if isinstance(said, str) else f"{said[0]['text']} with {len(said) - 1} images"
        self._begin("text/event-stream")
        words = text.split(" ")
        for number, word in enumerate(words[: len(words) // 2] if is_cut else words):
            self._piece({"content": f" {word}" if number else word}, None)
        if not is_cut:
            self._piece({}, "stop")
            self.wfile.write(b"data: [DONE]\n\n")

    def _piece(self, delta: Mapping[str, str], reason: str | None) -> None:
        event = {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())

    def _begin(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()

    def _go_wrong(self, fault: Fault) -> None:
        self.close_connection = True
        if fault == "hang":
            self._wait_for_the_end()
        elif fault == "drip":
            self._begin("text/event-stream" if self.path == CHAT else "application/json")
            while not self.server.models.over.wait(0.02):
                self.wfile.write(b": \n" if self.path == CHAT else b" ")
        elif fault == "nonsense":
            self._send(b"<html>hello</html>")
        elif fault == "refuse":
            self._answer({"error": {"message": "Incorrect API key provided"}}, 401)
        elif fault == "fail":
            self._answer({"error": {"message": "CUDA out of memory"}}, 500)
        elif fault == "redirect":
            self._send(b"", 302, Location="http://127.0.0.1:1/")
        elif fault == "endless":
            self._begin("application/json")
            while True:
                self.wfile.write(b" " * 2**16)

    def _wait_for_the_end(self) -> None:
        """Say nothing until the client hangs up, and note that it did."""
        self.connection.settimeout(20)
        with suppress(OSError):
            if self.connection.recv(1) == b"":
                self.server.models.hung_up.set()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

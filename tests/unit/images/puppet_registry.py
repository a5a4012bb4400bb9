"""An image registry on a loopback port that answers exactly what a test says, however false that is."""

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer. `drip_s` is the pause before each byte of the body; `raw` is sent in place of all of it."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip_s: float = 0.0
    raw: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request that came."""

    path: str
    authorization: str
    accept: str


Answering = Callable[[Asked], Said]


@dataclass(slots=True, kw_only=True)
class PuppetRegistry:
    """Listens at `host`. `answers` holds what is said for a path without its query; all else is answered with 404."""

    host: str = ""
    answers: dict[str, Said | Answering] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def put_manifest(self, name: str, target: str, value: object) -> str:
        """Let the manifest `target` of `name` be `value` as JSON; return its digest."""
        body = json.dumps(value).encode()
        self.answers[f"/v2/{name}/manifests/{target}"] = self.answers[f"/v2/{name}/manifests/{digest(body)}"] = Said(
            body=body, headers={"Docker-Content-Digest": digest(body)}
        )
        return digest(body)

    def put_image(self, name: str, target: str = "latest", *, layers: tuple[int, ...] = (1000,), **config: Any) -> str:
        """Let `name` hold an image whose layers are so large; return its digest. `config` replaces linux/amd64."""
        raw = json.dumps({"os": "linux", "architecture": "amd64"} | config).encode()
        self.answers[f"/v2/{name}/blobs/{digest(raw)}"] = Said(body=raw)
        return self.put_manifest(name, target, manifest(raw, layers))

    def paths(self) -> list[str]:
        """Return the paths that were asked for."""
        return [asked.path for asked in self.asked]


def digest(body: bytes) -> str:
    """Return the digest of `body`."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def manifest(config: bytes, layers: tuple[int, ...] = (1000,)) -> dict[str, Any]:
    """Return the manifest of an image with `config` and with layers of these sizes."""
    return {
        "schemaVersion": 2,
        "config": {"digest": digest(config), "size": len(config)},
        "layers": [{"digest": digest(f"{number}".encode()), "size": size} for number, size in enumerate(layers)],
    }


def _handler_of(registry: PuppetRegistry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = Asked(
                path=self.path,
                authorization=self.headers.get("Authorization", ""),
                accept=self.headers.get("Accept", ""),
            )
            registry.asked.append(asked)
            said = registry.answers.get(self.path.partition("?")[0], Said(status=404))
            with suppress(OSError):  # whoever asked has gone
                self._say(said if isinstance(said, Said) else said(asked))

        def _say(self, said: Said) -> None:
            if said.raw is not None:
                self._drip(said.raw, said.drip_s)
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value.replace("HOST", self.headers["Host"]))
            if "Content-Length" not in said.headers:
                self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            self._drip(said.body, said.drip_s)

        def _drip(self, content: bytes, drip_s: float) -> None:
            step = 1 if drip_s else max(1, len(content))
            for start in range(0, len(content), step):
                if registry.stop.wait(drip_s):
                    return
                self.wfile.write(content[start : start + step])

        def log_message(self, *_: object) -> None:
            """Say nothing: `asked` keeps what came."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing where a client speaks TLS, or does not."""


@contextmanager
def puppet_registry(*, address: str = "127.0.0.1", certificate: Path | None = None) -> Iterator[PuppetRegistry]:
    """Run one until the block ends, over TLS if there is a `certificate`."""
    registry = PuppetRegistry()

    server = _Server((address, 0), _handler_of(registry))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    registry.host = f"{address}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield registry
    finally:
        registry.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()

"""An engine that only describes itself, over HTTP: for what Docker here cannot be, such as Podman or Docker Desktop."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import docker

Answers = dict[str, Any]

INFO: Answers = {
    "OSType": "linux",
    "Architecture": "x86_64",
    "Driver": "overlay2",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=builtin"],
    "CgroupVersion": "2",
    "CgroupDriver": "systemd",
    "MemoryLimit": True,
    "SwapLimit": True,
    "PidsLimit": True,
    "CpuCfsQuota": True,
    "Warnings": None,
    "Runtimes": {"runc": {"path": "runc"}},
    "MemTotal": 8 * 1024**3,
    "DockerRootDir": "/nowhere/docker",
    "KernelVersion": "6.1.0-other",
    "LiveRestoreEnabled": False,
    "RegistryConfig": {"IndexConfigs": {"docker.io": {"Secure": True}}},
}
VERSION: Answers = {
    "Version": "28.0.1",
    "ApiVersion": "1.48",
    "Components": [{"Name": "Engine", "Version": "28.0.1"}],
}
IMAGES: list[Answers] = [{"Id": "sha256:1", "RepoTags": ["a:1", "b:2"]}, {"Id": "sha256:2", "RepoTags": None}]


@contextmanager
def described_engine(
    *, info: Answers | None = None, version: Answers | None = None, images: list[Answers] | None = IMAGES
) -> Iterator[docker.DockerClient]:
    """Yield a client of an engine that answers as INFO and VERSION say but for the changes, and 500 for None."""
    answers = {"info": {**INFO, **(info or {})}, "version": {**VERSION, **(version or {})}, "json": images}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers[self.path.partition("?")[0].split("/")[-1]]
            body = json.dumps({"message": "out of order"} if answer is None else answer).encode()
            self.send_response(500 if answer is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{server.server_address[1]}", version="1.41")
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()
        thread.join()

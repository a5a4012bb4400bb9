"""What stands on the way out: a host that everything leads to, and a record of whom processes of ours talk to."""

import ipaddress
import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_WATCHED = Path(__file__).with_name("watched")


@dataclass(frozen=True, slots=True)
class Outside:
    """An address of this machine that is not loopback, and stands for all that is outside: who comes is counted."""

    host: str
    port: int
    visits: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What leads everything there: the Hub, image registries, whatever goes through a proxy."""
        proxies = {f"{name}_PROXY": f"http://{self.address}" for name in ("HTTP", "HTTPS", "ALL")}
        return {
            **proxies,
            **{name.lower(): address for name, address in proxies.items()},
            "HF_ENDPOINT": f"http://{self.address}",
            "HF_HUB_OFFLINE": "0",
            "HF_TOKEN": "hf_nobody_shall_see",
            "HFSR_IMAGE_REGISTRY": self.address,
            "HFSR_BASE_IMAGE": f"{self.address}/base:{{python_version}}",
        }


@contextmanager
def outside(host: str) -> Iterator[Outside]:
    """Stand on the way out during the block; whoever comes is noted, and left alone at once."""
    with socket.create_server((host, 0), backlog=100) as server:
        found = Outside(host, server.getsockname()[1])
        thread = threading.Thread(target=_receive, args=[server, found.visits])
        thread.start()
        try:
            yield found
        finally:
            with socket.create_connection((host, found.port)) as last:
                last.sendall(b"end")
            thread.join()


def _receive(server: socket.socket, visits: list[str]) -> None:
    while True:
        connection, (host, port) = server.accept()
        with connection:
            connection.settimeout(1)
            try:
                said = connection.recv(200)
            except OSError:
                said = b""
        if said == b"end":
            return
        visits.append(f"{host}:{port} {said!r}")


@dataclass(frozen=True, slots=True)
class Watch:
    """Whom the processes of a test talk to; they have `environment`."""

    file: Path

    @property
    def environment(self) -> dict[str, str]:
        """What has a Python process watched, and those that it starts."""
        path = os.pathsep.join(filter(None, (str(_WATCHED), os.environ.get("PYTHONPATH"))))
        return {"PYTHONPATH": path, "WATCHED_BY_TEST": str(self.file)}

    def seen(self) -> list[tuple[str, str]]:
        """Return what was seen so far: `host`, `name`, `engine`, `program` or `watched`, and which."""
        lines = map(json.loads, self.file.read_text(encoding="utf-8").splitlines())
        return [(line["kind"], line["whom"]) for line in lines]

    def left(self) -> list[tuple[str, str]]:
        """Return what is neither loopback nor the engine, nor another process of ours."""
        seen = self.seen()
        assert "watched" in {kind for kind, _ in seen}
        own = {"watched": None, "program": {sys.executable}, "engine": {_engine_socket()}}
        return [
            (kind, whom)
            for kind, whom in seen
            if not (_is_loopback(whom) if kind in {"host", "name"} else own[kind] is None or whom in (own[kind] or ()))
        ]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _engine_socket() -> str:
    return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")

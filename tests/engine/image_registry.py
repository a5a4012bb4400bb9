"""A real image registry with real logins for tests, and a proxy before it that counts requests and makes faults."""

import base64
import hashlib
import http.client
import io
import json
import os
import socket
import tarfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from docker.errors import ImageNotFound
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

TEST_LABEL = "hf-spaces-runner.test"
USER, PASSWORD = "tester", "right-password"
MEDIA_TYPE = "application/vnd.docker.distribution.manifest"

_DOCKERFILE = f"""\
FROM {{base}}
LABEL {TEST_LABEL}=image-registry
RUN apt-get update && apt-get install -y --no-install-recommends docker-registry apache2-utils \\
    && rm -rf /var/lib/apt/lists/*
RUN htpasswd -bBc /etc/htpasswd {USER} {PASSWORD}
COPY config.yml /etc/registry.yml
CMD ["docker-registry", "serve", "/etc/registry.yml"]
"""
_CONFIGURATION = """\
version: 0.1
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}, delete: {enabled: true}}
http: {addr: ":5000"}
auth: {htpasswd: {realm: tests, path: /etc/htpasswd}}
"""

# Its reaper is an image of an image registry; the fixtures here remove what they start.
testcontainers_config.ryuk_disabled = True


def archive(**files: bytes) -> bytes:
    """Return a tar archive of `files`."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def load_image(client: docker.DockerClient, reference: str, content: bytes, architecture: str = "amd64") -> None:
    """Make an image of one layer with one file in it, for any architecture, without running anything."""
    layer = archive(content=content)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {"Labels": {TEST_LABEL: "loaded"}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [reference], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "manifest.json": json.dumps(manifest).encode()}
    client.images.load(archive(**{"layer.tar": layer, **files}))
    client.images.get(reference)


def forget(client: docker.DockerClient, reference: str) -> None:
    """Remove `reference` from the engine if it is there."""
    with suppress(ImageNotFound):
        client.images.remove(reference, force=True)


def log_in(host: str, password: str = PASSWORD) -> None:
    """Write what `docker login` writes, into the test's own configuration of Docker."""
    file = Path(os.environ["DOCKER_CONFIG"], "config.json")
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    file.write_text(json.dumps({"auths": {host: {"auth": auth}}}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRegistry:
    """A running image registry at `host`, which wants a login."""

    host: str
    client: docker.DockerClient

    def push(self, reference: str) -> str:
        """Push the local image `reference` and return its digest."""
        repository, _, tag = reference.rpartition(":")
        auth = {"username": USER, "password": PASSWORD}
        events: list[dict[str, Any]] = list(
            self.client.api.push(repository, tag=tag, stream=True, decode=True, auth_config=auth)
        )
        assert not [event for event in events if "error" in event], events
        return str(next(event["aux"]["Digest"] for event in events if "aux" in event))

    def put(self, name: str, content: bytes, architecture: str = "amd64") -> tuple[str, str]:
        """Have the registry hold a small image that is not on the engine; return its reference and digest."""
        reference = f"{self.host}/{name}:latest"
        load_image(self.client, reference, content, architecture)
        digest = self.push(reference)
        forget(self.client, reference)
        return reference, digest

    def put_list(self, name: str, digest: str, architecture: str) -> str:
        """Put a list of manifests whose only one is `digest`, made for `architecture`; return its reference."""
        url = f"http://{self.host}/v2/{name}/manifests"
        accept = {"Accept": f"{MEDIA_TYPE}.v2+json"}
        single = httpx.get(f"{url}/{digest}", auth=(USER, PASSWORD), headers=accept)
        entry = {
            "mediaType": f"{MEDIA_TYPE}.v2+json",
            "digest": digest,
            "size": len(single.content),
            "platform": {"os": "linux", "architecture": architecture},
        }
        body = {"schemaVersion": 2, "mediaType": f"{MEDIA_TYPE}.list.v2+json", "manifests": [entry]}
        httpx.put(
            f"{url}/list",
            auth=(USER, PASSWORD),
            content=json.dumps(body),
            headers={"Content-Type": f"{MEDIA_TYPE}.list.v2+json"},
        ).raise_for_status()
        return f"{self.host}/{name}:list"


def registry_image(client: docker.DockerClient, base_image: str) -> str:
    """Build the image of the image registry, out of Debian's package, and return its name."""
    context = archive(
        Dockerfile=_DOCKERFILE.format(base=base_image).encode(), **{"config.yml": _CONFIGURATION.encode()}
    )
    tag = "hf-spaces-runner-test/image-registry:latest"
    client.images.build(fileobj=io.BytesIO(context), custom_context=True, tag=tag, rm=True, forcerm=True)
    return tag


@contextmanager
def running_registry(client: docker.DockerClient, image: str) -> Iterator[ImageRegistry]:
    """Run an image registry on a loopback port that the engine picks."""
    container = DockerContainer(image).with_kwargs(labels={TEST_LABEL: "image-registry"})
    container.ports = {"5000/tcp": ("127.0.0.1", None)}  # type: ignore[dict-item]
    container.waiting_for(LogMessageWaitStrategy("listening on"))
    with container:
        yield ImageRegistry(host=f"127.0.0.1:{container.get_exposed_port(5000)}", client=client)


@pytest.fixture(scope="session")
def image_registry_image(docker_client: docker.DockerClient, base_image: str) -> Iterator[str]:
    """Return the name of an image that runs an image registry."""
    image = registry_image(docker_client, base_image)
    yield image
    forget(docker_client, image)


@pytest.fixture(scope="session")
def image_registry(docker_client: docker.DockerClient, image_registry_image: str) -> Iterator[ImageRegistry]:
    """Return an image registry that runs until the end of the session; nothing of it stays on the engine."""
    with running_registry(docker_client, image_registry_image) as registry:
        yield registry
        for image in docker_client.images.list():
            names = [*image.tags, *(image.attrs.get("RepoDigests") or ())]
            if any(name.startswith(f"{registry.host}/") for name in names):
                forget(docker_client, str(image.id))


@dataclass(slots=True)
class Proxy:
    """Stands before an image registry at `host`. `requests` are those that came: method, path and answer.

    `faults` holds what the next requests for manifests get instead of an answer: a status, or 0 for a connection that
    is closed without a word. Contents are sent only while `blobs_go` is set; `blob_asked` is set at the first request.
    """

    host: str
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    faults: deque[int] = field(default_factory=deque)
    blobs_go: threading.Event = field(default_factory=threading.Event)
    blob_asked: threading.Event = field(default_factory=threading.Event)

    def served(self, part: str) -> list[str]:
        """Return the paths with `part` in them that were answered with content."""
        return [path for method, path, status in self.requests if part in path and (method, status) == ("GET", 200)]


@contextmanager
def running_proxy(registry_host: str) -> Iterator[Proxy]:
    """Run a proxy before the image registry at `registry_host`, on a loopback port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            fault = proxy.faults.popleft() if proxy.faults and "/manifests/" in self.path else None
            if fault == 0:
                proxy.requests.append((self.command, self.path, 0))
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if "/blobs/" in self.path:
                proxy.blob_asked.set()
                proxy.blobs_go.wait()
            status, headers, body = (fault, [], b"") if fault is not None else self._forward()
            proxy.requests.append((self.command, self.path, status))
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                    self.send_header(name, value)
            length = next((value for name, value in headers if name.lower() == "content-length"), len(body))
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                with suppress(OSError):  # whoever asked has gone
                    self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class calls

        def _forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(registry_host, timeout=60)
            with suppress(OSError):
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in self.headers.items():  # some come more than once
                    connection.putheader(name, value)
                connection.endheaders()
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                return answer.status, answer.getheaders(), body
            return 502, [], b""

        def log_message(self, *_: object) -> None:
            """Say nothing: `requests` keeps what came."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    proxy = Proxy(host=f"127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    proxy.blobs_go.set()
    try:
        yield proxy
    finally:
        proxy.blobs_go.set()
        server.shutdown()
        server.server_close()
        thread.join()

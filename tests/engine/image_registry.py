"""A real image registry with real logins for tests, and a proxy before it that counts requests and makes faults."""

import base64
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


def import_image(client: docker.DockerClient, reference: str, content: bytes, platform: str = "linux/amd64") -> None:
    """Make an image of one layer with one file in it, without running anything."""
    repository, _, tag = reference.rpartition(":")
    answer = client.api.post(
        f"{client.api.base_url}/v{client.api.api_version}/images/create",
        params={
            "fromSrc": "-",
            "repo": repository,
            "tag": tag,
            "platform": platform,
            "changes": f"LABEL {TEST_LABEL}=imported",
        },
        data=archive(content=content),
        headers={"Content-Type": "application/tar"},
    )
    answer.raise_for_status()
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

    def put(self, name: str, content: bytes, tag: str = "latest", platform: str = "linux/amd64") -> tuple[str, str]:
        """Have the registry hold a small image that is not on the engine; return its reference and digest."""
        reference = f"{self.host}/{name}:{tag}"
        import_image(self.client, reference, content, platform)
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
        for tag in [tag for image in docker_client.images.list() for tag in image.tags]:
            if tag.startswith(f"{registry.host}/"):
                forget(docker_client, tag)


@dataclass(slots=True)
class Proxy:
    """Stands before an image registry at `host`. `requests` are those that came: method, path and answer.

    `faults` holds what the next requests for manifests get instead of an answer: a status, or 0 for a connection that
    is closed without a word.
    """

    host: str
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    faults: deque[int] = field(default_factory=deque)

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
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the name that the base class calls

        def _forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
            connection = http.client.HTTPConnection(registry_host, timeout=60)
            with suppress(OSError):
                connection.request(self.command, self.path, headers=dict(self.headers))
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
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

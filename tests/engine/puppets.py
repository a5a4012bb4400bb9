"""Holds the strings of puppets (see puppet_space.py), and listens on the host for what they get out."""

import json
import selectors
import socket
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import docker
import psutil

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, plan_launch
from tests.engine.images import TEST_LABEL, script_image

PUPPET = Path(__file__).with_name("puppet_space.py")
_SNIFF = """
import socket, sys
marker, source, targets = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
print("listening", flush=True)
while True:
    frame, (interface, *_) = frames.recvfrom(65535)
    if frame[12:14] != b"\\x08\\x00":
        seen = marker in frame and "no IPv4"
    else:
        whence, target = socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])
        seen = (whence == source or target in targets or marker in frame) and target
    if seen:
        print(interface, seen, flush=True)
"""


def puppet_image(client: docker.DockerClient, base: str) -> str:
    """Build the image of puppets and return its name."""
    return script_image(client, "puppet", PUPPET.read_text(encoding="utf-8"), base=base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Puppet:
    """A Space that does what it is told. `address` is the one that it has on its network."""

    name: str
    port: int
    address: str

    def do(self, code: str, **values: object) -> Any:
        """Run `code` in it, with `values` as names, over its published port, and return the `result`."""
        given = "".join(f"{name} = {value!r}\n" for name, value in values.items())
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/do", data=(given + code).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - a port of loopback
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(json.loads(error.read())) from None


@contextmanager
def puppet(client: docker.DockerClient, image: str, network: Network) -> Iterator[Puppet]:
    """Start a puppet on `network` as the runner starts Spaces, but beside its slots."""
    name = f"puppet-{uuid.uuid4().hex[:8]}"
    spec = plan_launch(
        Space(id="puppet", docker_image=image),
        Request(space="puppet", network=network),
        LaunchDefaults(memory_bytes=512 * 1024**2, cpus=None, pids_limit=512, hf_cache="none"),
        RunIdentity(run_id=name, owner="tests:0"),
    )
    with DockerEngine(client).create(replace(spec, labels={TEST_LABEL: "puppet"})) as container:
        container.start()
        wait_until_ready(container, Deadline.after(60, time.monotonic), ignore_progress)
        yield Puppet(name=container.name, port=container.port, address=container.address)


def attached_puppet(client: docker.DockerClient, up: dict[str, Any]) -> Puppet:
    """Return the puppet that `hfsr up --json` told of."""
    networks = client.api.inspect_container(up["container"])["NetworkSettings"]["Networks"]
    assert len(networks) == 1
    address = str(next(iter(networks.values()))["IPAddress"])
    return Puppet(name=up["container"], port=up["port"], address=address)


def host_addresses() -> frozenset[str]:
    """Return every IPv4 address of this machine but those of loopback."""
    found = (item.address for items in psutil.net_if_addrs().values() for item in items if item.family == 2)
    return frozenset(address for address in found if not address.startswith("127."))


@dataclass(frozen=True, slots=True)
class Ears:
    """What was heard at `port` of addresses of this machine: each the address and what was said."""

    port: int
    heard: list[tuple[str, bytes]]

    def of(self, marker: str) -> set[str]:
        """Return the addresses where `marker` was heard."""
        return {address for address, said in self.heard if marker.encode() in said}


@contextmanager
def ears(addresses: Iterable[str]) -> Iterator[Ears]:
    """Listen at one port of each of the `addresses`, by TCP and by UDP, during the block."""
    ended = threading.Event()
    with ExitStack() as stack:
        selector = stack.enter_context(selectors.DefaultSelector())
        found = Ears(0, [])
        for address in sorted(addresses):
            server = stack.enter_context(socket.create_server((address, found.port)))
            found = Ears(server.getsockname()[1], found.heard)
            datagrams = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
            datagrams.bind((address, found.port))
            selector.register(server, selectors.EVENT_READ, (address, True))
            selector.register(datagrams, selectors.EVENT_READ, (address, False))
        thread = threading.Thread(target=_hear, args=[selector, found.heard, ended])
        thread.start()
        try:
            yield found
        finally:
            ended.set()
            thread.join()


def _hear(selector: selectors.BaseSelector, heard: list[tuple[str, bytes]], ended: threading.Event) -> None:
    with ExitStack() as stack:
        while not ended.is_set():
            for key, _ in selector.select(0.1):
                (address, accepts), sock = key.data, cast("socket.socket", key.fileobj)
                if accepts:
                    connection = stack.enter_context(sock.accept()[0])
                    heard.append((address, b"connected"))
                    selector.register(connection, selectors.EVENT_READ, (address, False))
                elif said := _received(sock):
                    heard.append((address, said))
                else:
                    selector.unregister(sock)


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(10_000)
    except OSError:
        return b""


@dataclass(frozen=True, slots=True)
class Sniffed:
    """What passed the interfaces of the engine's machine: each an interface and a destination."""

    container: Any

    def frames(self) -> set[tuple[str, str]]:
        """Return what was seen so far."""
        lines = self.container.logs().decode().splitlines()[1:]
        return {(words[0], " ".join(words[1:])) for words in map(str.split, lines)}


@contextmanager
def sniffer(
    client: docker.DockerClient, image: str, *, marker: str, source: str = "", targets: Sequence[str] = ()
) -> Iterator[Sniffed]:
    """Look at every frame on every interface of the engine's machine.

    Those count that come from `source`, go to one of the `targets`, or have `marker` in them.
    """
    container = client.containers.create(
        image,
        ["python3", "-c", _SNIFF, marker, source, *targets],
        network_mode="host",
        labels={TEST_LABEL: "sniffer"},
    )
    try:
        container.start()
        while b"listening" not in container.logs():
            container.reload()
            assert container.status == "running", container.logs()
            time.sleep(0.05)
        yield Sniffed(container)
    finally:
        container.remove(force=True)

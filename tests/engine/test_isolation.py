"""A Space in an attacker's hands reaches no other Space, and, isolated, nobody at all but servers of this machine."""

import json
import socket
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.launch import Network
from tests.engine.command_line import hfsr
from tests.engine.puppets import Puppet, Sniffed, attached_puppet, ears, host_addresses, puppet, puppet_image, sniffer

pytestmark = pytest.mark.engine

OUTSIDE = ["198.51.100.7", "203.0.113.9"]
"""Addresses of nobody (RFC 5737): what goes there must leave the container's bridge first."""
EVERYBODY = ["255.255.255.255", "224.0.0.251"]
GATEWAY = """
routes = [line.split() for line in open("/proc/net/route").read().splitlines()[1:]]
result = [socket.inet_ntoa(bytes.fromhex(route[2])[::-1]) for route in routes if route[1] == "00000000"]
"""
HEARD = "result = shared['heard']"
# Before it is ready it keeps a connection busy, to an address of this machine that an isolated Space does not reach.
WARM = """
def talk():
    with socket.create_connection(({host!r}, {port}), 5) as sock:
        while True:
            sock.sendall({marker!r}.encode())
            time.sleep(0.05)
import time
threading.Thread(target=talk, daemon=True).start()
time.sleep(0.5)
"""


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return puppet_image(docker_client, base_image)


@pytest.fixture(scope="module")
def crowd(docker_client: docker.DockerClient, image: str) -> Iterator[Mapping[Network, tuple[Puppet, Puppet]]]:
    """Start two Spaces on each network, which write down all that comes to port 9999."""
    with ExitStack() as stack:
        found = {
            network: (
                stack.enter_context(puppet(docker_client, image, network)),
                stack.enter_context(puppet(docker_client, image, network)),
            )
            for network in (Network.OPEN, Network.ISOLATED)
        }
        for one in (one for pair in found.values() for one in pair):
            one.do("listen(9999, shared.setdefault('heard', []))")
            assert one.do(f"result = probe([{one.address!r}], [9999], 'itself', ('routed',))")
            assert one.do(HEARD) == ["itself", "itself"]
        yield found


@pytest.fixture
def marker() -> str:
    return f"leak{uuid.uuid4().hex[:12]}"


def bridge_of(client: docker.DockerClient, network: Network) -> str:
    """Return the address that this machine has on the network."""
    pool = client.api.inspect_network(network.engine_name)["IPAM"]["Config"][0]
    return str(pool["Gateway"])


def near(one: Puppet, bridge: str) -> set[str]:
    """Return where frames may go: what asks `one` over its port and the answers; what its kernel says of groups."""
    return {"127.0.0.1", one.address, bridge, "224.0.0.22"}


def left(sniffed: Sniffed, allowed: set[str]) -> set[tuple[str, str]]:
    return {(interface, target) for interface, target in sniffed.frames() if target not in allowed}


@pytest.mark.parametrize("network", [Network.OPEN, Network.ISOLATED])
def test_a_space_reaches_no_other(
    crowd: Mapping[Network, tuple[Puppet, Puppet]], docker_client: docker.DockerClient, network: Network, marker: str
) -> None:
    attacker, neighbour = crowd[network]
    victims = [one for pair in crowd.values() for one in pair if one is not attacker]
    broadcast = ".".join([*bridge_of(docker_client, network).split(".")[:2], "255", "255"])
    targets = [neighbour.name, broadcast, *EVERYBODY, *(victim.address for victim in victims)]
    assert attacker.do("result = probe(targets, [7860, 9999], marker)", targets=targets, marker=marker) == []
    assert marker not in {said for victim in victims for said in victim.do(HEARD)}


@pytest.mark.parametrize("network", [Network.OPEN, Network.ISOLATED])
def test_a_published_port_is_on_loopback_only(
    crowd: Mapping[Network, tuple[Puppet, Puppet]], network: Network, marker: str
) -> None:
    attacker, neighbour = crowd[network]
    for address in host_addresses():
        with pytest.raises(ConnectionRefusedError), socket.create_connection((address, neighbour.port), 5):
            pass
    targets, ports = sorted(host_addresses()), [neighbour.port, attacker.port]
    answers = attacker.do("result = probe(targets, ports, marker)", targets=targets, ports=ports, marker=marker)
    assert [answer for answer in answers if not answer.startswith("ping") and not answer.endswith(" refused")] == []


def test_an_isolated_space_reaches_nobody_outside_the_host(
    crowd: Mapping[Network, tuple[Puppet, Puppet]], docker_client: docker.DockerClient, image: str, marker: str
) -> None:
    space, bridge = crowd[Network.ISOLATED][0], bridge_of(docker_client, Network.ISOLATED)
    others = sorted(host_addresses() - {bridge})
    with sniffer(docker_client, image, marker=marker, source=space.address) as sniffed, ears(host_addresses()) as heard:
        ports = [heard.port, 443]
        assert space.do("result = probe(targets, ports, marker)", targets=OUTSIDE, ports=ports, marker=marker) == []
        told = {"targets": others, "ports": [heard.port], "marker": marker, "ways": ("routed",)}
        assert space.do("result = probe(targets, ports, marker, ways)", **told) == []
        assert heard.heard == []
        assert left(sniffed, near(space, bridge)) == set()
        # That nothing was heard means something: what it can reach, it reaches, as README says.
        assert space.do("result = probe(targets, ports, marker, ways)", **told | {"targets": [bridge]})
        assert heard.of(marker) == {bridge}
        # And the sniffer sees what does go out.
        crowd[Network.OPEN][0].do("probe(targets, [443], marker, ('routed',))", targets=OUTSIDE, marker=marker)
        assert {target for _, target in left(sniffed, near(space, bridge))} >= set(OUTSIDE)


def test_an_isolated_space_asks_nobody_for_names(
    crowd: Mapping[Network, tuple[Puppet, Puppet]], docker_client: docker.DockerClient, image: str, marker: str
) -> None:
    space, bridge = crowd[Network.ISOLATED][0], bridge_of(docker_client, Network.ISOLATED)
    words = [line.split() for line in Path("/etc/resolv.conf").read_text().splitlines()]
    own = [line[1] for line in words if line[:1] == ["nameserver"] and ":" not in line[1]]
    servers = ["127.0.0.11", "127.0.0.1", *own, *OUTSIDE]
    asks = "result = list(concurrent.futures.ThreadPoolExecutor().map(lambda server: ask(server, name), servers))"
    with sniffer(docker_client, image, marker=marker, source=space.address) as sniffed:
        assert not any(space.do(asks, servers=servers, name=f"{marker}.example.com"))
        with pytest.raises(AssertionError, match="gaierror"):
            space.do("socket.gethostbyname(name)", name=f"{marker}.example.com")
        assert left(sniffed, near(space, bridge)) == set()
        # The engine's own server asks the Space itself: one that asked from outside would need no way out.
        space.do("listen(53, shared.setdefault('names', []))")
        space.do(asks, servers=["127.0.0.11"], name=f"{marker}.example.com")
        assert any(marker in said for said in space.do("result = shared['names']"))
        crowd[Network.OPEN][0].do(asks, servers=["127.0.0.11"], name=f"{marker}.example.com")
        assert left(sniffed, near(space, bridge)) != set()


@pytest.mark.parametrize("network", [Network.OPEN, Network.ISOLATED])
def test_a_space_speaks_no_ipv6(crowd: Mapping[Network, tuple[Puppet, Puppet]], network: Network) -> None:
    addresses = crowd[network][0].do("result = open('/proc/net/if_inet6').read().splitlines()")
    assert [line for line in addresses if not line.endswith(" lo")] == []


def test_an_isolated_space_has_a_gateway_that_nobody_is_and_knows_that_it_is_offline(
    crowd: Mapping[Network, tuple[Puppet, Puppet]], docker_client: docker.DockerClient
) -> None:
    space = crowd[Network.ISOLATED][0]
    (gateway,) = space.do(GATEWAY)
    assert gateway not in host_addresses() | {space.address, crowd[Network.ISOLATED][1].address}
    assert gateway not in {bridge_of(docker_client, network) for network in (Network.ISOLATED, Network.OPEN)}
    assert space.do("result = os.environ['HF_HUB_OFFLINE']") == "1"
    assert crowd[Network.OPEN][0].do("result = os.environ.get('HF_HUB_OFFLINE')") is None


def test_warm_online_ends_when_the_space_is_ready(
    docker_client: docker.DockerClient, image: str, marker: str, tmp_path: Path
) -> None:
    host = str(docker_client.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"])
    with ears([host]) as heard:
        code = WARM.format(host=host, port=heard.port, marker=marker)
        ended = hfsr(
            *("up", image, "--pull", "never", "--warm-online", "-e", f"AT_START={code}", "--json"), directory=tmp_path
        )
        try:
            assert ended.exit_code == 0, ended.stderr
            before = len(heard.heard)
            assert heard.of(marker) == {host}
            space, bridge = attached_puppet(docker_client, ended.json), bridge_of(docker_client, Network.ISOLATED)
            assert ended.json["url"] == f"http://127.0.0.1:{space.port}"
            with sniffer(docker_client, image, marker=marker, source=space.address) as sniffed:
                assert space.do("result = probe(targets, ports, 'x')", targets=OUTSIDE, ports=[443]) == []
                told = {"targets": [host], "ports": [heard.port]}
                assert space.do("result = probe(targets, ports, 'x', ('routed',))", **told) == []
                assert space.do("result = ask('127.0.0.11', name)", name=f"cold-{marker}.example.com") == 0
                assert left(sniffed, near(space, bridge)) == set()
            assert len(heard.heard) == before
        finally:
            if ended.exit_code == 0:
                hfsr("stop", ended.json["container"], directory=tmp_path)


def test_a_run_is_answered_after_the_cut(docker_client: docker.DockerClient, image: str, tmp_path: Path) -> None:
    words = ["run", GATEWAY, "--hf-space", image, "--pull", "never", "--warm-online", "--json"]
    ended = hfsr(*words, directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    (gateway,) = json.loads(ended.json["text"])
    assert gateway not in {bridge_of(docker_client, network) for network in (Network.ISOLATED, Network.OPEN)}

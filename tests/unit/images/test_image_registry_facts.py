"""Image registries as they answer: over TLS and without, with each kind of challenge, on loopback addresses."""

import base64
import json
import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hf_spaces_runner.domain.machine import ImageRegistryFacts, Login, Problem
from hf_spaces_runner.images.image_registry_client import is_plain
from hf_spaces_runner.images.image_registry_facts import read_image_registry_facts

pytestmark = pytest.mark.network

USER, SECRET = "me", "hf_secret"
PAIR = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
Asked = list[tuple[str, str]]


@contextmanager
def served(
    challenge: str,
    *,
    status: int = 401,
    login_status: int = 200,
    address: str = "127.0.0.1",
    certificate: Path | None = None,
) -> Iterator[tuple[str, Asked]]:
    """Run an image registry; yield its host and what it is asked: path and Authorization."""
    asked: Asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.headers.get("Authorization", "")
            asked.append((self.path, sent))
            self.send_response(login_status if sent else status)
            if challenge and not sent:
                self.send_header("WWW-Authenticate", challenge.replace("HOST", self.headers["Host"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing: `asked` keeps what came."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Say nothing where a client speaks TLS, or does not."""

    server = Server((address, 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=[0.01], daemon=True)
    thread.start()
    try:
        yield f"{address}:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def log_in(private_home: Path) -> Callable[[str], None]:
    def write(host: str) -> None:
        (private_home / "docker" / "config.json").write_text(json.dumps({"auths": {host: {"auth": PAIR}}}))

    return write


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate for 0.0.0.0, an address of this machine that is not a loopback one."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:0.0.0.0"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", *curve, "-nodes", "-days", "2", *subject, "-keyout", str(file), "-out", "-"]
    made = subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + made.stdout)
    return file


def facts_of(host: str, ca_bundle: Path | None = None) -> ImageRegistryFacts:
    return read_image_registry_facts(host, dict(os.environ), ca_bundle=ca_bundle)


BASIC = 'Basic realm="tests"'
BEARER = 'Bearer realm="http://HOST/token?a=b",service="images of tests"'


@pytest.mark.parametrize(
    ("challenge", "status", "wants_login"),
    [
        (BASIC, 401, True),
        (BEARER, 401, False),
        ("", 200, False),
        ("", 503, False),
        ("", 302, False),
        (BASIC, 200, False),
    ],
)
def test_without_a_login(challenge: str, status: int, wants_login: bool) -> None:
    with served(challenge, status=status) as (host, asked):
        facts = facts_of(host)
    assert facts == ImageRegistryFacts(host=host, answer=status, wants_login=wants_login, login=Login.NONE, token=False)
    assert asked == [("/v2/", "")]


@pytest.mark.parametrize(
    ("login_status", "login"),
    [(200, Login.ACCEPTED), (401, Login.REFUSED), (403, Login.REFUSED), (500, Login.UNTRIED), (302, Login.UNTRIED)],
)
@pytest.mark.parametrize(
    ("challenge", "path"), [(BASIC, "/v2/"), (BEARER, "/token?a=b&service=images+of+tests&account=me")]
)
def test_a_login_is_tried_where_the_registry_wants_it(
    log_in: Callable[[str], None], challenge: str, path: str, login_status: int, login: Login
) -> None:
    with served(challenge, login_status=login_status) as (host, asked):
        log_in(host)
        facts = facts_of(host)
    assert (facts.answer, facts.login, facts.token) == (401, login, True)
    assert [sent for _, sent in asked] == ["", f"Basic {PAIR}"]
    assert asked[1][0].replace("%20", "+") == path
    assert SECRET not in repr(facts)
    assert PAIR not in repr(facts)


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "Negotiate",
        "Bearer",
        'Bearer realm=""',
        'Bearer realm="ftp://HOST/token"',
        'Bearer realm="/token"',
        'Bearer realm="http://[bad/token"',
        'Bearer realm="http://127.0.0.1:1/token"',
    ],
)
def test_a_login_is_not_tried_where_nobody_says_how(log_in: Callable[[str], None], challenge: str) -> None:
    with served(challenge) as (host, asked):
        log_in(host)
        assert facts_of(host).login is Login.UNTRIED
    assert [sent for _, sent in asked] == [""]


def test_a_login_never_goes_from_tls_to_a_plain_realm(log_in: Callable[[str], None], certificate: Path) -> None:
    with ExitStack() as stack:
        other, stolen = stack.enter_context(served("", status=200))
        challenge = f'Bearer realm="http://{other}/token"'
        host, asked = stack.enter_context(served(challenge, address="0.0.0.0", certificate=certificate))
        log_in(host)
        assert facts_of(host, certificate).login is Login.UNTRIED
    assert asked == [("/v2/", "")]
    assert stolen == []


def test_a_registry_with_a_certificate_that_the_setting_names(log_in: Callable[[str], None], certificate: Path) -> None:
    with served(BASIC, address="0.0.0.0", certificate=certificate) as (host, _):
        log_in(host)
        facts = facts_of(host, certificate)
        assert (facts.answer, facts.login) == (401, Login.ACCEPTED)


def test_a_registry_with_a_certificate_that_nobody_trusts(
    log_in: Callable[[str], None], certificate: Path, tmp_path: Path
) -> None:
    with served(BASIC, address="0.0.0.0", certificate=certificate) as (host, asked):
        log_in(host)
        for ca_bundle in (None, tmp_path / "none.pem"):
            facts = facts_of(host, ca_bundle)
            assert isinstance(facts.answer, Problem)
            assert f"the certificate of {host} is not trusted: self-signed" in facts.answer.message
            assert f"/etc/docker/certs.d/{host}/ca.crt" in facts.answer.fix
            assert facts.login is Login.UNTRIED
    assert asked == []


def test_a_registry_on_this_machine_needs_no_certificate(certificate: Path) -> None:
    with served(BASIC, certificate=certificate) as (host, _):
        assert facts_of(host).answer == 401


def test_a_registry_without_tls_is_asked_only_where_the_engine_would() -> None:
    with served(BASIC, address="0.0.0.0") as (host, asked):
        answer = facts_of(host).answer
        assert isinstance(answer, Problem)
        assert asked == []
        assert read_image_registry_facts(host, {}, ca_bundle=None, plain_hosts=[host]).answer == 401


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.2:5000", True),
        ("localhost.example", False),
        ("a", False),
    ],
)
def test_loopback_addresses_are_plain(host: str, plain: bool) -> None:
    assert is_plain(host, ()) is plain
    assert is_plain(host, {host})


def test_a_closed_port(log_in: Callable[[str], None]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        log_in(host)
        facts = facts_of(host)
    assert isinstance(facts.answer, Problem)
    assert facts.answer.message == f"{host} cannot be reached from here: Connection refused"
    assert facts.login is Login.UNTRIED


def test_proxies_are_not_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with served("", status=418) as (proxy, through), served("", status=200) as (host, _):
        monkeypatch.setenv("http_proxy", f"http://{proxy}")
        assert facts_of(host).answer == 200
        assert (
            read_image_registry_facts("mirror.example", {}, ca_bundle=None, plain_hosts=["mirror.example"]).answer
            == 418
        )
    assert [path for path, _ in through] == ["http://mirror.example/v2/"]


@pytest.mark.parametrize("proxy", ["gopher://me:hf_secret@proxy", "socks5://me:hf_secret@proxy:1080"])
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    answer = facts_of("mirror.example").answer
    assert isinstance(answer, Problem)
    assert "proxy" in answer.message
    assert "hf_secret" not in answer.message


def test_a_login_that_cannot_be_read_keeps_nothing_back(private_home: Path) -> None:
    (private_home / "docker" / "config.json").write_text(json.dumps({"credsStore": "not-installed"}))
    with served("", status=200) as (host, _):
        facts = facts_of(host)
    assert facts.answer == 200
    assert isinstance(facts.login, Problem)
    assert "not-installed" in facts.login.message

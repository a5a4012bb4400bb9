"""What an image registry says of an image, from true answers to every kind of false one, over real sockets."""

import base64
import gzip
import json
import os
import socket
import subprocess
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.errors import AnswerError
from hf_spaces_runner.images.manifest import ask_manifest
from hf_spaces_runner.images.manifest_form import ACCEPT, Index, Manifest, read_manifest
from hf_spaces_runner.images.repository_access import repository_of
from tests.unit.images.puppet_registry import Asked, PuppetRegistry, Said, digest, manifest, puppet_registry

network = pytest.mark.network

USER, SECRET = "me", "hf_secret"
PAIR = base64.b64encode(f"{USER}:{SECRET}".encode()).decode()
BEARER = 'Bearer realm="http://HOST/token",service="images of tests",scope="repository:other:push,pull"'
NOW = 1_800_000_000.0


@pytest.fixture
def registry() -> Iterator[PuppetRegistry]:
    with puppet_registry() as registry:
        yield registry


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


def ask(reference: str, *, timeout_s: float = 15.0, ca_bundle: Path | None = None) -> ImageCheck:
    check = ask_manifest(
        reference,
        dict(os.environ),
        ca_bundle=ca_bundle,
        plain_hosts=(),
        architecture="amd64",
        now=lambda: NOW,
        timeout_s=timeout_s,
    )
    assert check.image == reference
    assert check.checked_at == NOW
    assert check.message.isprintable()
    return check


def index_of(*entries: tuple[str, str | None, str | None]) -> dict[str, Any]:
    return {
        "manifests": [
            {"digest": of, "size": 500} | ({"platform": {"os": os, "architecture": cpu}} if os else {})
            for of, os, cpu in entries
        ]
    }


# True answers


@network
def test_an_image_that_is_there(registry: PuppetRegistry) -> None:
    content = registry.put_image("user/app", layers=(10_000, 200))
    check = ask(f"{registry.host}/user/app")
    config_bytes = len(b'{"os": "linux", "architecture": "amd64"}')
    assert check == ImageCheck(
        image=f"{registry.host}/user/app",
        status=ImageStatus.AVAILABLE,
        digest=content,
        compressed_bytes=10_200 + config_bytes,
        architectures=("amd64",),
        checked_at=NOW,
    )
    first, second = registry.asked
    assert (first.path, first.accept, first.authorization) == ("/v2/user/app/manifests/latest", ACCEPT, "")
    assert second.path.startswith("/v2/user/app/blobs/sha256:")


@network
def test_an_image_by_its_digest(registry: PuppetRegistry) -> None:
    content = registry.put_image("app", "other")
    assert ask(f"{registry.host}/app:nonsense@{content}").digest == content
    assert registry.paths()[0] == f"/v2/app/manifests/{content}"


@network
def test_a_layer_that_is_named_twice_is_sent_once(registry: PuppetRegistry) -> None:
    body = manifest(b"{}", (700,))
    body["layers"] *= 3
    registry.put_manifest("app", "latest", body)
    assert ask(f"{registry.host}/app").compressed_bytes == 702


@network
def test_a_list_of_manifests(registry: PuppetRegistry) -> None:
    arm = registry.put_image("app", "arm", layers=(5,), architecture="arm64")
    amd = registry.put_image("app", "amd", layers=(7000,))
    note = (digest(b"attestation"), "unknown", "unknown")
    windows = (digest(b"windows"), "windows", "amd64")
    listed = registry.put_manifest(
        "app", "latest", index_of(note, windows, (arm, "linux", "arm64"), (amd, "linux", "amd64"))
    )
    check = ask(f"{registry.host}/app")
    assert (check.status, check.digest) == (ImageStatus.AVAILABLE, listed)
    assert check.architectures == ("windows/amd64", "arm64", "amd64")
    assert check.compressed_bytes is not None
    assert 7000 < check.compressed_bytes < 7100
    assert registry.paths() == ["/v2/app/manifests/latest", f"/v2/app/manifests/{amd}"]


@network
def test_an_image_for_another_machine(registry: PuppetRegistry) -> None:
    content = registry.put_image("app", architecture="arm64")
    check = ask(f"{registry.host}/app")
    assert (check.status, check.digest, check.architectures) == (ImageStatus.WRONG_ARCHITECTURE, content, ("arm64",))
    assert check.message == "it is made for arm64, not for amd64"
    registry.put_image("app", os="windows")
    assert ask(f"{registry.host}/app").architectures == ("windows/amd64",)
    registry.put_manifest("app", "latest", index_of((content, "linux", "arm64"), (content, None, None)))
    check = ask(f"{registry.host}/app")
    assert (check.status, check.architectures) == (ImageStatus.WRONG_ARCHITECTURE, ("arm64",))


@network
def test_an_image_that_is_not_there(registry: PuppetRegistry) -> None:
    check = ask(f"{registry.host}/none:v1")
    assert (check.status, check.message) == (ImageStatus.GONE, f"{registry.host} has no such image")


@pytest.mark.parametrize(
    ("reference", "host", "login_host", "name", "target"),
    [
        ("debian", "registry-1.docker.io", "docker.io", "library/debian", "latest"),
        ("user/app:v1", "registry-1.docker.io", "docker.io", "user/app", "v1"),
        ("docker.io/debian", "registry-1.docker.io", "docker.io", "library/debian", "latest"),
        ("localhost/debian", "localhost", "localhost", "debian", "latest"),
        (f"a.example/b:v1@sha256:{'0' * 64}", "a.example", "a.example", "b", f"sha256:{'0' * 64}"),
    ],
)
def test_where_an_image_is(reference: str, host: str, login_host: str, name: str, target: str) -> None:
    found = repository_of(reference)
    assert (found.host, found.login_host, found.name, found.target) == (host, login_host, name, target)


# Logins


def guarded(registry: PuppetRegistry, *, anonymous: bool = False, challenge: str = BEARER) -> None:
    """Let `app` be for holders of a token or a pair; nobody in particular gets a token if `anonymous`."""
    registry.put_image("app")
    for path, said in list(registry.answers.items()):
        assert isinstance(said, Said)
        registry.answers[path] = _behind(said, challenge)

    def token(asked: Asked) -> Said:
        if asked.authorization == f"Basic {PAIR}" or (anonymous and not asked.authorization):
            return Said(body=json.dumps({"token": "right-token"}).encode())
        return Said(status=401)

    registry.answers["/token"] = token


def _behind(said: Said, challenge: str) -> Callable[[Asked], Said]:
    shown = f"Basic {PAIR}" if challenge.startswith("Basic") else "Bearer right-token"
    return lambda asked: (
        said if asked.authorization == shown else Said(status=401, headers={"WWW-Authenticate": challenge})
    )


@network
def test_a_token_for_everybody_needs_no_login(registry: PuppetRegistry, log_in: Callable[[str], None]) -> None:
    guarded(registry, anonymous=True)
    log_in(registry.host)
    assert ask(f"{registry.host}/app").status is ImageStatus.AVAILABLE
    assert [asked.authorization for asked in registry.asked] == ["", "", "Bearer right-token", "Bearer right-token"]
    assert registry.paths()[1].replace("%20", "+").replace("%3A", ":") == (
        "/token?service=images+of+tests&scope=repository:app:pull"  # not what the challenge asks for
    )


@network
@pytest.mark.parametrize("challenge", [BEARER, 'Basic realm="tests"'])
def test_a_login_is_shown_where_nobody_gets_it_without(
    registry: PuppetRegistry, log_in: Callable[[str], None], challenge: str
) -> None:
    guarded(registry, challenge=challenge)
    check = ask(f"{registry.host}/app")
    assert check.status is ImageStatus.NEEDS_LOGIN
    assert f"docker login {registry.host}" in check.message
    log_in(registry.host)
    check = ask(f"{registry.host}/app")
    assert (check.status, check.architectures) == (ImageStatus.AVAILABLE, ("amd64",))


@network
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("challenge", [BEARER, 'Basic realm="tests"'])
def test_a_login_that_is_not_taken(
    registry: PuppetRegistry, log_in: Callable[[str], None], challenge: str, status: int
) -> None:
    registry.answers["/token"] = Said(status=status)
    registry.answers["/v2/app/manifests/latest"] = lambda asked: Said(
        status=status if asked.authorization else 401, headers={"WWW-Authenticate": challenge}
    )
    log_in(registry.host)
    check = ask(f"{registry.host}/app")
    assert check.status is ImageStatus.REFUSED
    assert SECRET not in repr(check)


@network
def test_an_image_that_the_token_is_not_for(registry: PuppetRegistry, log_in: Callable[[str], None]) -> None:
    registry.answers["/token"] = Said(body=b'{"access_token": "t"}')
    registry.answers["/v2/app/manifests/latest"] = Said(status=401, headers={"WWW-Authenticate": BEARER})
    assert ask(f"{registry.host}/app").status is ImageStatus.NEEDS_LOGIN
    log_in(registry.host)
    assert ask(f"{registry.host}/app").status is ImageStatus.REFUSED


@network
def test_a_registry_that_lets_nobody_in(registry: PuppetRegistry, log_in: Callable[[str], None]) -> None:
    log_in(registry.host)
    registry.answers["/v2/app/manifests/latest"] = Said(status=403)
    assert ask(f"{registry.host}/app").status is ImageStatus.REFUSED
    registry.answers["/v2/app/manifests/latest"] = Said(status=401)
    assert ask(f"{registry.host}/app").status is ImageStatus.NEEDS_LOGIN
    assert {asked.authorization for asked in registry.asked} == {""}


@network
@pytest.mark.parametrize("config", [{"credsStore": "not-installed"}, {"auths": {"HOST": {"identitytoken": "t"}}}])
def test_a_login_that_cannot_be_shown(registry: PuppetRegistry, private_home: Path, config: dict[str, Any]) -> None:
    text = json.dumps(config).replace("HOST", registry.host)
    (private_home / "docker" / "config.json").write_text(text)
    guarded(registry)
    assert ask(f"{registry.host}/app").status is ImageStatus.NEEDS_LOGIN


@network
def test_a_login_never_goes_from_tls_to_a_plain_realm(log_in: Callable[[str], None], certificate: Path) -> None:
    with puppet_registry() as thief, puppet_registry(address="0.0.0.0", certificate=certificate) as registry:
        challenge = f'Bearer realm="http://{thief.host}/token"'
        registry.answers["/v2/app/manifests/latest"] = Said(status=401, headers={"WWW-Authenticate": challenge})
        log_in(registry.host)
        check = ask(f"{registry.host}/app", ca_bundle=certificate)
    assert (check.status, thief.asked) == (ImageStatus.UNREACHABLE, [])
    assert "no place to get a token from" in check.message


@network
@pytest.mark.parametrize(
    "said",
    [
        Said(body=b"[]"),
        Said(body=b'{"token": 5}'),
        Said(body=b'{"token": "two\\nlines"}'),
        Said(body=json.dumps({"token": "ü"}).encode()),
        Said(body=json.dumps({"token": "x" * 20_000}).encode()),
        Said(body=b"<html>"),
        Said(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Said(status=503),
    ],
)
def test_a_token_server_that_gives_no_token(registry: PuppetRegistry, said: Said) -> None:
    registry.answers["/token"] = said
    registry.answers["/v2/app/manifests/latest"] = Said(status=401, headers={"WWW-Authenticate": BEARER})
    assert ask(f"{registry.host}/app").status is ImageStatus.UNREACHABLE
    assert len(registry.asked) == 2


# False answers


@network
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(body=b""), "not JSON"),
        (Said(body=b"<html>"), "not JSON"),
        (Said(body=b"\xff\xfe{\x00}\x00"), "not JSON"),
        (Said(body=b"[]"), "no manifest of an image"),
        (Said(body=b"null"), "no manifest of an image"),
        (Said(body=b"[" * 100_000), "JSON"),
        (Said(body=b"[0" + b",0" * 300_000 + b"]"), "too many values"),
        (Said(body=b'{"config": ' + b"9" * 5000 + b"}"), "not JSON"),
        (Said(body=b'{"schemaVersion": 1, "fsLayers": []}'), "schema 1"),
        (Said(body=b"x" * (4 * 1024**2 + 1)), "more than 4 MiB"),
        (Said(headers={"Content-Length": str(10**15)}, body=b"x" * (5 * 1024**2)), "more than 4 MiB"),
        (Said(body=gzip.compress(b"x"), headers={"Content-Encoding": "gzip"}), "compressed"),
        (Said(headers={"Docker-Content-Digest": f"sha256:{'0' * 64}"}), "another content"),
        (Said(headers={"Docker-Content-Digest": "md5:00"}), "cannot be checked"),
        (Said(headers={"Docker-Content-Digest": "nonsense"}), "cannot be checked"),
        (Said(status=302, headers={"Location": "http://127.0.0.1:1/"}), "redirect"),
        (Said(status=301), "redirect"),
        (Said(status=418), "status 418"),
        (Said(status=503), "status 503"),
        (Said(status=429, headers={"Retry-After": "30"}), "status 429; it may be asked again in 30 s"),
        (Said(raw=b"\x1b[31mHTTP/9.9 nonsense\r\n\r\n"), "cannot be reached"),
        (Said(raw=b""), "cannot be reached"),
        (Said(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"), "cannot be reached"),
        (Said(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), "cannot be reached"),
    ],
)
def test_nonsense_is_told_and_believed_by_nobody(registry: PuppetRegistry, said: Said, words: str) -> None:
    registry.answers["/v2/app/manifests/latest"] = said
    check = ask(f"{registry.host}/app")
    assert (check.status, check.digest, check.compressed_bytes) == (ImageStatus.UNREACHABLE, None, None)
    assert words in check.message


@network
@pytest.mark.parametrize("size", [-1, 2**60, 1.5, True, "7", None, 10**400])
def test_an_impossible_size(registry: PuppetRegistry, size: object) -> None:
    body = manifest(b"{}")
    body["layers"][0]["size"] = size
    registry.put_manifest("app", "latest", body)
    check = ask(f"{registry.host}/app")
    assert check.status is ImageStatus.UNREACHABLE
    assert "layers.0.size" in check.message


@network
def test_another_content_than_was_asked_for(registry: PuppetRegistry) -> None:
    registry.put_image("app")
    wanted = digest(b"another")
    registry.answers[f"/v2/app/manifests/{wanted}"] = Said(body=json.dumps(manifest(b"{}")).encode())
    assert "another content" in ask(f"{registry.host}/app@{wanted}").message
    registry.put_manifest("app", "latest", index_of((wanted, "linux", "amd64")))
    assert "another content" in ask(f"{registry.host}/app").message


@network
def test_a_list_that_names_what_is_not_there_or_another_list(registry: PuppetRegistry) -> None:
    registry.put_manifest("app", "latest", index_of((digest(b"none"), "linux", "amd64")))
    assert ask(f"{registry.host}/app").message == f"{registry.host} is answered with status 404"
    inner = registry.put_manifest("app", "inner", {"manifests": []})
    registry.put_manifest("app", "latest", index_of((inner, "linux", "amd64")))
    assert "within a list" in ask(f"{registry.host}/app").message


CONFIG = b'{"os": "linux", "architecture": "amd64"}'


@network
@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Said(status=404), "status 404"),
        (Said(status=500), "status 500"),
        (Said(body=b"{}"), "another content"),
        (Said(body=b"x" * (4 * 1024**2 + 1)), "more than 4 MiB"),
        (Said(status=307, headers={"Location": "http://localhost:1/blob"}), "another host"),
        (Said(status=307, headers={"Location": "https://HOST/blob"}), "another host"),
        (Said(status=307, headers={"Location": "http://me:hf_secret@HOST/blob"}), "another host"),
        (Said(status=307, headers={"Location": "http://[bad"}), "another host"),
        (Said(status=307, headers={"Location": "http://HOST:99999/"}), "cannot be reached"),
        (Said(status=307), "redirect"),
        (Said(status=307, headers={"Location": "http://HOST/loop"}), "without an end"),
    ],
)
def test_an_image_whose_configuration_cannot_be_had_is_there_all_the_same(
    registry: PuppetRegistry, said: Said, words: str
) -> None:
    content = registry.put_manifest("app", "latest", manifest(CONFIG, (5,)))
    registry.answers[f"/v2/app/blobs/{digest(CONFIG)}"] = said
    registry.answers["/loop"] = Said(status=302, headers={"Location": "/loop"})
    check = ask(f"{registry.host}/app")
    assert (check.status, check.digest, check.architectures) == (ImageStatus.AVAILABLE, content, ())
    assert words in check.message


@network
def test_a_configuration_that_the_registry_keeps_elsewhere_with_itself(registry: PuppetRegistry) -> None:
    registry.put_manifest("app", "latest", manifest(CONFIG))
    registry.answers[f"/v2/app/blobs/{digest(CONFIG)}"] = Said(status=307, headers={"Location": "/store/1?signed=x"})
    registry.answers["/store/1"] = Said(body=CONFIG)
    assert ask(f"{registry.host}/app").architectures == ("amd64",)


@network
@pytest.mark.parametrize("value", [[], {"architecture": 5}, {"architecture": "\x1b[31m"}, {"os": "a b"}, {}])
def test_a_configuration_that_does_not_say(registry: PuppetRegistry, value: object) -> None:
    config = json.dumps(value).encode()
    registry.put_manifest("app", "latest", manifest(config))
    registry.answers[f"/v2/app/blobs/{digest(config)}"] = Said(body=config)
    check = ask(f"{registry.host}/app")
    assert (check.status, check.architectures) == (ImageStatus.AVAILABLE, ())


@network
@pytest.mark.parametrize(
    "said",
    [
        Said(raw=b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 1000, drip_s=0.05),
        Said(raw=b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 1000, drip_s=0.05),
        Said(body=b" " * 1000, drip_s=0.05),
        Said(raw=b"x", drip_s=60),
    ],
)
@pytest.mark.parametrize("tls", [False, True])
def test_a_drip_ends_at_the_deadline(said: Said, tls: bool, certificate: Path) -> None:
    with puppet_registry(certificate=certificate if tls else None) as registry:
        registry.answers["/v2/app/manifests/latest"] = said
        check = ask(f"{registry.host}/app", timeout_s=0.5)
        # Each of them would go on for 50 s.
        assert check.status is ImageStatus.UNREACHABLE
        assert check.message == f"{registry.host} did not end its answer within 0.5 s"


@network
def test_a_registry_that_nobody_trusts_or_that_is_not_there(certificate: Path) -> None:
    with puppet_registry(address="0.0.0.0", certificate=certificate) as registry:
        registry.put_image("app")
        assert "is not trusted" in ask(f"{registry.host}/app").message
        assert ask(f"{registry.host}/app", ca_bundle=certificate).status is ImageStatus.AVAILABLE
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{taken.getsockname()[1]}"
        assert ask(f"{host}/app").message == f"{host} cannot be reached from here: Connection refused"


@network
@pytest.mark.parametrize(
    "reference", ["", "UPPER", "a b", "host.example/", f"{'a' * 64}.example/x", "127.0.0.1:99999/x"]
)
def test_references_that_cannot_be_asked_for(reference: str) -> None:
    check = ask(reference)
    assert check.status is ImageStatus.UNREACHABLE
    assert check.message


@network
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "gopher://me:hf_secret@proxy")
    check = ask("mirror.example/app")
    assert "proxy" in check.message
    assert "hf_secret" not in check.message


# Manifests of any shape

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
DIGESTS = st.sampled_from([digest(b"1"), digest(b"2"), f"sha512:{'0' * 128}", "sha256:", "../../token"])


def shaped(wanted: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(wanted, wanted, wanted, JSON)


PLATFORMS = st.fixed_dictionaries(
    {"os": shaped(st.sampled_from(["linux", "windows"])), "architecture": shaped(st.sampled_from(["amd64", "arm64"]))}
)
CONTENTS = st.fixed_dictionaries(
    {"digest": shaped(DIGESTS), "size": shaped(st.integers(0, 10**9))}, optional={"platform": shaped(PLATFORMS)}
)
MANIFESTS = st.fixed_dictionaries(
    {},
    optional={
        "config": shaped(CONTENTS),
        "layers": shaped(st.lists(shaped(CONTENTS), max_size=3)),
        "manifests": shaped(st.lists(shaped(CONTENTS), max_size=3)),
    },
)


@given(value=shaped(MANIFESTS))
def test_each_shape_is_read_or_told_of(value: object) -> None:
    with suppress(AnswerError):
        found = read_manifest(json.dumps(value).encode(), "it")
        assert isinstance(found, Index) or found.compressed_bytes >= 0


@given(raw=st.binary(max_size=200))
def test_each_text_is_told_of(raw: bytes) -> None:
    with pytest.raises(AnswerError):
        read_manifest(raw, "it")


@network
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(value=shaped(MANIFESTS), other=shaped(MANIFESTS))
def test_each_shape_ends_as_a_check(registry: PuppetRegistry, value: object, other: object) -> None:
    inner = registry.put_manifest("app", "inner", other)
    if isinstance(value, dict) and isinstance(value.get("manifests"), list):
        value["manifests"].append({"digest": inner, "size": 1, "platform": {"os": "linux", "architecture": "amd64"}})
    registry.put_manifest("app", "latest", value)
    check = ask(f"{registry.host}/app")
    assert check.status in {ImageStatus.AVAILABLE, ImageStatus.WRONG_ARCHITECTURE, ImageStatus.UNREACHABLE}
    assert (check.status is ImageStatus.UNREACHABLE) == (check.digest is None)
    assert check.compressed_bytes is None or check.compressed_bytes >= 0


def test_the_worst_manifest_costs_little_memory() -> None:
    raw = b'{"manifests":[' + b",".join([b"{}"] * 39_000) + b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(AnswerError):
            read_manifest(raw, "it")
        assert tracemalloc.get_traced_memory()[1] < 64 * 1024**2
    finally:
        tracemalloc.stop()


def test_a_manifest_holds_what_a_pull_transfers() -> None:
    found = read_manifest(json.dumps(manifest(b"{}", (1, 2, 3))).encode(), "it")
    assert isinstance(found, Manifest)
    assert found.compressed_bytes == 8

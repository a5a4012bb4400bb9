"""What goes wrong at the Hub, or on the way to it, ends with a cause and a hint, after waits and sizes with a bound."""

import json
import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hf_spaces_runner.errors import HubError
from hf_spaces_runner.hub import line
from hf_spaces_runner.hub.client import Hub
from tests.fakes.hub_server import Fault, HubServer

pytestmark = pytest.mark.network

INFO = "/api/spaces/user/name"


@pytest.fixture(autouse=True)
def space(hub_server: HubServer) -> None:
    hub_server.add("user/name", tags=["audio"], likes=1)


def failure(hub: Hub, space_id: str = "user/name") -> HubError:
    with pytest.raises(HubError) as caught:
        hub.look_up(space_id)
    assert caught.value.message.startswith(f"looking up {space_id} failed: ")
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"Retry-After": "7"}, [7.0, 7.0]),
        ({"RateLimit": '"api";r=0;t=12'}, [12.0, 12.0]),
        ({"RateLimit": '"api";r=3;t=12', "Retry-After": "2"}, [2.0, 2.0]),
        ({"Retry-After": "0"}, [1.0, 1.0]),
        ({}, [5.0, 5.0]),
        ({"Retry-After": "soon"}, [5.0, 5.0]),
    ],
)
def test_a_hub_that_wants_a_pause_gets_it(
    hub: Hub, hub_server: HubServer, slept: list[float], told: list[float], headers: dict[str, str], waits: list[float]
) -> None:
    hub_server.fail(Fault(status=429, headers=headers), times=2)
    assert hub.look_up("user/name").id == "user/name"
    assert slept == told == waits


def test_a_pause_until_a_date_is_kept(hub: Hub, hub_server: HubServer, slept: list[float]) -> None:
    until = datetime.now(UTC) + timedelta(seconds=30)
    hub_server.fail(Fault(status=429, headers={"Retry-After": until.strftime("%a, %d %b %Y %H:%M:%S GMT")}))
    hub.look_up("user/name")
    assert len(slept) == 1
    assert 20 < slept[0] <= 30


def test_pauses_have_an_end_together(hub: Hub, hub_server: HubServer, slept: list[float]) -> None:
    hub_server.fail(Fault(status=429, headers={"Retry-After": "25"}), times=9)
    error = failure(hub)
    assert error.verdict == "hub_rate_limited"
    assert error.hint is not None
    assert "25 s" in error.hint
    assert slept == [25.0, 25.0]  # a third would make more than 60 s
    assert len(hub_server.requests) == 3


def test_a_long_pause_is_not_begun(hub: Hub, hub_server: HubServer, slept: list[float]) -> None:
    hub_server.fail(Fault(status=429, headers={"Retry-After": "3600"}))
    error = failure(hub)
    assert (error.verdict, slept) == ("hub_rate_limited", [])
    assert error.hint is not None
    assert "1h" in error.hint


def test_lists_and_searches_keep_pauses_too(hub: Hub, hub_server: HubServer, slept: list[float]) -> None:
    hub_server.fail(Fault(status=429, headers={"Retry-After": "3"}))
    assert len(list(hub.search("name", limit=3))) == 1
    hub_server.fail(Fault(status=429, headers={"Retry-After": "4"}))
    assert len(list(hub.list_by_tags(["audio"], limit=3))) == 1
    assert slept == [3.0, 4.0]


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=503), Fault(status=408), Fault(broken=True)])
def test_a_fault_that_passes_is_waited_out(
    hub: Hub, hub_server: HubServer, slept: list[float], told: list[float], fault: Fault
) -> None:
    hub_server.fail(fault, times=2)
    assert hub.look_up("user/name").id == "user/name"
    assert len(slept) == 2
    assert told == []  # the Hub did not ask for it


@pytest.mark.parametrize(
    ("fault", "verdict"), [(Fault(status=500), "hub_failed"), (Fault(broken=True), "hub_unreachable")]
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_fault_that_stays_is_told(
    hub: Hub, hub_server: HubServer, slept: list[float], fault: Fault, verdict: str, *, listed: bool
) -> None:
    hub_server.fail(fault, times=9)
    with pytest.raises(HubError) as caught:
        list(hub.list_by_tags(["audio"], limit=3)) if listed else hub.look_up("user/name")
    assert caught.value.verdict == verdict
    assert (len(hub_server.requests), len(slept)) == (3, 2)  # the library did not try again on top of us


def test_an_answer_that_never_comes_is_given_up(hub_server: HubServer) -> None:
    hub_server.fail(Fault(slow=True))
    with Hub(hub_server.url, timeout_s=0.2) as hub:
        error = failure(hub)
    assert error.verdict == "hub_unreachable"
    assert "did not answer in time" in error.message


def test_an_answer_that_drips_is_given_up(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 4))
    monkeypatch.setattr(line, "time", type("Clock", (), {"monotonic": staticmethod(lambda: float(next(clock)))}))
    hub_server.fail(Fault(body=b" ", endless=True))
    with Hub(hub_server.url, timeout_s=5) as hub:
        error = failure(hub)
    assert error.verdict == "hub_unreachable"
    assert "not complete after 5 s" in error.message


def test_nobody_at_home() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with Hub(f"http://127.0.0.1:{taken.getsockname()[1]}") as hub:
            error = failure(hub)
    assert error.verdict == "hub_unreachable"
    assert "refused" in error.message


@pytest.fixture
def plain_over_tls() -> Iterator[str]:
    """Return an address at which TLS is answered with something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def test_no_trusted_connection(plain_over_tls: str, tmp_path: Path) -> None:
    with Hub(plain_over_tls, ca_bundle=tmp_path / "none.pem") as hub:
        error = failure(hub)
    assert error.verdict == "hub_unreachable"
    assert "no trusted connection" in error.message
    assert error.hint is not None
    assert "ca_bundle" in error.hint


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with a key and a certificate for 127.0.0.1 that nobody has signed."""
    file = tmp_path / "server.pem"
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command = ["openssl", "req", "-x509", *curve, "-nodes", "-days", "2", *subject, "-keyout", str(file), "-out", "-"]
    made = subprocess.run(command, check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + made.stdout)
    return file


def test_the_ca_certificates_of_the_setting_are_trusted_and_no_others(certificate: Path) -> None:
    with HubServer.running(certificate) as server:
        server.add("user/name")
        with Hub(server.url, ca_bundle=certificate) as hub:
            assert hub.look_up("user/name").subdomain == "user-name"
        with Hub(server.url) as hub:
            error = failure(hub)
    assert (error.verdict, "self-signed" in error.message) == ("hub_unreachable", True)
    assert len(server.requests) == 1


DEEP = b"[" * 100_000 + b"]" * 100_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<!doctype html><title>Log in to Cafe Wi-Fi</title>",
        b"\xff\xfe\xff",
        b"null",
        b"17",
        b'"text"',
        b"[]",
        b"{}",
        b'{"id": 3}',
        b'{"id": "no-user"}',
        b'{"id": "a/../../b"}',
        b'{"id": ' + b"9" * 5000 + b"}",
        DEEP,
    ],
)
def test_nonsense_is_called_so(hub: Hub, hub_server: HubServer, body: bytes) -> None:
    hub_server.fail(Fault(body=body))
    assert failure(hub).verdict == "hub_nonsense"


@pytest.mark.parametrize("body", [b"", b"null", b"{}", b'{"error": "x"}', b"[17, null]", DEEP])
def test_a_nonsense_page_is_called_so(hub: Hub, hub_server: HubServer, body: bytes) -> None:
    hub_server.fail(Fault(body=body))
    with pytest.raises(HubError) as caught:
        list(hub.list_by_tags(["audio"], limit=3))
    assert caught.value.verdict == "hub_nonsense"


def test_a_nonsense_item_is_skipped(hub: Hub, hub_server: HubServer) -> None:
    hub_server.raw_items = [None, [], {"id": 3}, {"id": "user/name\x1b[2J"}, {"likes": 3}, "user/name"]
    assert [space.id for space in hub.search("name", limit=9)] == ["user/name"]
    assert [space.id for space in hub.list_by_tags(["audio"], limit=9)] == ["user/name"]


@pytest.mark.parametrize("status", [200, 404])
def test_a_huge_answer_is_cut_off(hub: Hub, hub_server: HubServer, status: int) -> None:
    hub_server.fail(Fault(status=status, body=b"[", endless=True))
    error = failure(hub)
    assert (error.verdict, "more than 20 MiB" in error.message) == ("hub_nonsense", True)


def test_an_encoding_that_was_not_asked_for_is_not_unpacked(hub: Hub, hub_server: HubServer) -> None:
    hub_server.fail(Fault(body=b"[]", headers={"Content-Encoding": "br"}))
    assert failure(hub).verdict == "hub_nonsense"


def test_broken_packing_is_nonsense(hub: Hub, hub_server: HubServer) -> None:
    hub_server.fail(Fault(body=b"[]", headers={"Content-Encoding": "gzip"}))
    assert failure(hub).verdict == "hub_nonsense"


@pytest.mark.parametrize("location", ["http://127.0.0.2/login", "https://example.org/", "ftp://127.0.0.1/", "http://["])
def test_another_host_is_not_gone_to(hub: Hub, hub_server: HubServer, location: str) -> None:
    hub_server.fail(Fault(status=302, headers={"Location": location}))
    assert failure(hub).verdict == "hub_nonsense"
    assert len(hub_server.requests) == 1


def test_redirects_and_pages_in_circles_have_an_end(hub: Hub, hub_server: HubServer) -> None:
    hub_server.faults[INFO] = Fault(status=302, headers={"Location": INFO})
    assert failure(hub).verdict == "hub_nonsense"
    assert len(hub_server.requests) == 4
    hub_server.requests.clear()
    hub_server.faults["/api/spaces"] = Fault(
        body=b"[]", headers={"Link": f'<{hub_server.url}/api/spaces?again=1>; rel="next"'}
    )
    with pytest.raises(HubError, match="no end") as caught:
        list(hub.list_by_tags(["audio"], limit=50))
    assert caught.value.verdict == "hub_nonsense"
    assert len(hub_server.requests) == 15


@pytest.mark.parametrize("link", ["http://127.0.0.2/api/spaces", "http://[", "ftp://127.0.0.1/x"])
def test_the_next_page_is_on_the_same_host(hub: Hub, hub_server: HubServer, link: str) -> None:
    page = json.dumps([{"id": "user/name"}]).encode()
    hub_server.fail(Fault(body=page, headers={"Link": f'<{link}>; rel="next"'}))
    with pytest.raises(HubError) as caught:
        list(hub.list_by_tags(["audio"], limit=50))
    assert caught.value.verdict == "hub_nonsense"


def test_what_the_hub_says_is_safe_to_print(hub: Hub, hub_server: HubServer, capfd: pytest.CaptureFixture[str]) -> None:
    body = json.dumps({"error": "no\x1b[31m\x1b]0;title\x07\u202e\n" + "x" * 5000}).encode()
    hub_server.fail(
        Fault(status=403, body=body, headers={"X-Error-Message": "\x9b31mred", "X-HF-Warning": "look; here"})
    )
    message = failure(hub).message
    assert message.isprintable()
    assert len(message) < 400
    assert capfd.readouterr() == ("", "")  # the library would print the warning

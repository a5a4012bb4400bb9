"""Readiness against real servers on loopback; the container around them is a fake."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest

from hf_spaces_runner.domain.api import Api, ApiKind, Spoken
from hf_spaces_runner.domain.container import ContainerState, ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress
from hf_spaces_runner.errors import (
    ContainerExitedError,
    EngineUnavailableError,
    LaunchError,
    ListensElsewhereError,
    MemoryExceededError,
    NotReadyError,
    RunnerError,
    StartupTimeoutError,
)
from hf_spaces_runner.orchestrator import ending, http_get
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from tests.fakes.engine import FakeContainer, Program, started_container

pytestmark = pytest.mark.network

Reply = Callable[[socket.socket], None]
CONFIG = json.dumps({"version": "5.49.1", "dependencies": []}).encode()
LOG = "Loading the model\nValueError: no weights\n\n"


class Server:
    """Answers each connection with the next of its replies, the last one again and again."""

    def __init__(self, replies: list[Reply]) -> None:
        self._replies = replies
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.asked: list[bytes] = []
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.append(connection)
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                threading.Thread(target=self._answer, args=(connection, reply), daemon=True).start()

    def _answer(self, connection: socket.socket, reply: Reply) -> None:
        with suppress(OSError), connection:
            self.asked.append(connection.recv(65536))
            reply(connection)

    def close(self) -> None:
        for each in (self._socket, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    with ExitStack() as stack:

        def start(*replies: Reply) -> Server:
            server = Server(list(replies))
            stack.callback(server.close)
            return server

        yield start


Serve = Callable[..., Server]


def http(body: bytes, status: str = "200 OK", *headers: str) -> Reply:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + body)


def raw(text: bytes) -> Reply:
    return lambda connection: connection.sendall(text)


def endless(start: bytes, piece: bytes, pause_s: float) -> Reply:
    def reply(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            time.sleep(pause_s)

    return reply


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def container(port: int, log: str = LOG, state: ContainerState | None = None) -> FakeContainer:
    program = Program(log=log, state=state or ContainerState(status=ContainerStatus.RUNNING))
    return started_container(program, name="hfsr-x", port=port)


def exited(code: int, *, oom_killed: bool = False, error: str = "") -> ContainerState:
    return ContainerState(status=ContainerStatus.EXITED, exit_code=code, oom_killed=oom_killed, error=error)


GRADIO = Api(kind=ApiKind.GRADIO)


def wait(own: FakeContainer, limit_s: float = 30.0, api: Api = GRADIO, remembered: ApiKind | None = None) -> Spoken:
    deadline = Deadline.after(limit_s, time.monotonic)
    return wait_until_ready(own, deadline, ignore_progress, api=api, remembered=remembered)


def failure(own: FakeContainer, limit_s: float = 0.4) -> RunnerError:
    with pytest.raises(RunnerError) as caught:
        wait(own, limit_s)
    assert caught.value.message.isprintable()
    return caught.value


def test_it_is_ready_when_gradio_answers(serve: Serve) -> None:
    server = serve(http(CONFIG))
    told: list[Progress] = []
    wait_until_ready(container(server.port), Deadline.after(30, time.monotonic), told.append)
    assert [(progress.phase, progress.done) for progress in told] == [(Phase.READY, False), (Phase.READY, True)]
    (asked,) = server.asked
    assert asked.startswith(b"GET /config HTTP/1.1\r\n")


def test_it_waits_through_all_that_comes_before(serve: Serve) -> None:
    server = serve(
        lambda connection: connection.close(),
        http(b"starting", "503 Service Unavailable"),
        http(b"", "404 Not Found"),
        http(b"<html>"),
        http(b"[]"),
        http(b'{"dependencies": 5}'),
        raw(b"nonsense\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"),
        http(CONFIG),
    )
    wait(container(server.port))
    assert len(server.asked) == 9


def test_an_app_with_a_login_of_its_own_is_ready(serve: Serve) -> None:
    wait(container(serve(http(b'{"detail": "Not authenticated"}', "401 Unauthorized")).port))


def test_chunks_are_read(serve: Serve) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(CONFIG), CONFIG)
    wait(container(serve(raw(chunked)).port))


@pytest.mark.parametrize(
    ("reply", "observed"),
    [
        (http(b"", "404 Not Found"), "answered 404, not Gradio's configuration"),
        (http(b"", "302 Found", "Location: http://evil.example/config"), "answered 302, not Gradio's configuration"),
        (http(CONFIG, "500 Internal Server Error"), "answered 500, not Gradio's configuration"),
        (http(b"<html>Streamlit</html>"), "something that is not Gradio's configuration"),
        (http(b'{"a": ' * 200_000), "something that is not Gradio's configuration"),
        (http(b"[" * 1_000_000), "something that is not Gradio's configuration"),
        (http(b'{"dependencies": ' + b"1" * 100_000 + b"}"), "something that is not Gradio's configuration"),
        (http(b"\xff\xfe\x00"), "something that is not Gradio's configuration"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nxx"), "something that is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), "something that is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"), "something that is not Gradio's configuration"),
        (raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), "something that is not HTTP"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "something that is not HTTP"),
        (raw(b"HTTP/1.1 99999999999 \x1b[31m\r\n\r\n"), "something that is not HTTP"),
        (raw(b"SSH-2.0-OpenSSH\r\n"), "something that is not HTTP"),
        (raw(b"\x00" * 100), "something that is not HTTP"),
        (lambda connection: connection.close(), "nothing answered on its port"),
        (silent, "took a connection and finished no answer within 0.4 s"),
        (endless(b"HTTP/1.1 200 OK\r\n", b"X", 0.05), "took a connection and finished no answer within"),
        (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.0), "took a connection and finished no answer within"),
        (endless(b"HTTP/1.1 200 OK\r\n\r\n", b" ", 0.05), "took a connection and finished no answer within"),
        (
            endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.05),
            "took a connection and finished no answer within",
        ),
        (
            endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", 0.01),
            "took a connection and finished no answer within",
        ),
    ],
)
def test_what_is_not_gradio_ends_with_the_timeout_and_what_was_seen(serve: Serve, reply: Reply, observed: str) -> None:
    error = failure(container(serve(reply).port))
    assert isinstance(error, StartupTimeoutError)
    assert error.message.startswith("hfsr-x was not ready within 0.4 s: ")
    assert observed in error.message
    assert error.evidence is not None
    assert "ValueError: no weights" in error.evidence.log
    assert error.hint


@pytest.mark.parametrize("size", [b"-1", b"fffffffffff"])
def test_of_an_answer_without_end_no_more_is_read_than_a_configuration_has(
    serve: Serve, size: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_get, "MAX_BYTES", 1024**2)
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n" % size
    sent: list[int] = []

    def flood(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"x" * 65536)
            sent.append(65536)

    error = failure(container(serve(flood, silent).port))
    assert isinstance(error, StartupTimeoutError)
    assert sum(sent) < 64 * 1024**2


@pytest.fixture
def pages(serve: Serve) -> Callable[[dict[str, Reply]], Server]:
    """Start a server that has some paths, and answers 404 for others."""

    def start(replies: dict[str, Reply]) -> Server:
        def reply(connection: socket.socket) -> None:
            path = server.asked[-1].split(b" ")[1].decode()
            replies.get(path, http(b"no such page", "404 Not Found"))(connection)

        server = serve(reply)
        return server

    return start


Pages = Callable[[dict[str, Reply]], Server]
OPENAPI = http(b'{"openapi": "3.1.0", "paths": {}}')
IN_ORDER = ["/config", "/openapi.json", "/v1/models", "/_stcore/health", "/"]


def paths(server: Server) -> list[str]:
    return [asked.split(b" ")[1].decode() for asked in server.asked]


@pytest.mark.parametrize(
    ("replies", "kind", "asked"),
    [
        ({"/config": http(CONFIG), "/openapi.json": OPENAPI}, ApiKind.GRADIO, 1),
        ({"/openapi.json": OPENAPI, "/": http(b"<html>")}, ApiKind.OPENAPI, 2),
        ({"/v1/models": http(b'{"data": []}'), "/": http(b"<html>")}, ApiKind.OPENAI, 3),
        ({"/v1/models": http(b"", "401 Unauthorized")}, ApiKind.OPENAI, 3),
        ({"/_stcore/health": http(b"ok"), "/": http(b"<html>")}, ApiKind.STREAMLIT, 4),
    ],
)
def test_what_a_space_speaks_is_found_out_in_order(
    pages: Pages, replies: dict[str, Reply], kind: ApiKind, asked: int
) -> None:
    server = pages(replies)
    assert wait(container(server.port), api=Api()).kind is kind
    assert paths(server) == IN_ORDER[:asked]


def test_a_page_is_taken_for_the_app_when_it_stays_all_that_there_is(pages: Pages) -> None:
    server = pages({"/": http(b"<html>")})
    own, clock = container(server.port), Waiting()
    spoken = wait_until_ready(own, Deadline.after(60, clock.clock), ignore_progress, api=Api(), sleep=clock.sleep)
    assert spoken.kind is ApiKind.PAGE
    assert clock.now >= 2


def test_a_page_before_the_app_is_not_the_app(pages: Pages) -> None:
    replies = {"/": http(b"<html>loading</html>")}
    server, clock = pages(replies), Waiting()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > 1:
            replies["/config"] = http(CONFIG)

    deadline = Deadline.after(60, clock.clock)
    spoken = wait_until_ready(container(server.port), deadline, ignore_progress, api=Api(), sleep=sleep)
    assert spoken.kind is ApiKind.GRADIO


def test_what_was_remembered_is_asked_first(pages: Pages) -> None:
    server = pages({"/openapi.json": OPENAPI})
    assert wait(container(server.port), api=Api(), remembered=ApiKind.OPENAPI).kind is ApiKind.OPENAPI
    assert paths(server) == ["/openapi.json"]


def test_what_was_remembered_wrongly_does_no_harm(pages: Pages) -> None:
    server = pages({"/config": http(CONFIG)})
    assert wait(container(server.port), api=Api(), remembered=ApiKind.OPENAI).kind is ApiKind.GRADIO
    assert paths(server) == ["/v1/models", "/config"]


def test_the_health_of_an_entry_comes_before_all_else(pages: Pages) -> None:
    replies = {"/": http(b"<html>"), "/api/health": http(b"", "503 Service Unavailable")}
    server, clock = pages(replies), Waiting()

    def sleep(seconds: float) -> None:
        clock.sleep(seconds)
        if clock.now > 1:
            replies["/api/health"] = http(b"{}")

    api = Api(kind=ApiKind.HTTP, health="/api/health")
    deadline = Deadline.after(60, clock.clock)
    assert (
        wait_until_ready(container(server.port), deadline, ignore_progress, api=api, sleep=sleep).kind is ApiKind.HTTP
    )
    assert set(paths(server)) == {"/api/health"}


@pytest.mark.parametrize(
    ("replies", "api", "observed"),
    [
        ({}, Api(), "its port answers, and is neither Gradio, OpenAPI, an OpenAI-compatible server nor a page: GET /"),
        ({"/": http(b"", "500 Oops")}, Api(kind=ApiKind.HTTP), "GET / on its port answered 500"),
        (
            {"/": http(b"<html>")},
            Api(kind=ApiKind.OPENAPI),
            "GET /openapi.json on its port answered 404, not an OpenAPI",
        ),
        ({"/openapi.json": http(b"{}")}, Api(kind=ApiKind.OPENAPI), "something that is not an OpenAPI description"),
        ({"/v1/models": http(b"[]")}, Api(kind=ApiKind.OPENAI), "something that is not a list of models"),
        ({"/": http(b"<html>")}, Api(health="/healthz"), "GET /healthz on its port answered 404"),
    ],
)
def test_what_is_not_what_the_entry_says_is_told(
    pages: Pages, replies: dict[str, Reply], api: Api, observed: str
) -> None:
    with pytest.raises(StartupTimeoutError) as caught:
        wait(container(pages(replies).port), 0.4, api)
    assert observed in caught.value.message


def test_a_very_large_configuration_is_taken(serve: Serve) -> None:
    large = json.dumps({"dependencies": [], "components": ["x" * 1000] * 5000}).encode()
    assert len(large) > 5_000_000
    wait(container(serve(http(large)).port))


def test_a_space_that_never_listens_ends_with_the_timeout_and_its_last_lines() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    error = failure(container(port), limit_s=0.2)
    assert isinstance(error, StartupTimeoutError)
    assert error.message == "hfsr-x was not ready within 0.2 s: nothing answered on its port"
    assert error.evidence is not None
    assert error.evidence.log == "Loading the model\nValueError: no weights\n"


def test_a_container_that_ended_is_noticed_at_once_with_its_last_words() -> None:
    slept: list[float] = []
    own = container(0, state=exited(1))
    with pytest.raises(ContainerExitedError) as caught:
        wait_until_ready(own, Deadline.after(600, lambda: 0.0), ignore_progress, sleep=slept.append)
    assert slept == []
    assert caught.value.message == "hfsr-x ended with exit code 1 before it answered: ValueError: no weights"
    assert caught.value.evidence is not None
    assert "Loading the model" in caught.value.evidence.log


def test_one_that_ends_while_it_is_waited_for_is_noticed_at_the_next_look() -> None:
    own = container(0)
    now = 1000.0
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        slept.append(seconds)
        if now > 1120:
            own.program = Program(log=LOG, state=exited(1))

    with pytest.raises(ContainerExitedError):
        wait_until_ready(own, Deadline.after(600, lambda: now), ignore_progress, sleep=sleep)
    assert now < 1122
    assert min(slept) == pytest.approx(0.01)
    assert max(slept) == pytest.approx(0.5)


def test_pauses_stay_in_proportion_to_what_was_waited() -> None:
    now = 0.0
    pauses: list[tuple[float, float]] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        pauses.append((now, seconds))
        now += seconds

    with pytest.raises(StartupTimeoutError):
        wait_until_ready(container(0), Deadline.after(120, lambda: now), ignore_progress, sleep=sleep)
    assert all(pause <= max(0.0101, waited * 0.0051) and pause <= 0.5 for waited, pause in pauses)


@pytest.mark.parametrize(
    ("state", "log", "error", "said"),
    [
        (exited(137, oom_killed=True), LOG, MemoryExceededError, "it needed more memory than its cap"),
        (exited(0), "", ContainerExitedError, "ended with exit code 0 before it answered and printed nothing"),
        (exited(1, error="the engine's words"), LOG, ContainerExitedError, "the engine's words"),
        (exited(127), "exec python failed: No such file", LaunchError, "has no such command: exec python failed"),
        (exited(126), "", LaunchError, "has no such command"),
        (exited(-1), "\x1b]0;owned\x07\x1b[31mred\n", ContainerExitedError, ": red"),
    ],
)
def test_how_it_ended_is_told(state: ContainerState, log: str, error: type[RunnerError], said: str) -> None:
    raised = failure(container(0, log, state))
    assert type(raised) is error
    assert said in raised.message
    assert raised.hint


def test_one_that_ended_in_the_last_moment_is_no_timeout() -> None:
    own = container(0)
    states = [ContainerState(status=ContainerStatus.RUNNING), exited(3)]
    own.state = lambda: states.pop(0) if len(states) > 1 else states[0]  # type: ignore[method-assign]
    with pytest.raises(ContainerExitedError, match="exit code 3"):
        wait_until_ready(own, Deadline(at=0, limit_s=1, clock=lambda: 0.0), ignore_progress)


def test_a_container_that_somebody_removed_is_told() -> None:
    own = container(0)
    own.gone = True
    assert failure(own).verdict == "container_removed"


class Waiting:
    """A clock that goes on only while somebody sleeps."""

    now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def sockets(*listening: tuple[str, int]) -> str:
    """Return what /proc/net/tcp says where something listens at these addresses."""
    hexadecimal = {"0.0.0.0": "00000000", "127.0.0.1": "0100007F"}
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    return head + "".join(
        f"   {number}: {hexadecimal[address]}:{port:04X} 00000000:0000 0A 00000000:00000000 00:00000000 00000000"
        f"     0        0 {number + 1} 1 0000000000000000 100 0 0 10 0\n"
        for number, (address, port) in enumerate(listening)
    )


ANY = "0.0.0.0"


@pytest.mark.parametrize(
    ("tables", "log", "verdict", "hint"),
    [
        (sockets((("127.0.0.1"), 7860)), "", "loopback_only", "server_name"),
        (sockets(("127.0.0.1", 8000)), "", "loopback_only", "server_name"),
        (sockets((ANY, 8501)), "", "wrong_port", "registry entry"),
        (sockets((ANY, 8501)), "KeyError: 'OPENAI_API_KEY'", "wrong_port", "registry entry"),
        (sockets(), "", "nothing_listens", "--startup-timeout"),
        (sockets((ANY, 7860)), "", "startup_timeout", "--startup-timeout"),
        ("", "", "startup_timeout", "--startup-timeout"),
    ],
)
def test_where_it_listens_instead_is_told(tables: str, log: str, verdict: str, hint: str) -> None:
    waiting = Waiting()
    own = started_container(Program(log=log, tables=tables), name="hfsr-x", port=0)
    with pytest.raises(NotReadyError) as caught:
        wait_until_ready(own, Deadline.after(12, waiting.clock), ignore_progress, sleep=waiting.sleep)
    assert caught.value.verdict == verdict
    assert hint in (caught.value.hint or "")


def test_its_own_port_open_to_itself_alone_is_not_waited_for() -> None:
    waiting = Waiting()
    own = started_container(Program(tables=sockets(("127.0.0.1", 7860))), name="hfsr-x", port=0)
    with pytest.raises(NotReadyError):
        wait_until_ready(own, Deadline.after(600, waiting.clock), ignore_progress, sleep=waiting.sleep)
    assert waiting.now < 10


def test_a_gradio_app_on_another_port_is_found(serve: Serve) -> None:
    server, waiting = serve(http(CONFIG)), Waiting()
    own = started_container(Program(tables=sockets((ANY, server.port))), name="hfsr-x", port=0)
    own.address = "127.0.0.1"
    with pytest.raises(ListensElsewhereError) as caught:
        wait_until_ready(own, Deadline.after(600, waiting.clock), ignore_progress, sleep=waiting.sleep)
    assert caught.value.port == server.port
    assert f"port: {server.port}" in (caught.value.hint or "")


def test_a_child_that_ran_out_of_memory_is_named() -> None:
    waiting = Waiting()
    own = started_container(Program(oom=True), name="hfsr-x", port=0)
    with pytest.raises(StartupTimeoutError) as caught:
        wait_until_ready(own, Deadline.after(5, waiting.clock), ignore_progress, sleep=waiting.sleep)
    assert caught.value.verdict == "child_out_of_memory"
    assert "--memory" in (caught.value.hint or "")


@pytest.mark.parametrize(("code", "signal"), [(137, "SIGKILL"), (143, "SIGTERM")])
def test_one_that_somebody_ended_is_told_apart(code: int, signal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_LONGEST_STOP_S", 0.0)
    raised = failure(container(0, state=exited(code)))
    assert raised.verdict == "ended_from_outside"
    assert signal in raised.message


def test_an_engine_that_stops_ends_its_containers_first() -> None:
    own = container(0, state=exited(143))
    answers = iter([own.state(), own.state(), own.state()])

    def state() -> ContainerState:
        for answer in answers:
            return answer
        raise EngineUnavailableError("it is gone")

    own.state = state  # type: ignore[method-assign]
    assert failure(own).exit_code == 4

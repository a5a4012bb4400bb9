"""A recording server sees all that any caller sends: nothing of the user's is in it that the user did not give."""

import json
import re
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import requests
from websockets.exceptions import WebSocketException
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.calling.http_api.http import HttpCaller
from hf_spaces_runner.calling.http_api.openai import OpenAiCaller
from hf_spaces_runner.calling.http_api.openapi import OpenApiCaller
from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.orchestrator.http_get import NotReadyYet
from hf_spaces_runner.orchestrator.probe import probe
from tests.one_call import call_once
from tests.unit.calling.fake_space import (
    FILE,
    Answerer,
    answer_json,
    completed,
    config,
    event,
    fake_space,
    info,
    start_events,
)

pytestmark = pytest.mark.network

TOKEN = "hf_SavedTokenOfTheUser"  # noqa: S105 - made up
PASSWORD = "NetrcPasswordOfTheUser"  # noqa: S105 - likewise
COOKIE = "CookieOfTheUser"
PROXY = "ProxyPasswordOfTheUser"


class Recorder:
    """Passes all bytes on to a server, and keeps those that a caller sends."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self.heard = bytearray()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                caller, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._target_port))
                for source, target, keeps in ((caller, server, True), (server, caller, False)):
                    threading.Thread(target=self._pass_on, args=(source, target, keeps), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, keeps: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                if keeps:
                    self.heard += piece
                target.sendall(piece)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        self._server.close()


@pytest.fixture(autouse=True)
def _users_own(private_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the user all that other programs would send without being asked."""
    (private_home / ".netrc").write_text(f"machine 127.0.0.1 login netrc-user password {PASSWORD}\n")
    (private_home / ".netrc").chmod(0o600)
    for folder in (private_home / ".cache" / "huggingface", private_home / "hf"):
        folder.mkdir(parents=True)
        (folder / "token").write_text(TOKEN)
        (folder / "cookies.txt").write_text(COOKIE)
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"):
        monkeypatch.setenv(name, TOKEN)
    monkeypatch.setenv("HF_HOME", str(private_home / "hf"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(private_home / "hf" / "token"))
    monkeypatch.setenv("NETRC", str(private_home / ".netrc"))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://proxy-user:{PROXY}@127.0.0.1:9")
    monkeypatch.setenv("USER", "login-name-of-the-user")
    monkeypatch.setenv("LOGNAME", "login-name-of-the-user")


Serving = Callable[[], AbstractContextManager[int]]
TEXT_BODY = {"schema": {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}}
OPERATION = {
    "requestBody": {"content": {"application/json": TEXT_BODY}},
    "responses": {"200": {"description": "said"}},
}
DESCRIPTION = {"openapi": "3.1.0", "paths": {"/say": {"post": OPERATION}}}
WITH_FILE = info()
WITH_FILE["named_endpoints"]["/predict"]["parameters"].append(
    {"label": "File", "parameter_name": "file", "parameter_has_default": False, "type": FILE, "component": "File"}
)


def described(**more: Any) -> dict[str, object]:
    """Return the configuration of an app that takes a text and a file."""
    own = config(**more)
    own["components"].append({"id": 9, "type": "file", "props": {}, "skip_api": False})
    own["dependencies"][0]["inputs"] = [0, 9]
    return own


@contextmanager
def fake(answers: Mapping[str, Answerer], **more: Any) -> Iterator[int]:
    with fake_space(get_config=answer_json(described(**more)), get_info=answer_json(WITH_FILE)) as space:
        space.answers.update(answers)
        yield int(space.base_url.rpartition(":")[2])


def early_queue(handler: BaseHTTPRequestHandler) -> None:
    start_events(handler)
    handler.wfile.write(event({"msg": "send_data"}) + event(completed("said")))


UNMASKED: list[str] = []
"""What came over a websocket, whose bytes are masked on their way (RFC 6455, section 5.3)."""


@contextmanager
def gradio_3() -> Iterator[int]:
    pages = {"/config": described(version="3.50.2", protocol=None, api_prefix=""), "/info": WITH_FILE}

    def answer(connection: ServerConnection, request: Request) -> Response | None:
        if request.path not in pages:
            return None
        return connection.respond(HTTPStatus.OK, json.dumps(pages[request.path]))

    def talk(connection: ServerConnection) -> None:
        with suppress(WebSocketException):
            for message in ({"msg": "send_hash"}, {"msg": "send_data"}):
                connection.send(json.dumps(message))
                UNMASKED.append(str(connection.recv()))
            connection.send(json.dumps(completed("said")))

    with serve(talk, "127.0.0.1", 0, process_request=answer, compression=None) as running:
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield int(running.socket.getsockname()[1])
        running.shutdown()
        thread.join()


CHAT = answer_json({"choices": [{"message": {"content": "said"}}]})
MODELS = answer_json({"data": [{"id": "m"}]})
EARLY = {"GET /queue/join": early_queue, "POST /queue/data": answer_json({}), "POST /upload": answer_json(["x"])}
WAYS: dict[str, tuple[Caller, Serving, str]] = {
    "queue": (GradioCaller(), lambda: fake({}), "/queue/data?session_hash="),
    "directly": (GradioCaller(), lambda: fake({}, is_space=False), "POST /gradio_api/run/predict"),
    "early queue": (
        GradioCaller(),
        lambda: fake({**EARLY, "GET /info": answer_json(WITH_FILE)}, protocol="sse", api_prefix=""),
        "POST /queue/data",
    ),
    "websocket": (GradioCaller(), gradio_3, "Upgrade: websocket"),
    "http": (
        HttpCaller(Api(kind=ApiKind.HTTP)),
        lambda: fake({"POST /api/generate": answer_json({"generated_text": "said"})}),
        "POST /api/generate",
    ),
    "openapi": (
        OpenApiCaller(),
        lambda: fake({"GET /openapi.json": answer_json(DESCRIPTION), "POST /say": answer_json("said")}),
        "POST /say",
    ),
    "openai": (
        OpenAiCaller(),
        lambda: fake({"GET /v1/models": MODELS, "POST /v1/chat/completions": CHAT}),
        "POST /v1/chat/completions",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_the_users_is_sent(way: str, tmp_path: Path, private_home: Path) -> None:
    caller, serving, reached = WAYS[way]
    given = tmp_path / "given.txt"
    given.write_text("content of the file")
    takes_file = isinstance(caller, GradioCaller) and way != "websocket"
    inputs = (InputValue(path=given),) if takes_file else (InputValue(name="file", value=None),)
    with serving() as port:
        recorder = Recorder(port)
        call = Call(prompt="the prompt", inputs=inputs if isinstance(caller, GradioCaller) else ())
        deadline = Deadline.after(30, time.monotonic)
        answer = call_once(caller, f"http://127.0.0.1:{recorder.port}", call, tmp_path, deadline)
        recorder.close()
    heard = recorder.heard.decode("utf-8", "replace") + "".join(UNMASKED)
    assert answer.outputs[0].value in ("said", "direct")
    assert reached in heard
    assert "the prompt" in heard
    assert ("content of the file" in heard) is takes_file
    assert not seen_of_the_user(private_home, tmp_path, heard)


def test_nothing_of_the_users_is_sent_to_find_out_what_it_speaks(private_home: Path, tmp_path: Path) -> None:
    with fake({"GET /config": answer_json({}, 404)}) as port:
        recorder = Recorder(port)
        with pytest.raises(NotReadyYet):
            probe(recorder.port, Api(), 10)
        recorder.close()
    heard = recorder.heard.decode()
    assert heard.count("GET /") == 5
    assert not seen_of_the_user(private_home, tmp_path, heard)


def test_the_recorder_would_have_seen_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name)
    with fake({}) as port:
        recorder = Recorder(port)
        requests.get(f"http://127.0.0.1:{recorder.port}/config", timeout=10)  # which sends what .netrc has
        recorder.close()
    assert b64encode(f"netrc-user:{PASSWORD}".encode()) in recorder.heard


def seen_of_the_user(home: Path, folder: Path, heard: str) -> list[str]:
    # The websocket's key is random, and a machine's name may be two letters long.
    said = re.sub(r"(?i)sec-websocket-key:[^\r\n]*", "", heard).casefold()
    name = socket.gethostname().casefold()
    named = [name] if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) else []
    return [word for word in of_the_user(home, folder) if word.casefold() in said] + named


def of_the_user(home: Path, folder: Path) -> list[str]:
    """Return what must not be seen, as it is and as logins carry it."""
    plain = [TOKEN, PASSWORD, COOKIE, PROXY, "netrc-user", "proxy-user", "login-name-of-the-user"]
    logins = [f"netrc-user:{PASSWORD}", f"proxy-user:{PROXY}"]
    return [*plain, str(home), str(folder), *(b64encode(login.encode()).decode() for login in logins), "authorization"]

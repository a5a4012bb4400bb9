"""Models are listed and fetched over loopback, by the Hub's own library, into a cache of the test's own."""

import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from huggingface_hub import constants

from hf_spaces_runner.domain.progress import Phase, Progress
from hf_spaces_runner.errors import HubError, NoSpaceLeftError
from hf_spaces_runner.hub import model_files
from hf_spaces_runner.hub.model_files import ModelRepository
from hf_spaces_runner.local_models.folder import find_folder
from hf_spaces_runner.planning.model_files import ModelFile, wanted_files

pytestmark = pytest.mark.network

SHA = "0123456789abcdef0123456789abcdef01234567"
CONTENTS = {
    "config.json": b'{"model_type": "smollm3"}',
    "tokenizer.json": b"{}",
    "model.safetensors": b"w" * 100_000,
    "pytorch_model.bin": b"p" * 10,
    "evil.py": b"raise SystemExit\n",
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        self.server.seen.append((f"{self.command} {self.path.partition('?')[0]}", self.headers.get("authorization")))
        if self.path.startswith("/api/models/user/name"):
            siblings = [{"rfilename": name, "size": len(content)} for name, content in CONTENTS.items()]
            self._answer(json.dumps({"_id": "0" * 24, "id": "user/name", "sha": SHA, "siblings": siblings}).encode())
            return
        content = CONTENTS.get(self.path.rpartition("/")[2])
        if not self.path.startswith("/user/name/resolve/") or content is None:
            self._answer(b"", 404, {"X-Error-Code": "RepoNotFound"})
            return
        self._answer(content, headers={"ETag": f'"{len(content)}"', "X-Repo-Commit": SHA})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, content: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        if self.command == "GET" and self.server.gives_less:
            content = content[:10]
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[tuple[str, str | None]] = []
        self.gives_less = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    # The library reads its environment when it is loaded.
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    with _Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_the_files_of_a_model_are_listed_with_their_sizes(hub: _Server) -> None:
    found = ModelRepository("user/name", hub.url).files()
    assert {file.name: file.size_bytes for file in found} == {name: len(told) for name, told in CONTENTS.items()}


def test_what_is_wanted_is_fetched_told_and_found(hub: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    repository = ModelRepository("user/name", hub.url)
    files = wanted_files("user/name", repository.files())
    assert find_folder("user/name") is None
    heard: list[Progress] = []
    repository.fetch(files, heard.append)
    folder = find_folder("user/name")
    assert folder is not None
    names = {"config.json", "tokenizer.json", "model.safetensors"}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {name: CONTENTS[name] for name in names}
    total = sum(len(CONTENTS[name]) for name in names)
    assert {(item.phase, item.total, item.unit) for item in heard} == {(Phase.PULL, total, "bytes")}
    completed = [item.completed or 0 for item in heard]
    assert completed == sorted(completed)
    assert completed[-1] == total
    assert heard[-1].done
    assert all(token is None for _, token in hub.seen)


def test_what_is_here_is_not_fetched_again(hub: _Server) -> None:
    repository = ModelRepository("user/name", hub.url)
    files = wanted_files("user/name", repository.files())
    repository.fetch(files, lambda _: None)
    hub.seen.clear()
    repository.fetch(files, lambda _: None)
    assert not [what for what, _ in hub.seen if what.startswith("GET")]


def test_a_model_that_is_not_there_is_told(hub: _Server) -> None:
    with pytest.raises(HubError, match=r"fetching config\.json of the model user/other"):
        ModelRepository("user/other", hub.url).fetch([ModelFile(name="config.json", size_bytes=1)], lambda _: None)
    with pytest.raises(HubError, match="looking up the model user/other"):
        ModelRepository("user/other", hub.url).files()


def test_without_room_nothing_is_fetched(hub: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_files, "_RESERVE_BYTES", 2**60)
    with pytest.raises(NoSpaceLeftError, match="the model takes 5 B"):
        ModelRepository("user/name", hub.url).fetch([ModelFile(name="config.json", size_bytes=5)], lambda _: None)
    assert hub.seen == []


def test_a_file_that_comes_out_too_short_is_not_kept(hub: _Server) -> None:
    hub.gives_less = True
    with pytest.raises(HubError, match=r"fetching config\.json of the model user/name failed"):
        ModelRepository("user/name", hub.url).fetch([ModelFile(name="config.json", size_bytes=25)], lambda _: None)
    assert find_folder("user/name") is None


def test_a_cache_that_cannot_be_written_is_told(hub: _Server, tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(HubError, match=r"fetching config\.json of the model user/name failed: Not a directory"):
        ModelRepository("user/name", hub.url).fetch([ModelFile(name="config.json", size_bytes=25)], lambda _: None)

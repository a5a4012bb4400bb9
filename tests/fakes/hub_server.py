"""A server on loopback that speaks the Hub's API as far as we use it, with the faults that the Hub may have.

Its shapes are those that huggingface_hub 2.4 parses and documents; tests/unit/hub/test_hub_server.py holds it to them.

    with HubServer.running() as hub:
        hub.add("user/name", title="A name", tags=["audio"])
        subprocess.run([...], env={"HF_ENDPOINT": hub.url, ...})
        assert hub.paths == ["/api/spaces/user/name"]
"""

import json
import re
import ssl
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.fakes.hub_repository import HubRepository

SHA = "0123456789abcdef0123456789abcdef01234567"
_CHUNK = b" " * 2**20
_DEFAULTS = ("_id", "id", "author", "likes", "private", "sdk", "tags", "createdAt")
_FULL = (*_DEFAULTS, "cardData", "lastModified", "models", "sha", "subdomain", "runtime")
_SEARCHED = ("id", "author", "title", "emoji", "sdk", "likes", "private", "tags", "runtime", "ai_short_description")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it came; header names in lower case."""

    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """An answer that stands in for the right one.

    `status` with `headers` and `body` is sent as it is; `body` None sends the Hub's own error object. With `endless`,
    `body` is followed by blanks, up to 100 MB. `slow` answers nothing until the server ends; `broken` hangs up.
    """

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    endless: bool = False
    slow: bool = False
    broken: bool = False


class HubServer:
    """A Hub. The catalogue may be changed at any time; `add` before, `spaces[id].update(...)` after.

    Switches: `fail` (the next answers are faults), `faults` (a path always is), `semantic_search`, `page_size`.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.spaces: dict[str, dict[str, Any]] = {}
        self.models: dict[str, str | None] = {}
        self.datasets: set[str] = set()
        self.repositories: dict[str, HubRepository] = {}
        self.raw_items: list[object] = []  # stand before the Spaces of each list
        self.requests: list[Seen] = []
        self.faults: dict[str, Fault] = {}
        self.semantic_search = True
        self.page_size = 1000
        self.over = threading.Event()
        self._next_faults: deque[Fault] = deque()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.hub = self
        self._scheme = "http" if certificate is None else "https"
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)

    @classmethod
    @contextmanager
    def running(cls, certificate: Path | None = None) -> Iterator[Self]:
        """Answer requests until the block ends, over TLS with the key and certificate of a file."""
        hub = cls(certificate)
        thread = threading.Thread(target=hub._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            hub.over.set()
            hub._server.shutdown()
            hub._server.server_close()
            thread.join()

    @property
    def url(self) -> str:
        """What HF_ENDPOINT is to be."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for, in order."""
        return [seen.path for seen in self.requests]

    def add(
        self,
        space_id: str,
        *,
        title: str | None = None,
        short_description: str | None = None,
        ai_short_description: str | None = None,
        ai_category: str | None = None,
        subdomain: str | None = None,
        sdk: str = "gradio",
        stage: str = "RUNNING",
        sha: str = SHA,
        likes: int = 0,
        tags: Sequence[str] = (),
        models: Sequence[str] = (),
        hardware: str | None = "cpu-basic",
        **card: object,
    ) -> dict[str, Any]:
        """Put a Space into the catalogue and return it as the Hub would describe it; `card` is more front matter."""
        author, _, name = space_id.partition("/")
        space = {
            "_id": f"{len(self.spaces):024x}",
            "id": space_id,
            "author": author,
            "title": title or name,
            "emoji": "🚀",
            "sdk": sdk,
            "sha": sha,
            "subdomain": subdomain or re.sub(r"[/_.]", "-", space_id.lower()),
            "likes": likes,
            "private": False,
            "createdAt": "2025-01-02T03:04:05.000Z",
            "lastModified": "2025-02-03T04:05:06.000Z",
            "tags": [sdk, *tags, "region:us"],
            "models": list(models),
            "runtime": {
                "stage": stage,
                "hardware": {"current": hardware, "requested": hardware},
                "storage": None,
                "gcTimeout": 172_800,
                "replicas": {"current": 1, "requested": 1},
            },
            "cardData": {
                "title": title or name,
                "sdk": sdk,
                **({"short_description": short_description} if short_description else {}),
                **({"tags": list(tags)} if tags else {}),
                **({"models": list(models)} if models else {}),
                **card,
            },
            "ai_short_description": ai_short_description,
            "ai_category": ai_category,
            "trendingScore": 0,
        }
        self.spaces[space_id] = space
        return space

    def fail(self, *faults: Fault, times: int = 1) -> None:
        """Let the next answers be `faults`, all of them `times` over, whatever is asked for."""
        self._next_faults.extend(faults * times)

    def answer(self, seen: Seen) -> Fault:
        """Return the answer to a request, as a fault or as the Hub would give it."""
        with self._lock:
            self.requests.append(seen)
            if self._next_faults:
                return self._next_faults.popleft()
        return self.faults.get(seen.path) or self._right_answer(seen)

    def _right_answer(self, seen: Seen) -> Fault:  # noqa: PLR0911 - a table of routes
        of_repository = self._of_repository(seen)
        if of_repository is not None:
            return of_repository
        kind, _, name = seen.path.removeprefix("/api/").partition("/")
        if kind == "spaces" and not name:
            return self._page(seen)
        if seen.path == "/api/spaces/semantic-search":
            return self._found(seen.query) if self.semantic_search else Fault(status=404)
        if kind == "spaces" and name in self.spaces:
            return _ok(_expanded(self.spaces[name], seen.query, _FULL))
        if kind == "models" and name in self.models:
            model = {"_id": "0" * 24, "id": name, "pipeline_tag": self.models[name]}
            return _ok(_expanded(model, seen.query, tuple(model)))
        if kind == "datasets" and name in self.datasets:
            return _ok({"_id": "0" * 24, "id": name})
        # Strangers get 401 for what does not exist, and for what is private.
        return Fault(status=401, headers={"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

    def _of_repository(self, seen: Seen) -> Fault | None:
        """Return the answer where a path names a repository of ours, or a file of it."""
        for space_id, repository in self.repositories.items():
            sent = None
            if seen.path.startswith(f"/api/spaces/{space_id}/"):
                query = {name: values[0] for name, values in seen.query.items()}
                sent = repository.api(seen.path.removeprefix(f"/api/spaces/{space_id}"), query, self.url + seen.path)
            elif seen.path.startswith(f"/spaces/{space_id}/resolve/"):
                revision, _, name = seen.path.removeprefix(f"/spaces/{space_id}/resolve/").partition("/")
                sent = repository.file(unquote(revision), unquote(name))
            elif seen.path.startswith(f"/cdn/{space_id}/"):
                sent = repository.large(seen.path.rpartition("/")[2])
            if sent is not None:
                away = sent.headers.get("Location")
                # Large files lie on another host than the Hub's.
                moved = {"Location": self.url.replace("127.0.0.1", "localhost") + away} if away else {}
                return Fault(status=sent.status, headers={**sent.headers, **moved}, body=sent.body)
        return None

    def _page(self, seen: Seen) -> Fault:
        query = seen.query
        wanted = [
            space
            for space in self.spaces.values()
            if all(tag in space["tags"] for tag in query.get("filter", ()))
            and all(text.lower() in f"{space['id']} {space['title']}".lower() for text in query.get("search", ()))
            and all(author == space["author"] for author in query.get("author", ()))
        ]
        for name in query.get("sort", ()):
            wanted.sort(key=lambda space, name=name: space[name], reverse=True)  # type: ignore[misc]
        start = int(query.get("cursor", ["0"])[0])
        size = min(int(query.get("limit", [str(self.page_size)])[0]), self.page_size)
        headers = {}
        if start + size < len(wanted):
            more = urlencode({**query, "cursor": start + size}, doseq=True)
            headers["Link"] = f'<{self.url}/api/spaces?{more}>; rel="next"'
        page = [_expanded(space, query, _DEFAULTS) for space in wanted[start : start + size]]
        return _ok([*self.raw_items, *page], headers)

    def _found(self, query: Mapping[str, Sequence[str]]) -> Fault:
        words = query["q"][0].lower().split()
        sdks = query.get("sdk", ())
        dead_too = query.get("includeNonRunning", ["false"])[0].lower() == "true"
        scored = []
        for space in self.spaces.values():
            told = " ".join(str(space[name]) for name in ("id", "title", "ai_short_description", "tags")).lower()
            score = sum(word in told for word in words) / len(words)
            runs = space["runtime"]["stage"].startswith("RUNNING")
            if score and (runs or dead_too) and (not sdks or space["sdk"] in sdks):
                extra = {"semanticRelevancyScore": score, "ai_category": space["ai_category"], "trendingScore": 0}
                scored.append({**{name: space[name] for name in _SEARCHED}, **extra})
        return _ok([*self.raw_items, *sorted(scored, key=lambda space: -space["semanticRelevancyScore"])])


def _ok(content: object, headers: Mapping[str, str] | None = None) -> Fault:
    return Fault(body=json.dumps(content).encode(), headers=headers or {})


def _expanded(item: Mapping[str, Any], query: Mapping[str, Sequence[str]], usual: Sequence[str]) -> dict[str, Any]:
    """Return the properties that `expand` or `full` ask for; `_id` and `id` always."""
    names = ("_id", "id", *query["expand"]) if "expand" in query else _FULL if "full" in query else usual
    return {name: item[name] for name in dict.fromkeys(names) if item.get(name) is not None}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    hub: HubServer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the acknowledgement of its headers
    server: _Server

    def do_GET(self) -> None:
        """Answer."""
        url = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = self.server.hub.answer(Seen(path=url.path, query=parse_qs(url.query), headers=headers))
        if answer.slow:
            self.server.hub.over.wait()
        if answer.slow or answer.broken:
            self.close_connection = True
            return
        body = answer.body if answer.body is not None else b'{"error": "The Hub says no."}'
        length = 100 * len(_CHUNK) if answer.endless else len(body)
        with suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command == "HEAD":
                return
            self.wfile.write(body)
            while answer.endless and length > len(body):
                self.wfile.write(_CHUNK)
                length -= len(_CHUNK)

    def do_HEAD(self) -> None:
        """Answer without the body."""
        self.do_GET()

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub_server() -> Iterator[HubServer]:
    """Return a Hub of the test's own, with no Spaces; the test is marked `network`."""
    with HubServer.running() as server:
        yield server

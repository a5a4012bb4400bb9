"""One kept-alive connection to a Space, which trusts nothing that comes back."""

import json
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import urlsplit

import httpx

from hf_spaces_runner import __version__
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.deadline_watch import DeadlineWatch
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.http_errors import http_errors, timeout_error
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.calling.server_words import server_words
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError

USER_AGENT = f"hf-spaces-runner/{__version__}"
_LEAST_TIMEOUT_S = 0.001
_HTTP_PORT, _HTTPS_PORT = 80, 443
_MAX_DETAIL = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer read to its end. `raw` is undecoded; `what` names the request for messages."""

    what: str
    status: int
    raw: bytes
    limits: AnswerLimits

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return httpx.codes.is_success(self.status)

    def json(self) -> object:
        """Return the decoded body.

        Raises:
            AnswerError: it is not JSON, or more than allowed.
        """
        return decode_json(self.raw, self.what, self.limits)

    @property
    def detail(self) -> str:
        """What the server says about an error, in one line; empty where it says nothing that can be read."""
        try:
            body = self.json()
        except AnswerError:
            body = self.raw[:_MAX_DETAIL].decode(errors="replace")
        return server_words(body)


class Connection:
    """A context manager around one httpx client, whose requests end with the deadline.

    No proxies, no cookies or credentials of the user's, no redirects, no compressed bodies, and no address but
    `base_url`'s. Cookies that the Space sets are kept for this connection: a login is one.

    Args:
        base_url: where the Space listens: `http://127.0.0.1:32768`.
        deadline: when all that goes over this connection must be done; `until` sets another.
        limits: how much a body may be.
        keep_alive: whether requests share a connection; one that the server closes meanwhile can fail the next of them.
        remote: how a Space is reached that is not on this machine; without it, no certificate is trusted.
    """

    def __init__(
        self,
        base_url: str,
        deadline: Deadline,
        limits: AnswerLimits,
        *,
        keep_alive: bool = True,
        remote: Remote | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.deadline = deadline
        self.limits = limits
        self.remote = remote
        self._own_headers = {} if remote is None else dict(remote.headers(self.base_url))
        self._watch = DeadlineWatch()
        self._watching = ExitStack()
        self._client = httpx.Client(
            # Loading the certificates of the system takes longer than a call; this context trusts nobody.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if remote is None else remote.trust,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_keepalive_connections=None if keep_alive else 0),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **self._own_headers},
        )

    def __enter__(self) -> Self:
        self._watching.enter_context(self._watch.until(self.deadline))
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self._watching.close()
        self._client.close()

    def until(self, deadline: Deadline) -> None:
        """Let what comes next be done by `deadline`."""
        self._watching.close()
        self.deadline = deadline
        self._watching.enter_context(self._watch.until(deadline))

    def authorize(self, credentials: str) -> None:
        """Send `credentials` as the header Authorization of all that comes next."""
        self._client.headers["Authorization"] = credentials

    def headers(self) -> dict[str, str]:
        """Return the headers for what does not go through here: the cookies that the Space has set, the Hub's token."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        return self._own_headers | ({"Cookie": cookies} if cookies else {})

    @contextmanager
    def own_socket(self) -> Iterator[socket.socket]:
        """Yield a socket to the Space, which is cut at the deadline as all else is; its other end is who it says."""
        address = urlsplit(self.base_url)
        host = address.hostname or ""
        port = address.port or (_HTTP_PORT if self.remote is None else _HTTPS_PORT)
        with socket.create_connection((host, port), timeout=self.deadline.remaining_s) as plain:
            if self.remote is None:
                self._watch.note(plain)
                yield plain
                return
            with self.remote.trust.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False) as secured:
                self._watch.note(secured)
                secured.do_handshake()
                yield secured

    def get(self, path: str) -> Reply:
        """Return the answer to `GET path`; raises as `stream` does."""
        with self.stream("GET", path) as response:
            return self.read(response, f"GET {path}")

    def post_json(self, path: str, value: object) -> Reply:
        """Return the answer to `POST path` with `value` as JSON; raises as `stream` does."""
        # Not httpx's `json=`: it fails on half characters and on NaN, which users and schemas do contain.
        return self._post(path, content=json.dumps(value).encode(), headers={"Content-Type": "application/json"})

    def post_form(self, path: str, form: bytes) -> Reply:
        """Return the answer to `POST path` with `form`, already encoded; raises as `stream` does."""
        return self._post(path, content=form, headers={"Content-Type": "application/x-www-form-urlencoded"})

    def post_file(self, path: str, name: str, file: BinaryIO) -> Reply:
        """Return the answer to `POST path` with `file` as the form's field `files`; raises as `stream` does."""
        return self._post(path, files={"files": (name, file)})

    def _post(self, path: str, **body: Any) -> Reply:  # noqa: ANN401 - httpx's own
        with self.stream("POST", path, **body) as response:
            return self.read(response, f"POST {path}")

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | Sequence[str]] | None = None,
        **body: Any,  # noqa: ANN401 - as above
    ) -> Iterator[httpx.Response]:
        """Send a request, give the answer with its body still to be read by `chunks`, and close it at the end.

        Raises:
            CallTimeoutError: the deadline passed.
            CallError: the connection failed.
            AnswerError: it is a redirect or compressed.
        """
        what = f"{method} {one_line(path)}"
        if self.deadline.passed:
            raise timeout_error(what, self.deadline)
        with (
            http_errors(what, self.deadline),
            self._client.stream(
                method,
                f"{self.base_url}{path}",
                params=params,
                timeout=max(self.deadline.remaining_s, _LEAST_TIMEOUT_S),
                extensions={"trace": self._watch.trace},
                **body,
            ) as response,
        ):
            if httpx.codes.is_redirect(response.status_code):
                raise AnswerError(f"{what} answered with a redirect ({response.status_code}), which is not followed")
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise AnswerError(f"{what} answered compressed, which was not asked for")
            yield response

    def chunks(self, response: httpx.Response, what: str, limit_bytes: int) -> Iterator[bytes]:
        """Yield the body piece by piece, up to the deadline and to `limit_bytes`.

        Raises:
            CallTimeoutError: the deadline passed.
            AnswerError: the body is, or says that it is, larger.
        """
        too_large = AnswerError(f"{what} answered more than {format_size(limit_bytes)}")
        announced = response.headers.get("content-length", "")
        if announced.isascii() and announced.isdigit() and int(announced[:20]) > limit_bytes:
            raise too_large
        received = 0
        for chunk in response.iter_raw():
            received += len(chunk)
            if received > limit_bytes:
                raise too_large
            if self.deadline.passed:
                raise timeout_error(what, self.deadline)
            yield chunk
        if self.deadline.passed:
            # A body whose length nobody told ends as it should when the watch cuts it.
            raise timeout_error(what, self.deadline)

    def read(self, response: httpx.Response, what: str) -> Reply:
        """Return the answer with its body read to the end; raises as `chunks` does."""
        raw = bytearray()
        for chunk in self.chunks(response, what, self.limits.max_json_bytes):
            raw += chunk
        return Reply(what=what, status=response.status_code, raw=bytes(raw), limits=self.limits)

"""One kept-alive connection to a Space, which trusts nothing that comes back."""

import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx

from hf_spaces_runner import __version__
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.deadline_watch import DeadlineWatch
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.http_errors import http_errors, timeout_error
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError

_LEAST_TIMEOUT_S = 0.001


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
            return ""
        detail = body.get("detail") if isinstance(body, dict) else None
        if isinstance(detail, dict) and "error" in detail:
            detail = detail["error"]
        return one_line(detail if isinstance(detail, str) else "" if detail is None else str(detail))


class Connection:
    """A context manager around one httpx client that ends with the deadline.

    No proxies, no cookies or credentials of the user's, no redirects, no compressed bodies, and no address but
    `base_url`'s.

    Args:
        base_url: where the Space listens: `http://127.0.0.1:32768`.
        deadline: when all that goes over this connection must be done.
        limits: how much a body may be.
    """

    def __init__(self, base_url: str, deadline: Deadline, limits: AnswerLimits) -> None:
        self.base_url = base_url.rstrip("/")
        self.deadline = deadline
        self.limits = limits
        self._watch = DeadlineWatch(deadline)
        self._client = httpx.Client(
            # Loading the certificates of the system takes longer than a call; this context trusts nobody.
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            follow_redirects=False,
            headers={"User-Agent": f"hf-spaces-runner/{__version__}", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        self._watch.__enter__()
        self._client.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._watch.__exit__(kind, error, traceback)
        self._client.__exit__(kind, error, traceback)

    def get(self, path: str) -> Reply:
        """Return the answer to `GET path`; raises as `stream` does."""
        with self.stream("GET", path) as response:
            return self._read(response, f"GET {path}")

    def post_json(self, path: str, value: object) -> Reply:
        """Return the answer to `POST path` with `value` as JSON; raises as `stream` does."""
        # Not httpx's `json=`: it fails on half characters and on NaN, which users and schemas do contain.
        return self._post(path, content=json.dumps(value).encode(), headers={"Content-Type": "application/json"})

    def post_file(self, path: str, name: str, file: BinaryIO) -> Reply:
        """Return the answer to `POST path` with `file` as the form's field `files`; raises as `stream` does."""
        return self._post(path, files={"files": (name, file)})

    def _post(self, path: str, **body: Any) -> Reply:  # noqa: ANN401 - httpx's own
        with self.stream("POST", path, **body) as response:
            return self._read(response, f"POST {path}")

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
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

    def _read(self, response: httpx.Response, what: str) -> Reply:
        raw = bytearray()
        for chunk in self.chunks(response, what, self.limits.max_json_bytes):
            raw += chunk
        return Reply(what=what, status=response.status_code, raw=bytes(raw), limits=self.limits)

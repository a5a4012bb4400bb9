"""Sends what huggingface_hub's InferenceClient wants sent: to one address, bounded, with no token but the given one.

The library has one HTTP client for the whole process. It follows redirects, waits for ever, reads without a bound, and
tells what is installed here. A client of ours takes that one's place; it leaves everything as it was but for requests
made inside `Exchange.open` (as `hub/inquiry.py` does for questions to the Hub, and beside that).
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from huggingface_hub import get_session, set_client_factory

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connection import USER_AGENT
from hf_spaces_runner.calling.deadline_watch import DeadlineWatch
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.http_errors import timeout_error
from hf_spaces_runner.calling.server_words import server_words
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError, CallError
from hf_spaces_runner.hub.http_library import httpx
from hf_spaces_runner.planning.cloud_token import may_see_token

_EVENTS = "text/event-stream"
_MAX_ERROR_BYTES = 64 * 1024
_MAX_LINE_BYTES = 1024**2
"""An event holds a few words, and the library reads it unchecked: what its JSON may weigh is bounded by this."""
_LEAST_TIMEOUT_S = 0.001
_BAD_REQUEST, _REDIRECT = 400, 300

_open: ContextVar["Exchange | None"] = ContextVar("_open", default=None)


@dataclass(kw_only=True)
class Exchange:
    """One question to one address, and the events of its answer.

    Args:
        url: the one address that is asked.
        who: who is asked, for people.
        token: goes along where `url` may see it.
        trust: checks the certificate.
        deadline: when all of it must be done.
        limits: how much the answer may be.
    """

    url: str
    who: str
    token: Secret
    trust: ssl.SSLContext
    deadline: Deadline
    limits: AnswerLimits
    _watch: DeadlineWatch = field(default_factory=DeadlineWatch, init=False, repr=False)
    _client: "httpx.Client" = field(init=False, repr=False)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the library's requests inside the block made by us."""
        _take_the_librarys_place()
        mark = _open.set(self)
        try:
            with (
                self._watch.until(self.deadline),
                httpx.Client(verify=self.trust, trust_env=False, follow_redirects=False) as self._client,
            ):
                yield
        finally:
            _open.reset(mark)

    def send(self, request: "httpx.Request") -> "httpx.Response":
        """Return the answer to `request`: its events still to be read, or what the server says of a failure.

        Raises:
            CallTimeoutError: the deadline passed.
            CallError: the library asks somebody else.
            AnswerError: it is a redirect, or neither events nor a failure.
        """
        if str(request.url) != self.url or request.method != "POST" or not may_see_token(self.url):
            raise CallError(
                f"{self.who}: huggingface_hub asks {one_line(request.url.host)} instead of the router",
                verdict="refused",
                hint="report this with the version of huggingface_hub (pip show huggingface_hub)",
            )
        if self.deadline.passed:
            raise timeout_error(self.who, self.deadline)
        own = self._client.build_request(
            "POST",
            self.url,
            content=request.read(),
            headers={
                "Accept": _EVENTS,
                "Accept-Encoding": "identity",
                "Authorization": f"Bearer {self.token.reveal()}",
                "Content-Type": "application/json",
                "User-Agent": USER_AGENT,
            },
            timeout=max(self.deadline.remaining_s, _LEAST_TIMEOUT_S),
            extensions={"trace": self._watch.trace},
        )
        response = self._client.send(own, stream=True)
        try:
            return self._checked(response, request)
        except BaseException:
            response.close()
            raise

    def _checked(self, response: "httpx.Response", request: "httpx.Request") -> "httpx.Response":
        status = response.status_code
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise AnswerError(f"{self.who} answered compressed, which was not asked for")
        if status >= _BAD_REQUEST:
            said = self._words_of(response)
            response.close()
            # Headers are left out: the library prints some of them, and quotes others.
            return httpx.Response(status, json={"error": said}, request=request)
        if status >= _REDIRECT:
            raise AnswerError(f"{self.who} leads elsewhere ({status}), which is not followed", verdict="redirect")
        type_ = response.headers.get("content-type", "no type")
        if not type_.lower().startswith(_EVENTS):
            raise AnswerError(f"{self.who} answered {one_line(type_)}, no events")
        return httpx.Response(
            status, headers={"Content-Type": _EVENTS}, stream=_Bounded(self, response), request=request
        )

    def _words_of(self, response: "httpx.Response") -> str:
        raw = bytearray()
        for chunk in response.iter_raw():
            raw += chunk[:_MAX_ERROR_BYTES]
            if len(raw) >= _MAX_ERROR_BYTES or self.deadline.passed:
                break
        try:
            return server_words(decode_json(bytes(raw), self.who, self.limits))
        except AnswerError:
            return server_words(raw[:_MAX_ERROR_BYTES].decode(errors="replace"))


class _Bounded(httpx.SyncByteStream):
    """The events of an answer, up to the deadline and the limits."""

    def __init__(self, exchange: Exchange, response: "httpx.Response") -> None:
        self._exchange = exchange
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        own = self._exchange
        received = in_line = 0
        for chunk in self._response.iter_raw():
            received += len(chunk)
            in_line += len(chunk)
            if received > own.limits.max_stream_bytes or in_line > _MAX_LINE_BYTES:
                limit = _MAX_LINE_BYTES if in_line > _MAX_LINE_BYTES else own.limits.max_stream_bytes
                raise AnswerError(f"{own.who} answered more than {format_size(limit)}")
            if b"\n" in chunk:
                in_line = len(chunk) - chunk.rindex(b"\n") - 1
            if own.deadline.passed:
                break
            yield chunk
        if own.deadline.passed:
            # A body whose length nobody told ends as it should when the watch cuts it.
            raise timeout_error(own.who, own.deadline)

    def close(self) -> None:
        self._response.close()


def _take_the_librarys_place() -> None:
    was = get_session()
    if isinstance(was, _Marked):
        return
    # Read before the change, which closes it. Its own class stays below ours: it may be that of `hub/inquiry.py`.
    hooks, follow_redirects, timeout = was.event_hooks, was.follow_redirects, was.timeout
    others: dict[str, Any] = getattr(was, "own_options", {})

    class _Client(_Marked, type(was)):  # type: ignore[misc]
        def send(self, request: "httpx.Request", **options: Any) -> "httpx.Response":  # noqa: ANN401 - handed on
            exchange = _open.get()
            return super().send(request, **options) if exchange is None else exchange.send(request)

    set_client_factory(lambda: _Client(event_hooks=hooks, follow_redirects=follow_redirects, timeout=timeout, **others))


class _Marked:
    """The mark of the client that took the library's place."""

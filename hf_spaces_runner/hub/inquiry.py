"""Bounds what huggingface_hub does for one question: how often it asks, and how long it waits when it is told to.

The library has one HTTP client for the whole process, sleeps as long as a 429 says, and follows pages without an end.
A client of ours takes that one's place; it leaves everything as it was but for requests made inside `Inquiry.open`.
"""

import json
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import tenacity
from huggingface_hub import get_session, set_client_factory

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.hub.answers import Check, decode
from hf_spaces_runner.hub.http_library import httpx
from hf_spaces_runner.hub.hub_errors import NONSENSE, RATE_LIMITED, hub_error, hub_errors, verdict_of
from hf_spaces_runner.hub.line import Answer, Line
from hf_spaces_runner.hub.rate_limit import seconds_to_wait

_ATTEMPTS = 3
_FIRST_WAIT_S = 0.5
_UNSAID_WAIT_S = 5.0
_SHORTEST_WAIT_S = 1.0
_HEADERS_FOR_THE_LIBRARY = frozenset({"link", "x-error-code"})
"""The others it would print (X-HF-Warning), or has no use for."""

_QUESTIONS = re.compile(r"/api/(spaces|models|datasets)(/|$)")
"""The library has some of its own (api/agent-harnesses), and swallows what becomes of them."""

_open: ContextVar["Inquiry | None"] = ContextVar("_open", default=None)


@dataclass(kw_only=True)
class Inquiry:
    """One question to the Hub, which may take several requests.

    Args:
        line: the way to the Hub.
        doing: what the question is, as in `looking up user/name`.
        check: what the library is given of each answer.
        requests_left: how many requests it may take.
        wait_left_s: how long all waits that the Hub asks for may take together.
        on_wait: told the seconds before each of these waits.
        sleep: what stands in for `time.sleep`.
        follows_pages: whether the library is told where an answer goes on.
    """

    line: Line
    doing: str
    check: Check
    requests_left: int
    wait_left_s: float
    on_wait: Callable[[float], None]
    sleep: Callable[[float], None]
    follows_pages: bool = True

    @contextmanager
    def open(self) -> Iterator[None]:
        """Have the library's requests inside the block made by us. Raises HubError for whatever goes wrong in it."""
        take_the_librarys_place()
        token = _open.set(self)
        try:
            with hub_errors(self.doing, self.line.host):
                yield
        finally:
            _open.reset(token)

    def send(self, request: "httpx.Request") -> "httpx.Response":
        """Return the answer to `request`, checked; waits and tries again where that may help.

        Raises:
            HubError: here, and not later in the library, which would try again by itself.
        """
        with hub_errors(self.doing, self.line.host):
            if not _QUESTIONS.search(request.url.path):
                raise hub_error(NONSENSE, f"{request.url.path} is none of our questions")
            answer = self._patiently(request.url)
            content = _word(answer.body) if answer.status >= HTTPStatus.BAD_REQUEST else self.check(decode(answer.body))
        wanted = _HEADERS_FOR_THE_LIBRARY if self.follows_pages else _HEADERS_FOR_THE_LIBRARY - {"link"}
        kept = [(name, value) for name, value in answer.headers.items() if name.lower() in wanted]
        return httpx.Response(answer.status, headers=kept, json=content, request=request)

    def _patiently(self, url: "httpx.URL") -> Answer:
        while True:
            answer: Answer = self._retrying()(self._once, url)
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
                self._wait(seconds_to_wait(answer.headers))
            elif answer.is_a_fault or answer.leads_on:
                raise hub_error(verdict_of(answer.status), f"{self.line.host} answered {answer.status}")
            else:
                return answer

    def _retrying(self) -> tenacity.Retrying:
        return tenacity.Retrying(
            stop=tenacity.stop_after_attempt(_ATTEMPTS),
            # The random part keeps processes that failed together from coming back together.
            wait=tenacity.wait_exponential(multiplier=_FIRST_WAIT_S) + tenacity.wait_random(0, _FIRST_WAIT_S),
            retry=tenacity.retry_if_exception_type((httpx.ReadError, httpx.RemoteProtocolError))
            | tenacity.retry_if_result(lambda answer: answer.is_a_fault),
            retry_error_callback=lambda state: None if state.outcome is None else state.outcome.result(),
            sleep=self.sleep,
        )

    def _once(self, url: "httpx.URL") -> Answer:
        if self.requests_left <= 0:
            raise hub_error(NONSENSE, f"the answer of {self.line.host} has no end")
        self.requests_left -= 1
        return self.line.get(url)

    def _wait(self, asked_s: float | None) -> None:
        wait_s = max(_UNSAID_WAIT_S if asked_s is None else asked_s, _SHORTEST_WAIT_S)
        if wait_s > self.wait_left_s:
            raise hub_error(
                RATE_LIMITED,
                f"{self.line.host} allows no more requests for now",
                hint=f"try again in {format_duration(wait_s)}; --offline does without the Hub",
            )
        self.wait_left_s -= wait_s
        self.on_wait(wait_s)
        self.sleep(wait_s)


class _Client(httpx.Client):
    """The library's client: as it was, but for requests made inside an Inquiry.

    `own_options` are those that a class below it must hand on.
    """

    def __init__(self, *, trust: ssl.SSLContext | None, **options: Any) -> None:  # noqa: ANN401 - handed on as they are
        super().__init__(verify=True if trust is None else trust, **options)
        self.own_options = {"trust": trust}

    def send(self, request: "httpx.Request", **options: Any) -> "httpx.Response":  # noqa: ANN401 - handed on as it is
        inquiry = _open.get()
        return super().send(request, **options) if inquiry is None else inquiry.send(request)


def take_the_librarys_place(trust: ssl.SSLContext | None = None) -> None:
    """Have the library's requests made by a client of ours, which believes the certificates of `trust` where given."""
    was = get_session()
    if isinstance(was, _Client) and trust in {None, was.own_options["trust"]}:
        return
    # Read before the change, which closes it.
    hooks, follow_redirects, timeout = was.event_hooks, was.follow_redirects, was.timeout
    set_client_factory(
        lambda: _Client(trust=trust, event_hooks=hooks, follow_redirects=follow_redirects, timeout=timeout)
    )


def _word(body: bytes) -> dict[str, str]:
    """Return the Hub's own word for what is wrong, as one short line: the library puts it into its error."""
    with suppress(ValueError, RecursionError):
        said = json.loads(body)
        if isinstance(said, dict) and isinstance(said.get("error"), str):
            return {"error": one_line(said["error"])}
    return {}

"""Turns httpx's errors into ours: the one place that knows them."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError

_LOST = ("connection_lost", "the Space may have crashed: look at its last log lines")
_OURS = ("call", "look at the Space's address")

_HUNG_UP = ("Server disconnected", "peer closed")
"""How httpcore and h11 begin to say that a connection ended early; what else they say of it is a breach of HTTP."""

CONNECTION_ERRORS: dict[type[Exception], tuple[str, str]] = {
    httpx.NetworkError: _LOST,
    httpx.RemoteProtocolError: _LOST,
    httpx.ProxyError: _LOST,
    httpx.LocalProtocolError: _OURS,
    httpx.UnsupportedProtocol: _OURS,
    httpx.InvalidURL: _OURS,
    httpx.HTTPStatusError: _OURS,
}
"""Verdict and hint of what becomes a CallError."""

ANSWER_ERRORS: tuple[type[Exception], ...] = (httpx.DecodingError, httpx.TooManyRedirects)
"""What becomes an AnswerError."""

TIMEOUTS: tuple[type[Exception], ...] = (httpx.TimeoutException,)
"""What becomes a CallTimeoutError."""

BUGS: tuple[type[Exception], ...] = (httpx.StreamError, httpx.CookieConflict)
"""What only wrong use of httpx raises; it surfaces as the bug that it is."""


@contextmanager
def http_errors(what: str, deadline: Deadline) -> Iterator[None]:
    """Raise what httpx says about the request `what` (`GET /config`) as an error of ours.

    Raises:
        CallTimeoutError: the deadline passed, whatever httpx called it.
        CallError: the connection failed.
        AnswerError: the answer cannot be decoded, or is not HTTP.
    """
    try:
        yield
    except TIMEOUTS as error:
        raise timeout_error(what, deadline) from error
    except ANSWER_ERRORS as error:
        raise AnswerError(f"{what} answered what cannot be decoded: {type(error).__name__}") from error
    except tuple(CONNECTION_ERRORS) as error:
        raise _connection_error(what, deadline, error) from error


def timeout_error(what: str, deadline: Deadline) -> CallTimeoutError:
    """Return the error for a request `what` that was not done at `deadline`."""
    return CallTimeoutError(f"{what} was not answered within {format_duration(deadline.limit_s)}")


def _connection_error(what: str, deadline: Deadline, error: Exception) -> RunnerError:
    if deadline.passed:  # the watch cut the connection
        return timeout_error(what, deadline)
    if isinstance(error, httpx.RemoteProtocolError) and not str(error).startswith(_HUNG_UP):
        return AnswerError(f"{what} answered something that is not HTTP: {one_line(str(error))}")
    verdict, hint = next(entry for kind, entry in CONNECTION_ERRORS.items() if isinstance(error, kind))
    return CallError(
        f"{what} failed: {type(error).__name__} {one_line(str(error))}".strip(), verdict=verdict, hint=hint
    )

import time

import httpx
import pytest

from hf_spaces_runner.calling.http_errors import ANSWER_ERRORS, BUGS, CONNECTION_ERRORS, TIMEOUTS, http_errors
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError

ALL = sorted(
    (kind for kind in vars(httpx).values() if isinstance(kind, type) and issubclass(kind, Exception)),
    key=lambda kind: kind.__name__,
)
ABSTRACT = {httpx.HTTPError, httpx.RequestError, httpx.TransportError, httpx.ProtocolError}
"""httpx never raises these themselves."""


def later() -> Deadline:
    return Deadline.after(60, time.monotonic)


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind not in ABSTRACT], ids=lambda kind: kind.__name__)
def test_each_error_of_httpx_has_its_place(kind: type[Exception]) -> None:
    tables = (tuple(CONNECTION_ERRORS), ANSWER_ERRORS, TIMEOUTS, BUGS)
    assert sum(issubclass(kind, table) for table in tables) == 1


def test_httpx_has_errors_at_all() -> None:
    assert len(ALL) > 20
    assert set(ALL) >= ABSTRACT


@pytest.mark.parametrize(
    ("raised", "expected", "verdict"),
    [
        (httpx.ReadTimeout("x"), CallTimeoutError, "call_timeout"),
        (httpx.ConnectError("refused"), CallError, "connection_lost"),
        (httpx.RemoteProtocolError("Server disconnected without a response."), CallError, "connection_lost"),
        (httpx.RemoteProtocolError("illegal status line: \x1b[31m" + "x" * 100_000), AnswerError, "unusable_answer"),
        (httpx.InvalidURL("x"), CallError, "call"),
        (httpx.DecodingError("x"), AnswerError, "unusable_answer"),
    ],
)
def test_the_error_says_which_request_failed(raised: Exception, expected: type[CallError], verdict: str) -> None:
    with pytest.raises(expected, match="GET /config") as caught, http_errors("GET /config", later()):
        raise raised
    assert caught.value.verdict == verdict
    assert caught.value.__cause__ is raised
    assert len(caught.value.message) < 300
    assert "\x1b" not in caught.value.message


def test_whatever_fails_after_the_deadline_is_a_timeout() -> None:
    now = [0.0]
    deadline = Deadline.after(5, lambda: now[0])
    now[0] = 6.0
    with pytest.raises(CallTimeoutError, match="within 5 s"), http_errors("GET /config", deadline):
        raise httpx.ReadError("cut")


def test_wrong_use_of_httpx_surfaces() -> None:
    with pytest.raises(httpx.StreamConsumed), http_errors("GET /config", later()):
        raise httpx.StreamConsumed

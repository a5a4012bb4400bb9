"""Turns the errors of huggingface_hub, and of the HTTP library below it, into ours: the one seam to them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import HubError
from hf_spaces_runner.hub.http_library import httpx

UNREACHABLE = "hub_unreachable"
RATE_LIMITED = "hub_rate_limited"
REFUSED = "hub_refused"
NONSENSE = "hub_nonsense"
FAILED = "hub_failed"
ABSENT = "hub_absent"
"""The last one: the Hub has no such thing, be it a Space or a route of its API."""

OFFLINE_HINT = "unset HF_HUB_OFFLINE to have the Hub asked"
HINTS = {
    UNREACHABLE: "check the network, the proxy (HTTPS_PROXY) and HF_ENDPOINT; HF_HUB_OFFLINE=1 does without the Hub",
    RATE_LIMITED: "wait a while; HF_HUB_OFFLINE=1 does without the Hub",
    REFUSED: "it may be private, gated, or not exist: the Hub tells strangers no more, and no token is sent to it",
    NONSENSE: "check HF_ENDPOINT, and whether a proxy or a login page of the network answers in the Hub's place",
    FAILED: "try again later (status.huggingface.co); HF_HUB_OFFLINE=1 does without the Hub",
    ABSENT: "look at https://huggingface.co/spaces whether it was renamed or removed, or is private",
}

BY_CLASS: tuple[tuple[type[Exception], str], ...] = (
    (OfflineModeIsEnabled, UNREACHABLE),
    (HFValidationError, ABSENT),  # the library refuses to ask for a name that the Hub cannot have
    (httpx.TimeoutException, UNREACHABLE),
    (httpx.NetworkError, UNREACHABLE),
    (httpx.ProxyError, UNREACHABLE),
    (httpx.RemoteProtocolError, NONSENSE),
    (httpx.DecodingError, NONSENSE),
    (httpx.TooManyRedirects, NONSENSE),
    # A Link header names the next page: what it says becomes a request.
    (httpx.InvalidURL, NONSENSE),
    (httpx.UnsupportedProtocol, NONSENSE),
    (httpx.LocalProtocolError, NONSENSE),
)
"""What each class means by itself; an answer with a status is told by that, see `verdict_of`."""

_BY_STATUS = {
    HTTPStatus.UNAUTHORIZED: REFUSED,
    HTTPStatus.FORBIDDEN: REFUSED,
    HTTPStatus.NOT_FOUND: ABSENT,
    HTTPStatus.METHOD_NOT_ALLOWED: ABSENT,
    HTTPStatus.GONE: ABSENT,
    HTTPStatus.NOT_IMPLEMENTED: ABSENT,
    HTTPStatus.TOO_MANY_REQUESTS: RATE_LIMITED,
}
_HUNG_UP = ("Server disconnected", "peer closed")
"""How httpcore and h11 begin to say that a connection ended early; what else they say of it is a breach of HTTP."""


@contextmanager
def hub_errors(doing: str, host: str) -> Iterator[None]:
    """Raise what the library raises inside the block as an error of ours.

    Args:
        doing: what the block does, as in `looking up user/name`.
        host: the name of the Hub's host, for the message.

    Raises:
        HubError: its verdict is one of those above.
    """
    try:
        yield
    except HubError as error:
        if not error.message.startswith(doing):  # what `line` and `answers` raise does not know what it was for
            error.message = f"{doing} failed: {error.message}"
        raise
    except HfHubHTTPError as error:
        said = one_line(getattr(error, "server_message", None) or "")
        status = error.response.status_code
        raise hub_error(
            verdict_of(status, error.response.headers.get("x-error-code")),
            f"{doing} failed: {host} answered {status}{f': {said}' if said else ''}",
        ) from error
    except tuple(kind for kind, _ in BY_CLASS) as error:
        raise _of_class(error, doing, host) from error


def hub_error(verdict: str, message: str, *, hint: str | None = None) -> HubError:
    """Return the error for `verdict`, with its hint unless `hint` is a better one."""
    return HubError(message, verdict=verdict, hint=hint or HINTS[verdict])


def verdict_of(status: int, error_code: str | None = None) -> str:
    """Return what a status means that is not a success.

    The Hub answers 401 to strangers for repositories that do not exist as well; its header X-Error-Code then says
    RepoNotFound (huggingface_hub, `hf_raise_for_status`).
    """
    if error_code == "RepoNotFound":
        return ABSENT
    for known, verdict in _BY_STATUS.items():
        if status == known:
            return verdict
    return FAILED if status >= HTTPStatus.BAD_REQUEST else NONSENSE


def _of_class(error: Exception, doing: str, host: str) -> HubError:
    verdict = next(verdict for kind, verdict in BY_CLASS if isinstance(error, kind))
    if isinstance(error, OfflineModeIsEnabled):
        return hub_error(verdict, f"{doing} failed: HF_HUB_OFFLINE is set", hint=OFFLINE_HINT)
    if isinstance(error, httpx.TimeoutException):
        return hub_error(verdict, f"{doing} failed: {host} did not answer in time")
    if isinstance(error, httpx.RemoteProtocolError) and str(error).startswith(_HUNG_UP):
        return hub_error(UNREACHABLE, f"{doing} failed: {host} closed the connection before its answer was complete")
    untrusted = _innermost(error, ssl.SSLError)
    if isinstance(untrusted, ssl.SSLError):
        why = getattr(untrusted, "verify_message", None) or untrusted.reason or "no TLS"
        return hub_error(
            verdict,
            f"{doing} failed: no trusted connection to {host}: {one_line(str(why))}",
            hint="name your network's CA certificates with the setting ca_bundle, or correct HF_ENDPOINT",
        )
    system = _innermost(error, OSError)
    why = system.strerror if isinstance(system, OSError) and system.strerror else str(error) or type(error).__name__
    return hub_error(verdict, f"{doing} failed: {host}: {one_line(str(why))}")


def _innermost(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kind):
        seen = seen.__cause__ or seen.__context__
    return seen
